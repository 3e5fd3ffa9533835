"""A metadata table that is open: its columns go with every comparison on the same samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Metadata, read_metadata
from mpt_studio.data.table import looks_like_manifest
from mpt_studio.errors import UserError
from mpt_studio.gui.background import PoolJob

if TYPE_CHECKING:
    from mpt_studio.gui.workspace import Workspace


_ELSE = "(As predictions it would need an id and a column such as prediction or logit_cat.)"


class Tables(QObject):
    """The last table that was opened."""

    changed = Signal()
    """The comparisons have other columns now."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._path: Path | None = None
        self._job: PoolJob | None = None
        self._waiting: Path | None = None
        workspace.versions_changed.connect(self._open_waiting)

    def drop(self, path: Path) -> None:
        """A table that was dropped: metadata of the samples compared; before there are any it may list the images."""
        if not self._workspace.made() and looks_like_manifest(path):
            self._workspace.open_data(f"manifest:{path.resolve()}")
        else:
            self.open(path)

    def open(self, path: Path) -> None:
        """Read a CSV file beside the window and join it to what is open."""
        made = self._workspace.made()
        if not made and self._workspace.old is not None and self._workspace.current is not None:
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
        self._workspace.job_started.emit(self._job)
        self._job.start()

    def follow(self, path: Path) -> None:
        """Take a table that comes with the data: for what is open, and for every comparison from now on."""
        if not path.is_file():
            return
        if self._workspace.made():
            self.open(path)
        else:
            self._path = path

    def _open_waiting(self) -> None:
        if self._waiting is not None and (self._workspace.made() or self._workspace.old is None):
            path, self._waiting = self._waiting, None
            self.open(path)

    def prepare(self, comparison: Comparison) -> None:
        """Give a new comparison the open table's columns, where they fit; may run beside the window."""
        if self._path is None:
            return
        try:
            comparison.set_metadata(read_metadata(self._path, comparison))
        except UserError as error:
            self._tell("warning", f"Without metadata: {error}")

    def _take(self, path: Path, found: list[tuple[Comparison, Metadata]]) -> None:
        self._path = path
        for comparison, metadata in found:
            comparison.set_metadata(metadata)
        self._tell("info", f"{path.name}: {found[0][1].sentence()}")
        self.changed.emit()

    def _tell(self, level: str, sentence: str, detail: str = "") -> None:
        self._workspace.message.emit(level, sentence, detail)
