"""In place of a comparison that a mismatch of classes blocks: the class doctor."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mpt_studio.gui.class_doctor import ClassDoctor, is_long
from mpt_studio.gui.class_pairs import pair_of
from mpt_studio.gui.workspace import Workspace


class BlockedPage(ClassDoctor):
    """Covers the page while the candidate on show has classes that nothing explains."""

    ready = Signal()
    """Long lists have been put side by side; ask ``covers`` again."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.applied.connect(self._compare_again)

    def covers(self) -> bool:
        """Whether classes are what is in the way of the comparison on show."""
        old, current = self._workspace.old, self._workspace.current
        pair = None
        if old and current and current.problem and old.predictions and current.predictions:
            pair = pair_of(self._workspace, old, current)
        if pair != self.pair:
            self.show_pair(pair, self.ready.emit if pair is not None and is_long(pair) else lambda: None)
        return self.diagnosis is not None and self.diagnosis.blocked

    def _compare_again(self) -> None:
        if self._workspace.current is not None:
            self._workspace.compare_again(self._workspace.current.key)
