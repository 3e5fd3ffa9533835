"""Versions that exist already: describe them, get their answers on data. Two of them: ``comparing``.

A version is named by a run (id or folder), a checkpoint file, or predictions (a folder of ours, or a CSV, Parquet or
``.npz`` file). Answers that exist are read; only what is missing is computed, and then kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint, check_content, has_our_header, read_checkpoint
from mpt_studio.compare.matching.class_map import kept_map
from mpt_studio.data import Dataset, describe
from mpt_studio.data.dataset import Indices, Part
from mpt_studio.data.index import PARTS
from mpt_studio.data.sources import spec_of
from mpt_studio.errors import UsageError, UserError, shown_name
from mpt_studio.files.kinds import TABLES
from mpt_studio.files.version_folder import is_version_folder
from mpt_studio.flips import ratio, wilson
from mpt_studio.jobs.images import open_data, skipped_file, skipped_sentence, write_skipped_to
from mpt_studio.jobs.read_weights import checkpoint_of, reading_of, refuse_choices, weights_in
from mpt_studio.jobs.session import Session
from mpt_studio.jobs.sharded import answered
from mpt_studio.predictions import Predictions, Scale, is_predictions, read_predictions, write_predictions
from mpt_studio.predictions.names import respelled, spelling
from mpt_studio.reading import NOTHING_CHOSEN, Choices, to_json
from mpt_studio.store import Run
from mpt_studio.store.run import save_predictions


def prepare_data(session: Session, spec: str) -> dict[str, Any]:
    """Decode data into the cache, so that opening them again is quick; returns what they are."""
    return images_described(session, open_data(session, spec))


def images_described(session: Session, dataset: Dataset) -> dict[str, Any]:
    """What the data are, and where the list of what was left out is."""
    listed = skipped_file(session.store, dataset)
    return {**describe(dataset), "skipped_file": str(listed) if listed.is_file() else ""}


def evaluate(
    session: Session,
    path: Path,
    spec: str,
    *,
    part: Part = "test",
    device: str = "auto",
    out: Path | None = None,
    choices: Choices = NOTHING_CHOSEN,
) -> tuple[Predictions, Path]:
    """A version's answers on data, and the folder that holds them (``out``, or the store's cache).

    ``choices`` complete what a foreign file does not say of itself.
    """
    dataset = open_data(session, spec)
    checkpoint = checkpoint_of(session, weights_in(path), choices, dataset.class_names)
    if dataset.skipped:
        session.progress(skipped_sentence(dataset, session.store), None)
    if not len(dataset.part(part)):
        raise UserError(f"The data {dataset.spec} have no {part} part; choose another one with --part.")
    if out is None:
        folder = predictions_folder(session, checkpoint, dataset, part, device)
    else:
        folder = _new_folder(out)  # before the work, not after it
        with _computed(session, checkpoint, dataset, part, device) as answers:
            write_predictions(answers, folder)
    return read_predictions(folder), folder


def _new_folder(path: Path) -> Path:
    folder = path.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be a folder for predictions ({error.strerror or error}).") from None
    return folder


def predictions_of(session: Session, checkpoint: Checkpoint, dataset: Dataset) -> Predictions:
    """A checkpoint's answers on the test part: read where they exist, else computed and kept in the store."""
    return read_predictions(predictions_folder(session, checkpoint, dataset))


def evaluated_again(session: Session, run: Run, folder: Path) -> str:
    """Answers of a run's version on a part of its data in the place of damaged ones. Raises ``UserError``."""
    if run.checkpoint is None or folder.name not in PARTS:
        raise UserError("there are no weights to compute them from.")
    dataset = open_data(session, run.recipe.data)
    if dataset.fingerprint != run.data_fingerprint:
        raise UserError(f"the data {run.recipe.data} have changed since.")
    checkpoint, device = checkpoint_of(session, run.checkpoint), run.recipe.training.device
    with _computed(session, checkpoint, dataset, folder.name, device) as answers:
        save_predictions(answers, folder)
    return "They were computed again from the weights."


