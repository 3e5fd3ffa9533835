"""Framed charts in one, two or three columns, by the width there is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QGridLayout

from mpt_studio.gui.widgets import theme

_TWO_COLUMNS_FROM, _THREE_COLUMNS_FROM = 660, 1400


class CardGrid(QGridLayout):
    """Those that are needed, in their order; the last one takes what its row has left."""

    def __init__(self, cards: Sequence[QFrame]) -> None:
        super().__init__()
        self.setSpacing(theme.SPACE)
        self.cards = list(cards)
        self.columns = 1
        self._unneeded: set[QFrame] = set()
        self._arranged: tuple[int, list[QFrame]] = (0, [])
        self._arrange()

    def fit(self, width: int) -> None:
        """Choose the columns for a page of this width."""
        self.columns = 1 + (width >= _TWO_COLUMNS_FROM) + (width >= _THREE_COLUMNS_FROM)
        self._arrange()

    def show_cards(self, cards: Sequence[QFrame], wanted: bool) -> None:
        """Show some of the cards, or leave them out."""
        for card in cards:
            card.setVisible(wanted)
        self._unneeded = self._unneeded - set(cards) if wanted else self._unneeded | set(cards)
        self._arrange()

    def _arrange(self) -> None:
        columns, seen = self.columns, [card for card in self.cards if card not in self._unneeded]
        if (columns, seen) == self._arranged:
            return
        self._arranged = (columns, seen)
        for card in self.cards:
            self.removeWidget(card)
        for i, card in enumerate(seen):
            rest = columns - i % columns if i == len(seen) - 1 else 1
            self.addWidget(card, i // columns, i % columns, 1, rest)
        for row in range(len(self.cards)):
            self.setRowStretch(row, int(row < -(-len(seen) // columns)))
        for column in range(3):
            self.setColumnStretch(column, int(column < columns))
