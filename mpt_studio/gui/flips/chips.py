"""Active filters as chips that are removed one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, empty
from mpt_studio.gui.widgets.plain import caption, set_tip, shortened

_LONGEST = 60


class ChipBar(QWidget):
    """One button per filter; pressing it asks to remove that filter."""

    removed = Signal(str)
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = FlowLayout(self)
        self._shown: list[tuple[str, str]] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Active filters")

    def set_chips(self, chips: Sequence[tuple[str, str]]) -> None:
        """Show (field, sentence) pairs."""
        chips = [(str(field), sentence) for field, sentence in chips]
        if chips == self._shown:
            return
        self._shown = chips
        empty(self._layout)
        for field, sentence in chips:
            self._add(f"{shortened(sentence, _LONGEST)}  ×", f"Remove this filter: {sentence}").clicked.connect(
                lambda _=False, field=field: self.removed.emit(field)
            )
        if len(chips) > 1:
            button = self._add("Clear all", "Remove every filter")
            theme.mark(button, flat=True)
            button.clicked.connect(self.cleared)
        self.setVisible(bool(chips))
        self.updateGeometry()

    def _add(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(caption(text))
        theme.mark(button, chip=True)
        set_tip(button, tip)
        button.setAccessibleName(tip)
        self._layout.addWidget(button)
        button.show()
        return button
