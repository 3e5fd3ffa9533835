"""What can be done with versions in windows of their own: say what they are, look at them, export, class doctor."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QMainWindow

from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.workspace.items import Question, ScoresQuestion
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace


class VersionTools(QObject):
    """Opens the windows; none of them blocks, and none is imported before it is needed."""

    def __init__(self, window: QMainWindow, workspace: Workspace, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._workspace, self._settings = window, workspace, settings
        self._asking: dict[int, QDialog] = {}
        workspace.opening.asked.connect(self.ask)
        workspace.tool_wanted.connect(self.open)

    def open(self, tool: str, version: Version | None) -> None:
        """What panels ask for."""
        {"about": self.about, "export": self.export, "skipped": lambda _: self.skipped()}[tool](version)

    def ask(self, question: Question | ScoresQuestion) -> None:
        """What is this model, or what are these scores? One window for each question."""
        known = self._asking.get(id(question))
        if known is not None:
            known.raise_()
            known.activateWindow()
            return
        dialog = self._dialog(question)
        self._asking[id(question)] = dialog
        dialog.destroyed.connect(lambda: self._asking.pop(id(question), None))
        dialog.open()

    def _dialog(self, question: Question | ScoresQuestion) -> QDialog:
        from mpt_studio.gui.versions.question import ModelDialog
        from mpt_studio.gui.versions.scores_question import ScoresDialog

        if isinstance(question, ScoresQuestion):
            return ScoresDialog(question, self._window)
        data = self._workspace.dataset
        return ModelDialog(question, data.class_names if data is not None else (), self._window)

    def about(self, version: Version | None = None) -> None:
        """What is known of a version, of the one on show by default."""
        from mpt_studio.gui.versions.about import VersionDialog

        chosen = version or self._workspace.current or self._workspace.old
        if chosen is not None:
            VersionDialog(self._workspace, chosen, self._window).show()

    def export(self, version: Version | None = None) -> None:
        """Write a version for deployment."""
        from mpt_studio.gui.versions.export_dialog import ExportVersionDialog

        ExportVersionDialog(self._workspace, version, self._settings.folder(), self._window).open()

    def report(self) -> None:
        """Write what was found for those who were not there."""
        from mpt_studio.gui.versions.report_dialog import ReportDialog

        ReportDialog(self._workspace, self._settings.folder(), self._window).open()

    def doctor(self) -> None:
        """Two class lists side by side."""
        from mpt_studio.gui.versions.class_pairs import ClassDoctorDialog

        ClassDoctorDialog(self._workspace, self._window).show()

    def skipped(self) -> None:
        """What was left out of the data."""
        from mpt_studio.gui.data.skipped import SkippedDialog

        data = self._workspace.dataset
        if data is not None and data.skipped:
            SkippedDialog(data, self._window).show()