def predictions_folder(
    session: Session,
    checkpoint: Checkpoint,
    dataset: Dataset,
    part: Part = "test",
    device: str = "auto",
) -> Path:
    """The folder with a checkpoint's answers on a part of the data; they are computed where they do not exist yet."""
    own = _of_own_run(session, checkpoint, dataset) if part == "test" else None
    if own is not None:
        return own
    kept, sha256 = session.store.evaluation_folder, checkpoint.sha256()
    folder = kept(sha256, dataset.part_fingerprint(part)) / part
    earlier = kept(sha256, dataset.fingerprint) / part  # where they were kept by the whole data's
    if is_predictions(earlier):
        return earlier
    if not is_predictions(folder):
        with _computed(session, checkpoint, dataset, part, device) as answers:
            save_predictions(answers, folder)
    return folder


def _of_own_run(session: Session, checkpoint: Checkpoint, dataset: Dataset) -> Path | None:
    run = run_of(session, checkpoint)
    folder = run.predictions("test") if run is not None else None
    return folder if folder is not None and is_of(read_predictions(folder), dataset) else None


def is_of(predictions: Predictions, dataset: Dataset, part: Part = "test") -> bool:
    """Whether predictions that tell where they come from are of a part of these data as it is now."""
    if predictions.part_fingerprint:
        return predictions.part_fingerprint == dataset.part_fingerprint(part)
    return predictions.data_fingerprint == dataset.fingerprint


def may_be_of(predictions: Predictions, dataset: Dataset) -> bool:
    """Whether predictions are of any part of these data, or do not tell where they come from."""
    return not predictions.data_fingerprint or any(is_of(predictions, dataset, part) for part in PARTS)


@contextmanager
def _computed(
    session: Session, checkpoint: Checkpoint, dataset: Dataset, part: Part, device: str
) -> Iterator[Predictions]:
    """Answers that are not known yet, by the session's workers where it has some; shards of them are deleted when the
    block ends well."""
    known = {spelling(name) for name in dataset.class_names}
    explained = kept_map(session.store.root, checkpoint.class_names, dataset.class_names)
    if not explained and not any(spelling(name) in known for name in checkpoint.class_names):
        raise UserError(f"{checkpoint.name} knows none of the classes of {dataset.spec}; choose other data.")
    from mpt_studio.engine.evaluate import evaluate

    with ExitStack() as shards:
        if session.workers:
            answers = shards.enter_context(answered(session, session.workers, checkpoint, dataset, part, device))
        else:
            answers = evaluate(checkpoint, dataset, dataset.part(part), device=device, progress=session.progress)
        yield tagged(answers, dataset, version=_version_name(session, checkpoint), part=part)


def tagged(
    answers: Predictions, dataset: Dataset, *, version: str, part: Part = "test", samples: Indices | None = None
) -> Predictions:
    """The same answers with a note of who answered and on which part of the data, or on which samples of it."""
    return dataclasses.replace(
        answers,
        data=f"{dataset.spec} {part}",
        data_fingerprint=dataset.fingerprint,
        part_fingerprint=dataset.part_fingerprint(part) if samples is None else dataset.fingerprint_of(samples),
        version=version,
    )


def run_of(session: Session, checkpoint: Checkpoint) -> Run | None:
    """The run in this store that a checkpoint is the version of."""
    try:
        run = session.store.run(checkpoint.run) if checkpoint.run else None
    except UserError:
        return None
    same = (
        run is not None and run.checkpoint is not None and run.checkpoint.resolve() == Path(checkpoint.path).resolve()
    )
    return run if same else None


def _version_name(session: Session, checkpoint: Checkpoint) -> str:
    run = run_of(session, checkpoint)
    return run.label if run else Path(checkpoint.name).stem


def accuracy_figures(predictions: Predictions) -> dict[str, Any]:
    """Accuracy of one version alone: on all samples, and on those of the classes that it knows ("own_classes").

    Samples without a label are in neither. Raises ``UserError`` where answers are not finite.
    """
    predictions.check_finite()
    position = {name: i for i, name in enumerate(predictions.label_names)}
    other = respelled(predictions.class_names, predictions.label_names)
    known = np.array([position.get(other.get(name, name), -1) for name in predictions.class_names])
    answers = known[predictions.predicted]
    labelled = np.asarray(predictions.labels) >= 0
    labels = predictions.labels[labelled]
    right = answers[labelled] == labels
    own = np.isin(labels, known[known >= 0])
    return {"all": _accuracy(right), "own_classes": _accuracy(right[own])}


def _accuracy(right: Any) -> dict[str, Any]:
    count, samples = int(right.sum()), int(right.size)
    return {"samples": samples, "accuracy": ratio(count, samples), "accuracy_ci95": wilson(count, samples)}


