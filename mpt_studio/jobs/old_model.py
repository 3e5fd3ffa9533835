"""The old model of a training: a version that is asked, or predictions; its classes as the data call them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import aligned_by_store
from mpt_studio.compare.matching.class_map import kept_map
from mpt_studio.compare.matching.doctor import diagnose
from mpt_studio.compare.matching.matching import match
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import PREDICTIONS
from mpt_studio.jobs.evaluating import predictions_folder
from mpt_studio.jobs.read_weights import checkpoint_of, content_sha256
from mpt_studio.jobs.session import Session
from mpt_studio.methods import Method, label_of
from mpt_studio.predictions import Predictions, is_predictions, read_predictions, with_truth
from mpt_studio.predictions.given import Given
from mpt_studio.recipe import Images
from mpt_studio.store import Store
from mpt_studio.store.run import save_predictions

OldModel = Checkpoint | Given
ONNX = "onnx"
"""Architecture of a version that can only be asked."""
Named = TypeVar("Named", bound=Checkpoint | Given | Predictions)


def old_model(session: Session, path: Path, dataset: Dataset) -> OldModel:
    """The old model in a file or folder: weights of any origin, an ONNX graph, or its answers to all of the data.

    Its classes are in its own words. Raises ``UserError``, also where an image of the data has no answer.
    """
    if not (PREDICTIONS.fits(path) or is_predictions(path)):
        return checkpoint_of(session, path, data_classes=dataset.class_names)
    answers = with_truth(read_predictions(path, progress=session.progress), dataset)
    names_on_data(answers.class_names, dataset, session.store)  # what it has to say, it says first
    given = Given(path.name, answers.class_names, answers, _rows(answers, dataset, session.store))
    given.refuse_gaps(dataset)
    return given


def _rows(answers: Predictions, dataset: Dataset, store: Store) -> npt.NDArray[np.int64]:
    """(N,) row of each of the data's samples in the answers, −1 without; matched as a comparison matches them."""
    truth = Predictions(
        sample_ids=dataset.sample_ids,
        labels=dataset.labels.astype(np.int64),
        label_names=dataset.class_names,
        logits=np.zeros((len(dataset), 0), np.float32),
        class_names=dataset.class_names,
        version=f"the data {dataset.spec}",
        scores="answers",
        answers=dataset.labels.astype(np.int64),
    )
    found, _ = match(*aligned_by_store(answers, truth, store.root))
    rows = np.full(len(dataset), -1, dtype=np.int64)
    rows[slice(None) if found.new is None else found.new] = np.arange(len(answers)) if found.old is None else found.old
    return rows


def old_answers_folder(session: Session, old: OldModel, path: Path, dataset: Dataset) -> Path:
    """The folder with the old model's answers on the test part; they are put there where they are not yet."""
    if isinstance(old, Checkpoint):
        return predictions_folder(session, old, dataset)
    sha256 = _sha256_of(path)
    said = hashlib.sha256(repr((sha256, old.answers.class_names, old.answers.scores)).encode()).hexdigest()
    folder = session.store.evaluation_folder(said, dataset.part_fingerprint("test")) / "test"
    if not is_predictions(folder):
        save_predictions(old.on(dataset, "test", sha256), folder)
    return folder


def old_answers(session: Session, path: Path, dataset: Dataset) -> Predictions:
    """What the old model answers on the test part, its classes in its own words. Raises ``UserError``."""
    return read_predictions(old_answers_folder(session, old_model(session, path, dataset), path, dataset))


def _sha256_of(path: Path) -> str:
    """Of a file, or of a folder's files with their names. Raises ``UserError``."""
    if not path.is_dir():
        return content_sha256(path)
    files = sorted(entry for entry in path.iterdir() if entry.is_file())
    told = "".join(f"{content_sha256(entry)}  {entry.name}\n" for entry in files)
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


def check_methods(old: OldModel, methods: Iterable[Method], images: Images) -> None:
    """Raise ``UserError`` for the first method that asks more of the old model than it can tell."""
    for method in methods:
        why = _why_not(old, method, images)
        if why:
            raise UserError(f"{label_of(method)} {why}")


def _why_not(old: OldModel, method: Method, images: Images) -> str:
    """The end of a sentence; empty where the method can do with such an old model."""
    if (method.from_old or method.interpolates) and (lacks := _without_weights(old)):
        return f"goes on from the old model's weights, but {old.name} {lacks}; give its weights, or leave @old out."
    if isinstance(old, Checkpoint) or not method.needs_old:
        return ""
    if not old.has_scores and method.distillation != "naive":
        return (
            f"learns from the old model's logits, but {old.name} has only its answers; add a column of scores for each "
            "class, or take none and pct_naive, which need no more."
        )
    if images.mixup or images.cutmix:
        return f"shows the old model mixed images, but {old.name} knows only the images as they are; leave mixing out."
    return ""


def _without_weights(old: OldModel) -> str:
    """Why there are no weights to go on from; empty where there are."""
    if isinstance(old, Given):
        return "is known by its answers only"
    return "is an ONNX graph, which can only be asked" if old.architecture == ONNX else ""


def how_it_teaches(old: OldModel, method: Method) -> str:
    """What the user should know of answers that are given, as a sentence; empty where there is nothing to say."""
    if not isinstance(old, Given) or not method.needs_old:
        return ""
    return (
        f"The old model is known by its answers in {old.name}: every training image is taught with the answer to the "
        "image as it is, however it is cropped, mirrored or varied."
    )


def names_on_data(names: tuple[str, ...], dataset: Dataset, store: Store | None) -> tuple[str, ...]:
    """The old model's class names as the data call them, in the order of its outputs.

    Names that are spelled otherwise, or that a class map kept in the store explains, are the data's. Raises
    ``UserError`` where a class has no counterpart among the data's and was not dropped knowingly, and where all were.
    """
    class_map = kept_map(store.root, names, dataset.class_names) if store is not None else None
    found = diagnose(names, dataset.class_names, *([class_map] if class_map else []), sides=("old model", "data"))
    if found.blocked:
        command = "mpt-studio classes OLD DATA --class-map FILE"
        raise UserError(f"{' '.join(found.problems)} {command} keeps a class map for this model and these data.")
    called = tuple(found.renames.get(name, name) for name in names)
    if not set(called) & set(dataset.class_names):
        raise UserError("The old model shares no class with the data: there is nothing that an update could keep.")
    return called


def named(version: Named, names: tuple[str, ...]) -> Named:
    """The same version with its classes called otherwise, in their order."""
    return version if version.class_names == names else dataclasses.replace(version, class_names=names)
