"""How wide the columns of a table are until somebody chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QHeaderView

WIDEST = 300
"""Pixels of a column whose text is longer, where others need the room."""


def fitted(needs: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """What each column needs, up to ``WIDEST``; the longest are whole where there is room."""
    widths = [max(low, min(need, WIDEST)) for need, low in zip(needs, least, strict=True)]
    for at, need in enumerate(needs):
        widths[at] += max(0, min(room - sum(widths), need - widths[at]))
    return widths


class Fitting(QObject):
    """Gives a header's columns their widths; ``chosen`` is called when somebody moves or resizes them himself."""

    def __init__(self, header: QHeaderView, chosen: Callable[[], object] = lambda: None) -> None:
        super().__init__(header)
        self._header, self._chosen = header, chosen
        self.is_over = self._is_fitting = False
        """Whether the widths are somebody's choice."""
        for signal in (header.sectionResized, header.sectionMoved):
            signal.connect(self._heed)

    def fit(self, widths: Sequence[int]) -> None:
        """Until somebody chooses."""
        self._is_fitting = True
        for column, width in enumerate(widths if not self.is_over else ()):
            self._header.resizeSection(column, width)
        self._is_fitting = False

    @Slot()
    def _heed(self) -> None:
        if not self._is_fitting:
            self.is_over = True
            self._chosen()
