"""What of the comparison on show is looked at: filter, order, rows, the selected sample."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Filter, Group, missing
from mpt_studio.compare.explore import Key
from mpt_studio.flips import FlipKind
from mpt_studio.gui.row_finder import GroupBy, Order, RowFinder, Rows

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
