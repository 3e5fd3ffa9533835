"""What are these scores? Asked where the numbers of a table can be several things."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.workspace.items import ScoresQuestion
from mpt_studio.predictions.scales import SCALES, WORDS

_SENTENCE = "In {name} {what}. What are its scores? The answer is kept for this file."


class ScoresDialog(FormDialog):
    """One choice among the scales; what may fit comes first. ``answer`` gets it, or None where it is dismissed."""

    def __init__(self, question: ScoresQuestion, parent: QWidget | None = None) -> None:
        sentence = _SENTENCE.format(name=question.name, what=question.what)
        super().__init__(f"What are the scores of {question.name}?", sentence, "Read them so", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._scales = (*question.fits, *(scale for scale in SCALES if scale not in question.fits))
        self.choices = QButtonGroup(self)
        rows = QVBoxLayout()
        for i, scale in enumerate(self._scales):
            button = QRadioButton(WORDS[scale][0].upper() + WORDS[scale][1:])
            self.choices.addButton(button, i)
            rows.addWidget(button)
        self.choices.idToggled.connect(lambda *_: self.check())
        self.form.addRow("Scores", rows)
        self.accepted.connect(lambda: question.answer(self._scales[self.choices.checkedId()]))
        self.rejected.connect(lambda: question.answer(None))
        self.check()

    def missing(self) -> str:
        return "" if self.choices.checkedId() >= 0 else "Choose what the scores are."
