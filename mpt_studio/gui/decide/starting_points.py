"""Without a policy: what it is for, and a few to begin with. Never a verdict that nobody asked for."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from mpt_studio.decide import Policy
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.deciding import Deciding

POINTS: tuple[tuple[str, Policy], ...] = (
    ("NFR at most 1 %", Policy(max_nfr=0.01)),
    ("No loss of accuracy", Policy(min_accuracy_gain=0.0)),
    ("Both, and no class above 5 %", Policy(max_nfr=0.01, min_accuracy_gain=0.0, max_class_nfr=0.05, min_samples=20)),
)
_WHY = "Say what an update has to meet, and each candidate is judged by it here."


class StartingPoints(QWidget):
    """A sentence, policies of one click, and the ways to one of one's own."""

    def __init__(self, deciding: Deciding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = [self._button(text, partial(deciding.start, policy)) for text, policy in POINTS]
        for button in self.buttons:
            set_tip(button, "Judge by this at once; it can be edited and saved afterwards")
        self.set_policy = self._button("Set a policy…", partial(deciding.wanted.emit, "policy"))
        self.open = self._button("Open a policy…", partial(deciding.wanted.emit, "open"))
        row_holder = QWidget()
        row = FlowLayout(row_holder, spacing=theme.SPACE)
        for button in (*self.buttons, self.set_policy, self.open):
            row.addWidget(button)
        column = bare(QVBoxLayout(self))
        column.addWidget(label(_WHY, wrap=True))
        column.addWidget(row_holder)

    def _button(self, text: str, deed: partial[None]) -> QPushButton:
        made = QPushButton(text)
        made.setAccessibleName(text.rstrip("…"))
        made.clicked.connect(lambda *_: deed())
        return made