def named_predictions(session: Session, name: str, dataset: Dataset | None) -> Predictions:
    """The predictions of a run or a checkpoint by its name. Raises ``UserError``."""
    path = paths.named(name)
    if path.is_file() or is_version_folder(path):
        names = dataset.class_names if dataset is not None else ()
        return _of_checkpoint(session, checkpoint_of(session, path, data_classes=names), dataset)
    return _of_run(session, run_named(session, name), dataset)


def run_named(session: Session, name: str) -> Run:
    """A run by its id or its folder. Raises ``UserError``, for what can only be a path as for one."""
    path = paths.named(name)
    if not path.exists() and (path.suffix or len(path.parts) > 1):
        raise UserError(f"There is no file {path}.")
    return session.store.run(path.name if path.is_dir() else name)


def _of_run(session: Session, run: Run, dataset: Dataset | None) -> Predictions:
    folder = run.predictions("test")
    found = read_predictions(folder) if folder is not None else None
    if found is not None and (dataset is None or is_of(found, dataset)):
        return found
    if run.checkpoint is None:
        raise UserError(f"The run {run.id} ({run.outcome}) has no version yet; resume it first.")
    return _of_checkpoint(session, checkpoint_of(session, run.checkpoint), dataset)


def _of_checkpoint(session: Session, checkpoint: Checkpoint, dataset: Dataset | None) -> Predictions:
    run = run_of(session, checkpoint)
    if dataset is None and run is not None and run.predictions("test") is not None:
        return _of_run(session, run, None)
    if dataset is None:
        raise UserError(f"{checkpoint.name} has no predictions yet; name the data with --data.")
    return predictions_of(session, checkpoint, dataset)


def inspect(
    session: Session,
    path: Path,
    *,
    skipped: Path | None = None,
    choices: Choices = NOTHING_CHOSEN,
    scores: Scale | None = None,
) -> dict[str, Any]:
    """What a file or folder is: {"kind": "checkpoint" | "predictions" | "images", …}. Raises ``UserError``.

    ``skipped`` is where to write the list of images that were left out, of an image folder or a manifest.
    ``choices`` complete what a foreign file of weights does not say of itself, ``scores`` what a table does not. A
    checkpoint of ours is told by the fields of ``Checkpoint``, with "sha256" and "bytes"; a "version" from
    elsewhere by those of ``Reading``.
    """
    if skipped is not None and not _is_images(path):
        raise UserError(f"{path} is neither an image folder nor a manifest, so it has no list of skipped images.")
    if is_predictions(path):
        found = read_predictions(path, choices.class_names, session.progress, scores)
        return {
            "kind": "predictions",
            "path": str(path),
            "version": found.version,
            "data": found.data,
            "class_names": found.class_names,
            "samples": len(found),
            "scores": found.scores,
            "notes": found.notes,
            **accuracy_figures(found),
        }
    if scores:
        raise UsageError(f"{path} is no table of predictions, so it has no scores to speak of; leave --scores out.")
    if (path / "run.json").is_file():
        raise UserError(f"{path} is a run's folder; inspect a file in its checkpoints or its predictions/test.")
    if _is_images(path):
        dataset = open_data(session, spec_of(path))
        if skipped is not None:
            write_skipped_to(skipped, dataset)
        return {"kind": "images", **images_described(session, dataset)}
    if TABLES.fits(path) and path.is_file():
        raise UserError(_why_no_table(session, path))
    if not has_our_header(path):
        return {"kind": "version", **to_json(reading_of(session, path, choices))}
    refuse_choices(path, choices)
    checkpoint = read_checkpoint(path)
    check_content(path)
    return {"kind": "checkpoint", **asdict(checkpoint), "sha256": checkpoint.sha256(), "bytes": path.stat().st_size}


def _why_no_table(session: Session, path: Path) -> str:
    """Why a table holds neither predictions nor images."""
    reasons = []
    for read in (lambda: read_predictions(path), lambda: open_data(session, f"manifest:{path}")):
        try:
            read()
        except UserError as error:
            reasons.append(str(error).rstrip("."))
    return f"{shown_name(path)} is a table of neither predictions nor images: {'; '.join(reasons)}."


def _is_images(path: Path) -> bool:
    """Whether ``path`` holds images or lists them, by its looks."""
    if is_predictions(path) or is_version_folder(path):
        return False
    return bool(spec_of(path))
