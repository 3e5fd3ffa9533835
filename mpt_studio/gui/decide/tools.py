"""What can be done about the verdict in windows of their own: its policy, sets that must not flip, signing off."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMainWindow

from mpt_studio.files.kinds import POLICIES
from mpt_studio.gui.widgets.forms import filters
from mpt_studio.gui.workspace.workspace import Workspace


class DecideTools(QObject):
    """Opens the windows; none of them blocks, and none is imported before it is needed."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window, self._workspace = window, workspace
        workspace.deciding.wanted.connect(self.open)

    def open(self, what: str) -> None:
        """What a view asks for."""
        deeds = {"policy": self.edit, "open": self.choose, "must_not_flip": self.make_set, "sign_off": self.sign_off}
        deeds[what]()

    def edit(self) -> None:
        """The policy's editor; the one that is open comes to the front."""
        from mpt_studio.gui.decide.policy_dialog import PolicyDialog

        if self._workspace.deciding.problem:
            self._workspace.message.emit("error", self._workspace.deciding.problem, "")
            return
        known = self._window.findChild(PolicyDialog)
        shown = known or PolicyDialog(self._workspace, self._window)
        shown.show()
        shown.raise_()
        shown.activateWindow()

    def choose(self) -> None:
        """Judge by another file."""
        deciding = self._workspace.deciding
        start = str(Path.home() if deciding.is_own else deciding.place().parent)
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open a policy", start, filters(POLICIES))
        if chosen:
            deciding.open(Path(chosen))

    def make_set(self) -> None:
        """A named list of images that must not flip."""
        from mpt_studio.gui.decide.set_dialog import SetDialog

        SetDialog(self._workspace, self._window).open()

    def sign_off(self) -> None:
        """A name on the verdict on show."""
        from mpt_studio.gui.decide.sign_off_dialog import SignOffDialog

        SignOffDialog(self._workspace, self._window).open()
