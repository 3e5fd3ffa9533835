"""Two named versions against each other: their classes side by side, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio import paths
from mpt_studio.compare import ClassMap, Comparison, aligned, compare, diagnose, keep_map, kept_map, open_comparison
from mpt_studio.compare.matching.aligned import with_own_labels
from mpt_studio.compare.matching.class_map import NO_MAP
from mpt_studio.data import Dataset
from mpt_studio.data.sources import is_spec, spec_of
from mpt_studio.errors import UsageError, UserError
from mpt_studio.files.kinds import PREDICTIONS
from mpt_studio.files.version_folder import is_version_folder
from mpt_studio.jobs.between import between_named
from mpt_studio.jobs.evaluating import may_be_of, named_predictions, run_named
from mpt_studio.jobs.images import open_data
from mpt_studio.jobs.read_weights import checkpoint_of
from mpt_studio.jobs.session import Session
from mpt_studio.predictions import Predictions, Scale, is_predictions, read_predictions, with_truth
from mpt_studio.predictions.truth import on_test_part
from mpt_studio.reading import Choices
from mpt_studio.store import Run

Classes = tuple[str, ...]


def compare_versions(
    session: Session,
    old: str,
    new: str,
    spec: str = "",
    *,
    class_map: ClassMap = NO_MAP,
    old_classes: Classes = (),
    new_classes: Classes = (),
    scores: Scale | None = None,
    alpha: float = 0.0,
) -> Comparison:
    """Compare two named versions, on ``spec`` if given, else on the data that their predictions are of.

    Torch runs only where a checkpoint has no predictions on these data yet.

    Args:
        class_map: what to make of class names that differ; it is kept for these two class lists.
        old_classes, new_classes: class names of predictions whose columns or answers are numbers.
        scores: what the scores in tables are, where their numbers do not tell.
        alpha: the share of the old model's weights in the new version; both need weights.
    Raises ``UserError``, also where the two class lists have a mismatch that nothing explains.
    """
    dataset = open_data(session, spec) if spec else None
    new = str(between_named(session, old, new, spec).folder(alpha)) if alpha else new
    _refuse_said_of_nothing(scores, old, new)
    before = _predictions(session, old, dataset, old_classes, scores)
    after = _predictions(session, new, dataset, new_classes, scores)
    store = session.store.root
    known = with_own_labels(after).class_names
    class_map = kept_map(store, before.class_names, known).merged(class_map)
    pair = aligned(before, after, class_map)
    if class_map:
        keep_map(store, before.class_names, known, class_map)
    are_on_disk = all(isinstance(version.sample_ids, np.memmap) for version in pair)
    return open_comparison(*pair, store / "comparisons") if are_on_disk else compare(*pair)


def _predictions(
    session: Session, name: str, dataset: Dataset | None, classes: Classes, scores: Scale | None
) -> Predictions:
    path = paths.named(name)
    if _is_table(path) or is_predictions(path):
        said = scores if _is_table(path) else None
        return _on(dataset, read_predictions(path, classes, session.progress, said), name)
    if classes:
        _weights(session, path, classes, dataset)  # remembers them
    return named_predictions(session, name, dataset)


def _refuse_said_of_nothing(scores: Scale | None, *names: str) -> None:
    if scores and not any(_is_table(paths.named(name)) for name in names):
        raise UsageError("--scores says what the scores in a table are, and none of the versions is one; leave it out.")


def _is_table(path: Path) -> bool:
    return PREDICTIONS.fits(path) and path.is_file()


def _on(dataset: Dataset | None, version: Predictions, name: str) -> Predictions:
    """The predictions of the test part with its true classes, where they are of these data as far as they tell."""
    if dataset is None:
        return version
    if not may_be_of(version, dataset):
        raise UserError(f"The predictions {name} are of other data than {dataset.spec}; leave --data out.")
    return version if version.data_fingerprint else on_test_part(with_truth(version, dataset), dataset)


def _weights(session: Session, path: Path, classes: Classes, dataset: Dataset | None = None) -> Classes:
    """The class names of a file of weights. Raises ``UserError``."""
    if not (path.is_file() or is_version_folder(path)):
        raise UserError(f"{path} is no file whose classes could be listed; leave the list of classes out.")
    known = dataset.class_names if dataset is not None else ()
    return checkpoint_of(session, path, Choices(class_names=classes), known).class_names


def class_names_of(session: Session, name: str, classes: Classes = ()) -> tuple[Classes, Classes]:
    """The classes of a named version or of data, and those of an update that has them.

    They differ only for predictions whose classes are those that they ever answer: as an update, such a version also
    knows the classes of its labels. Raises ``UserError``.
    """
    path = paths.named(name)
    if is_spec(name) or _is_data(path):
        names = open_data(session, name).class_names
    elif _is_table(path) or is_predictions(path):
        found = read_predictions(path, classes, session.progress)
        return found.class_names, with_own_labels(found).class_names
    elif path.is_file() or is_version_folder(path):
        names = _weights(session, path, classes)
    else:
        names = _of_run(session, run_named(session, name))
    return names, names


def _is_data(path: Path) -> bool:
    """Whether images are named by their place alone: a folder, a table of paths, one Parquet file."""
    is_version = is_predictions(path) or is_version_folder(path) or (path / "run.json").is_file()
    return not is_version and bool(spec_of(path))


def _of_run(session: Session, run: Run) -> Classes:
    if run.checkpoint is not None:
        return checkpoint_of(session, run.checkpoint).class_names
    folder = run.predictions("test")
    if folder is None:
        raise UserError(f"The run {run.id} ({run.outcome}) has no version yet; resume it first.")
    return read_predictions(folder).class_names


def diagnose_versions(
    session: Session,
    old: str,
    new: str,
    *,
    class_map: ClassMap = NO_MAP,
    old_classes: Classes = (),
    new_classes: Classes = (),
) -> dict[str, Any]:
    """The class doctor's table of two named versions, or of a version and data, as plain JSON values.

    A map that is given is kept where it leaves no mismatch; a kept one is honoured. ``Diagnosis.to_json`` with
    "old_classes", "new_classes" and "class_map" (the pairs that were used).
    """
    before, _ = class_names_of(session, old, old_classes)
    _, after = class_names_of(session, new, new_classes)
    store = session.store.root
    used = kept_map(store, before, after).merged(class_map)
    found = diagnose(before, after, used)
    if class_map and not found.blocked:
        keep_map(store, before, after, used)
    lists = {"old_classes": list(before), "new_classes": list(after), "class_map": [list(pair) for pair in used.pairs]}
    return {**found.to_json(), **lists}


def set_class_map(session: Session, old: str, new: str, pairs: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Replace the map kept for two versions by (old name, new name) pairs ("" drops); returns the new diagnosis.

    It is kept also where it does not explain everything yet. Raises ``UserError`` for pairs that contradict.
    """
    try:
        class_map = ClassMap(tuple((str(ours).strip(), str(theirs).strip()) for ours, theirs in pairs))
    except (TypeError, ValueError):
        raise UserError("A class map is a list of pairs: an old name and a new name.") from None
    before, _ = class_names_of(session, old)
    _, after = class_names_of(session, new)
    keep_map(session.store.root, before, after, class_map)
    return diagnose_versions(session, old, new)
