"""Finding the rows that pass a filter, in an order; those of many samples beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Filter, Group, groups, sort_rows
from mpt_studio.compare.blocks import Stop, check
from mpt_studio.compare.finding.arrange import Key
from mpt_studio.flips import FlipKind
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest

Rows = npt.NDArray[np.int64]
GroupBy = Literal["", "class", "flow"]


@dataclass(frozen=True)
class Order:
    """How rows are arranged."""

    key: Key = "margin_drop"
    descending: bool = True
    group_by: GroupBy = ""


class RowFinder(QObject):
    """Remembers the rows of the last request; while new ones are sought, the old ones stay on show."""

    found = Signal()
    """Rows that took their time are here."""
    failed = Signal(str, str)
    """Sentence, detail."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Rows = np.empty(0, np.int64)
        self.groups: list[Group] = []
        self._latest = Latest(self._fail, self)
        self._asked: tuple[Comparison, Filter, Order] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the rows are still those of an earlier request."""
        return self._latest.is_busy

    def get(self, comparison: Comparison | None, chosen: Filter, order: Order) -> Rows:
        """Rows that pass the filter, in order."""
        if comparison is None:
            self.forget()
        elif not self._is_asked(comparison, chosen, order):
            if self._asked is None or self._asked[0].annotations is not comparison.annotations:
                self._empty()  # rows of other samples
            self._asked = (comparison, chosen, order)
            beside = len(comparison) > DIRECT_SAMPLES
            take = self._take_late if beside else self._take
            self._latest.ask(lambda stop: _find(comparison, chosen, order, stop), take, beside=beside)
        return self.rows

    def _is_asked(self, comparison: Comparison, chosen: Filter, order: Order) -> bool:
        asked = self._asked
        return asked is not None and asked[0] is comparison and asked[1] is chosen and asked[2] == order

    def renew(self) -> None:
        """Marks or other annotations changed: the next ``get`` seeks again and shows the old rows meanwhile."""
        if self._asked is not None:
            self._asked = (self._asked[0], Filter(), self._asked[2])

    def forget(self) -> None:
        """Drop everything."""
        self._latest.cancel()
        self._asked = None
        self._empty()

    def _empty(self) -> None:
        self.rows, self.groups = np.empty(0, np.int64), []

    def _take(self, result: tuple[Rows, list[Group]]) -> None:
        self.rows, self.groups = result

    def _take_late(self, result: tuple[Rows, list[Group]]) -> None:
        self._take(result)
        self.found.emit()

    def _fail(self, sentence: str, detail: str) -> None:
        self._empty()
        self.failed.emit(sentence, detail)


def _find(comparison: Comparison, chosen: Filter, order: Order, stop: Stop) -> tuple[Rows, list[Group]]:
    rows = chosen.apply(comparison, stop)
    check(stop)
    rows = sort_rows(comparison, rows, order.key, order.descending, stop)
    check(stop)
    _ = comparison.new_answer, comparison.kinds  # under an offset made on first use: here, not while cards are painted
    return groups(comparison, rows, order.group_by) if order.group_by else (rows, [])


NEGATIVE_FLIPS = Filter(kinds=(FlipKind.NEGATIVE,))
