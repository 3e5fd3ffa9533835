"""Versions of a model as the window knows them, made from what is on disk. No Qt here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.compare.figures.decision import Decision
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.methods import shown
from mpt_studio.predictions import Predictions, Scale, UnclearScores, is_predictions, read_predictions, with_truth
from mpt_studio.predictions.truth import on_test_part
from mpt_studio.reading import Reading

if TYPE_CHECKING:
    from mpt_studio.data import Dataset
    from mpt_studio.store import Run, Store
OLD_COLOR = -1
FIXED_COLORS = {"old": OLD_COLOR, "ensemble": OLD_COLOR, "noise_floor": -2}
"""The colour indices of roles that are no candidates; candidates are numbered from 0 in their order."""


@dataclass(eq=False)
class Version:
    """The old model, the reference model or a candidate; ``eq=False``: each is itself."""

    key: str
    """Unique: the run's id, else the file's path."""
    label: str
    role: str
    """"old", "reference", "candidate" or "noise_floor"."""
    method: str = ""
    color: int = 0
    """Index for ``theme.version_color``: of ``FIXED_COLORS``, or the candidate's number."""
    checkpoint: str = ""
    predictions: Predictions | None = None
    """None until they are known (a checkpoint that waits for data or for its evaluation)."""
    run: str = ""
    is_training: bool = False
    """Whether it is being trained: checkpoint and predictions come when it is ready."""
    problem: str = ""
    """Why there are no predictions, for people."""
    mixed: Decision | None = None
    """What it is of two versions' weights, where it has none of its own on disk."""
    source: str = ""
    """The file from elsewhere that it was read from; ``checkpoint`` is then what was made of it."""
    reading: Reading | None = None
    """What was found in that file."""
    _figures: tuple[Predictions, dict[str, Any]] | None = field(default=None, repr=False)

    @property
    def figures(self) -> dict[str, Any]:
        """Accuracy on "all" samples and on those of its "own_classes"; needs predictions."""
        if self.predictions is None:
            raise ValueError(f"{self.label} has no predictions yet")
        if self._figures is None or self._figures[0] is not self.predictions:
            self._figures = (self.predictions, jobs.accuracy_figures(self.predictions))
        return self._figures[1]


def from_checkpoint(path: Path) -> Version:
    """A version that still has to be evaluated. Raises ``UserError`` for a file that is not one of ours."""
    found = read_checkpoint(path)
    return Version(
        key=str(path.resolve()),
        label=checkpoint_label(found, path),
        role=found.role or "candidate",
        method=found.method,
        checkpoint=str(path),
        run=found.run,
    )


def checkpoint_label(found: Checkpoint, path: Path) -> str:
    """Short text for a checkpoint: its method or role where the header says so, else the file's name."""
    if path.stem not in ("last", "best"):
        return path.stem
    return {"old": "Old model", "reference": "Reference"}.get(found.role, "") or shown(found.method) or path.stem


def read_or_ask(path: Path, scores: Scale | None) -> Predictions | UnclearScores:
    """Predictions, or what somebody has to say of their scores first. Raises ``UserError``."""
    try:
        return read_predictions(path, scores=scores)
    except UnclearScores as question:
        return question


def of_predictions(path: Path, found: Predictions, dataset: Dataset | None) -> Version:
    """A version that is known by its answers alone, or with its checkpoint where they name one."""
    label = found.version or path.stem
    made = Version(
        key=str(path.resolve()), label=label, role="candidate", checkpoint=found.checkpoint, predictions=found
    )
    if dataset is not None:
        fit_to(made, dataset)
    return made


def fit_to(version: Version, dataset: Dataset) -> bool:
    """Have imported answers on the data's test part alone, with the data's ids, and its true classes where their file
    does not tell them; tells whether they have changed.
    """
    found = version.predictions
    if found is None or found.data_fingerprint or version.checkpoint:
        return False
    own_ids = found.has_truth and any(name in dataset.index_of for name in found.sample_ids[:1000].tolist())
    try:
        version.predictions = on_test_part(found if own_ids else with_truth(found, dataset), dataset)
    except UserError:  # of other data: they stay as they are
        return False
    return version.predictions is not found


