"""A metadata table that is open: its columns go with every comparison on the same samples."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from mpt_studio import jobs
from mpt_studio.compare import Cause, CauseThresholds, Comparison, Metadata, read_metadata
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import IMAGES
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.jobs.kinds import FileKind, kind_of

log = logging.getLogger(__name__)


class Thresholds(QObject):
    """One set for all comparisons of a workspace."""

    changed = Signal()
    """The comparisons sort their flips by other thresholds now."""
    wanted = Signal()
    """The user asks to see and change them."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened, self._file = opened, JsonFile("thresholds.json")
        self.value = _read(self._file)

    def prepare(self, comparison: Comparison) -> None:
        """Give them to a new comparison; may run beside the window."""
        if comparison.thresholds != self.value:
            comparison.set_thresholds(self.value)

    def set(self, value: CauseThresholds) -> None:
        """Sort all flips anew, and remember it."""
        if value == self.value:
            return
        self.value = value
        self._file.set(**dataclasses.asdict(value))
        for comparison in self._opened.made():
            comparison.set_thresholds(value)
        self.changed.emit()

    def ask(self) -> None:
        """Show them where causes are shown."""
        self._opened.show_flips.emit()
        self.wanted.emit()


def _read(file: JsonFile) -> CauseThresholds:
    """What the file says; a value that makes no sense leaves all at their defaults."""
    names = [field.name for field in dataclasses.fields(CauseThresholds)]
    try:
        return CauseThresholds(**{name: float(file.values[name]) for name in names if name in file.values})
    except (UserError, TypeError, ValueError) as error:
        log.warning("%s makes no sense (%s); using defaults", file.path, error)
        return CauseThresholds()


def meaning(cause: Cause, of: CauseThresholds) -> str:
    """When a flip has this cause, with the thresholds in force."""
    return {
        Cause.NEW_CLASS: "The update answers a class that the old model lacks.",
        Cause.NEAR_TIE: f"The update's margin is above −{of.near_tie:g} logits.",
        Cause.CONFIDENT_REVERSAL: f"Both versions give their answers p ≥ {of.confident:g}.",
        Cause.OLD_OLD: "None of the other causes; the answer is a class that the old model knows.",
        Cause.SUSPECT_LABEL: f"The update is sure of its answer (p ≥ {of.suspect_sure:g}) and not of the label "
        f"(p ≤ {of.suspect_truth:g}); the old model was right with p ≤ {of.suspect_unsure:g}, "
        "or gave the same answer.",
        Cause.NONE: "Everything else, above all samples that did not flip.",
    }[cause]


_OTHERS: dict[FileKind, str] = {"checkpoint": "weights", "weights": "weights", "images": "a folder of images"}


def _another_kind(path: Path) -> str:
    """What a file is that cannot be a table, with what to do with it; empty where it may be one."""
    try:
        words = _OTHERS.get(kind_of(path))
    except UserError as error:
        return str(error) if IMAGES.fits(path) or not path.is_file() else ""
    return f"{path.name} is {words}, not a table of metadata; open it with Ctrl+O." if words else ""


_ELSE = "(As predictions it would need an id and a column such as prediction or logit_cat.)"


class Tables(QObject):
    """The last table that was opened."""

    changed = Signal()
    """The comparisons have other columns now."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened = opened
        self.path: Path | None = None
        """The table on show."""
        self._job: PoolJob | None = None
        self._waiting: Path | None = None
        opened.versions_changed.connect(self._open_waiting)
        opened.data_changed.connect(self._follow_data)

    def open(self, path: Path) -> None:
        """Read a CSV file beside the window and join it to what is open."""
        if other := _another_kind(path):
            self._tell("error", other)
            return
        made = self._opened.made()
        if not made and self._opened.old is not None and self._opened.current is not None:
            self._waiting = path
            self._tell("info", f"{path.name} is read as soon as the versions are compared.")
            return
        if not made:
            what = f"{path.name}: open the two versions first, metadata belong to their samples."
            self._tell("warning", f"{what} {_ELSE}")
            return
        if self._job is not None:
            self._job.cancel()
        self._job = PoolJob(
            f"Reading {path.name}",
            lambda: [(each, read_metadata(path, each)) for each in made],
            lambda found: self._take(path, found),
            lambda sentence, detail: self._tell("error", sentence, detail),
            self,
        )
        self._opened.job_started.emit(self._job)
        self._job.start()

    def _follow_data(self) -> None:
        """Take the table that comes with the data: for what is open, and for every comparison from now on."""
        data = self._opened.dataset
        path = jobs.metadata_file(self._opened.store, data) if data is not None and data.metadata else None
        if path is None or not path.is_file():
            return
        if self._opened.made():
            self.open(path)
        else:
            self.path = path

    def _open_waiting(self) -> None:
        if self._waiting is not None and (self._opened.made() or self._opened.old is None):
            path, self._waiting = self._waiting, None
            self.open(path)

    def prepare(self, comparison: Comparison) -> None:
        """Give a new comparison the open table's columns, where they fit; may run beside the window."""
        if self.path is None:
            return
        try:
            comparison.set_metadata(read_metadata(self.path, comparison))
        except UserError as error:
            self._tell("warning", f"Without metadata: {error}")

    def _take(self, path: Path, found: list[tuple[Comparison, Metadata]]) -> None:
        self.path = path
        for comparison, metadata in found:
            comparison.set_metadata(metadata)
        self._tell("info", f"{path.name}: {found[0][1].sentence()}")
        self.changed.emit()

    def _tell(self, level: str, sentence: str, detail: str = "") -> None:
        self._opened.message.emit(level, sentence, detail)
