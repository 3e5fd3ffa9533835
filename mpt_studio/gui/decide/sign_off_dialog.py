"""Somebody's name on the verdict on show."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from mpt_studio.gui.decide.signs import DECIDED
from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.workspace.deciding import Judged
from mpt_studio.gui.workspace.workspace import Workspace


class SignOffDialog(FormDialog):
    """Name and comment; the date is that of now."""

    def __init__(self, workspace: Workspace, parent: QWidget | None) -> None:
        sentence = "Your name, today's date and your comment are kept in the store, for exactly this verdict."
        super().__init__("Sign off", sentence, "Sign off", parent)
        self._deciding, self._judged = workspace.deciding, workspace.deciding.judged
        self._is_writing = False
        self.name, self.comment = QLineEdit(self._deciding.signer), QPlainTextEdit()
        self.name.setAccessibleName("Name")
        self.comment.setAccessibleName("Comment")
        self.comment.setTabChangesFocus(True)
        self.comment.setMaximumHeight(90)
        self.form.addRow("Verdict", label(_told(self._judged), wrap=True, bold=True))
        self.form.addRow("Name", self.name)
        self.form.addRow("Comment", self.comment)
        self.name.textChanged.connect(lambda _: self.check())
        self._deciding.changed.connect(self.check)
        self.finished.connect(lambda _: self._deciding.changed.disconnect(self.check))
        self.check()

    def missing(self) -> str:
        if self._is_writing:
            return "Signing …"
        if self._judged is None or self._deciding.judged is not self._judged:
            return "The verdict is another one now; close this and look at it first."
        return "" if self.name.text().strip() else "Write who signs."

    def accept(self) -> None:
        """Keep it; stays open where that fails."""
        self._is_writing = True
        self.check()
        self._deciding.sign(self.name.text().strip(), self.comment.toPlainText(), self._signed)

    def _signed(self, problem: str) -> None:
        self._is_writing = False
        if not problem:
            super().accept()
            return
        self.check()
        self.problem.setText(problem)


def _told(judged: Judged | None) -> str:
    if judged is None or judged.verdict is None:
        return "–"
    sign = DECIDED[judged.verdict.decided]
    return f"{sign.glyph} {sign.word}: {judged.name}"