def of_update(result: dict[str, Any]) -> list[Version]:
    """The versions in an update's result, the old model first. Raises ``UserError`` where one cannot be read."""
    made = [_member(result["old"], "old", OLD_COLOR)]
    for index, candidate in enumerate(result["candidates"]):
        plain = index == 0 and str(candidate.get("method", "")).lower() in ("none", "no_treatment")
        role = str(candidate.get("role") or ("reference" if plain else "candidate"))
        made.append(_member(candidate, role, index))
    return made


def _member(values: dict[str, Any], role: str, color: int) -> Version:
    folder = str(values.get("predictions") or "")
    checkpoint = str(values.get("checkpoint") or "")
    if not folder:
        raise UserError(f"The update's result has no predictions of {values.get('label', role)!r}.")
    return Version(
        key=str(values.get("run") or checkpoint or folder),
        label=shown(str(values.get("label") or values.get("method") or role)),
        role=role,
        method=str(values.get("method") or ""),
        color=color,
        checkpoint=checkpoint,
        predictions=read_predictions(Path(folder)),
        run=str(values.get("run") or ""),
    )


def unique_label(label: str, taken: set[str]) -> str:
    """``label``, numbered where another version has it already."""
    made, count = label, 2
    while made in taken:
        made, count = f"{label} ({count})", count + 1
    return made


def from_reading(reading: Reading, source: Path) -> Version:
    """A version from weights of any origin that still has to be evaluated; nothing may be missing in the reading."""
    assert reading.checkpoint is not None
    return Version(
        key=str(source.resolve()),
        label=one_sentence(source.stem if source.is_file() else source.name, 80),
        role=reading.checkpoint.role or "candidate",
        checkpoint=reading.checkpoint.path,
        source=str(source),
        reading=reading,
    )


def of_run(run: Run) -> Version:
    """The version that a run made. Raises ``UserError`` while it has no weights."""
    predictions = run.predictions()
    if run.checkpoint is None and predictions is None:
        raise UserError(f"The run {run.label or run.id} has no weights yet ({run.outcome}).")
    return Version(
        key=run.id,
        label=shown(run.title),
        role=run.recipe.role if run.recipe.role != "ensemble" else "candidate",
        method=run.recipe.method.name,
        checkpoint=str(run.checkpoint or ""),
        predictions=read_predictions(predictions) if predictions is not None else None,
        run=run.id,
    )


def of_deployed(path: str) -> Version:
    """The old model that an update was given, with the label that it has in the update's result.

    Where that are its answers, it has no checkpoint, and they are still to be read.
    """
    weights = "" if is_predictions(Path(path)) else path
    return Version(path, Path(path).stem, "old", color=OLD_COLOR, checkpoint=weights)


def choose_old(opened: list[Version], alone: bool) -> None:
    """Give roles to versions that arrive while there is no old model.

    The one whose header says "old" is it; else the first of several. One that comes first and ``alone`` becomes the old
    model as well: something has to be compared against. The others are candidates.
    """
    said = [v for v in opened if v.role == "old"]
    chosen = said[0] if len(said) == 1 else opened[0] if opened and (alone or len(opened) > 1) else None
    for version in opened:
        if version is chosen:
            version.role = "old"
        elif version.role == "old":
            version.role = "candidate"


def tell_of(dataset: Dataset, store: Store, tell: Callable[[str, str, str], None]) -> None:
    """Say what was noticed when data were opened: what was left out and where it is listed, and the notes."""
    if dataset.skipped:
        first = "\n".join(f"{s.sample_id}: {s.reason}" for s in dataset.skipped[:100])
        tell("warning", jobs.skipped_sentence(dataset, store), first)
    for note in dataset.notes:
        tell("info", note, "")
