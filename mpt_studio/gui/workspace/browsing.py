"""What of the comparison on show is looked at: filter, order, rows, the selected sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Filter, Group, groups, missing, sort_rows
from mpt_studio.compare.blocks import Stop, check
from mpt_studio.compare.finding.explore import Key
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


class Browsing(QObject):
    """The part of the workspace that the Flips page shows. ``comparison()`` is for the heir to say."""

    filter_changed = Signal()
    rows_changed = Signal()
    """New rows are here; where there are many samples, some time after ``filter_changed``."""
    selection_changed = Signal()
    message = Signal(str, str, str)
    """Level ("info", "warning", "error"), sentence, detail."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.filter = NEGATIVE_FLIPS
        self.sort_key: Key = "margin_drop"
        self.sort_descending = True
        self.group_by: GroupBy = ""
        self.selected: int | None = None
        self._finder = RowFinder(self)
        self._finder.found.connect(self.rows_changed)
        self._finder.failed.connect(lambda sentence, detail: self.message.emit("error", sentence, detail))

    def comparison(self, key: str | None = None) -> Comparison | None:
        """What is on show."""
        raise NotImplementedError

    @property
    def rows(self) -> Rows:
        """Rows of the current comparison that pass the filter, in the chosen order; older ones while it is sought."""
        order = Order(*self.order_in_force, self.group_by)
        return self._finder.get(self.comparison(), self.filter, order)

    @property
    def order_in_force(self) -> tuple[Key, bool]:
        """What rows are ordered by and whether the largest come first: by flow where what was chosen needs scores."""
        shown = self.comparison()
        lacks = shown is not None and missing.reason(shown, self.sort_key)
        return ("flow", False) if lacks else (self.sort_key, self.sort_descending)

    @property
    def groups(self) -> list[Group]:
        """What ``rows`` fall into; empty where they are not grouped."""
        return self._finder.groups

    @property
    def is_seeking(self) -> bool:
        """Whether ``rows`` are still those of an earlier request."""
        return self._finder.is_busy

    def stop_seeking(self) -> None:
        """Drop the rows and what seeks them."""
        self._finder.forget()

    def set_filter(self, new: Filter) -> None:
        """Filter the current comparison's samples."""
        self.filter = new
        self.filter_changed.emit()

    def set_sort(self, key: Key, descending: bool) -> None:
        """Order the rows."""
        self.sort_key, self.sort_descending = key, descending
        self.filter_changed.emit()

    def set_group(self, by: GroupBy) -> None:
        """Put rows of one true class, or of one flow pair, together."""
        self.group_by = by
        self.filter_changed.emit()

    def select(self, row: int | None) -> None:
        """Select a sample by its row in the current comparison."""
        if row != self.selected:
            self.selected = row
            self.selection_changed.emit()

    def _annotated(self) -> None:
        """Marks, metadata or thresholds changed."""
        if self._depends_on_marks():
            self._finder.renew()
        self.filter_changed.emit()

    def _depends_on_marks(self) -> bool:
        chosen = self.filter
        annotated = (chosen.marks, chosen.causes, chosen.columns, chosen.ranges)
        return any(annotated) or self.sort_key in ("mark", "cause")
