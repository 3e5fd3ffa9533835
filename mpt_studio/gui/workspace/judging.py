"""Judging samples: marks and notes, stored at once by data and sample id, so that they hold for later versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison
from mpt_studio.compare.figures.data_of import data_of
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.store.marks import Marked, Marks

Rows = npt.NDArray[np.int64]
_NOTHING = Marked(Mark.NONE, "", 0.0)


class Judging(QObject):
    """Marks and notes of the samples of the comparison on show."""

    changed = Signal()
    """Marks or notes are others now; the comparisons know it already."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened = opened
        self.chosen_rows: Callable[[], Rows] = lambda: np.empty(0, np.int64)
        """The rows selected in the grid."""
        self._file: Marks | None = None
        self._known: dict[str, dict[str, Marked]] = {}

    # -- reading

    def prepare(self, comparison: Comparison) -> None:
        """Give a new comparison the marks that its data have; may run beside the window."""
        try:
            comparison.set_marks(self._marks().marks(data_of(comparison)))
        except UserError as error:
            self._opened.message.emit("error", str(error), "")

    def of(self, comparison: Comparison, row: int) -> Marked:
        """Mark and note of one sample."""
        return self._all(data_of(comparison)).get(str(comparison.sample_ids[row]), _NOTHING)

    def ids(self, mark: Mark) -> list[str]:
        """Ids with this mark among the samples of the comparison on show, in their order."""
        comparison = self._opened.comparison()
        if comparison is None:
            return []
        return [str(name) for name in comparison.sample_ids[comparison.marks == mark].tolist()]

    def notes(self) -> dict[str, str]:
        """Sample id → note, for the data on show."""
        comparison = self._opened.comparison()
        known = {} if comparison is None else self._all(data_of(comparison))
        return {name: marked.note for name, marked in known.items() if marked.note}

    def note_of(self, comparison: Comparison, row: int) -> str:
        """The note on one sample; quick where there are none at all."""
        known = self._all(data_of(comparison))
        marked = known.get(str(comparison.sample_ids[row])) if known else None
        return marked.note if marked else ""

    # -- changing

    def accept(self) -> None:
        """The selected flips may ship."""
        self.mark(Mark.ACCEPTABLE)

    def block(self) -> None:
        """The selected samples must not flip."""
        self.mark(Mark.BLOCKER)

    def doubt(self) -> None:
        """The selected samples' labels are wrong."""
        self.mark(Mark.LABEL_WRONG)

    def clear(self) -> None:
        """No mark on the selected samples."""
        self.mark(Mark.NONE)

    def mark(self, mark: Mark) -> None:
        """Mark what is selected; after a single sample, go on to the next."""
        comparison, rows = self._opened.comparison(), self.rows()
        if comparison is None or not len(rows):
            return
        ids = [str(name) for name in comparison.sample_ids[rows].tolist()]
        following = self._following() if len(rows) == 1 else None
        if not self._change(lambda marks, data: marks.set(data, ids, mark)):
            return
        self._pass_on(ids, mark)
        if following is not None:
            self._opened.select(following)
        self.changed.emit()

    def note(self, comparison: Comparison, row: int, text: str) -> None:
        """Write a note on a sample; an empty one removes it."""
        if text.strip() == self.of(comparison, row).note:
            return
        name = str(comparison.sample_ids[row])
        if self._change(lambda marks, _: marks.note(data_of(comparison), name, text)):
            self.changed.emit()

    def undo(self) -> None:
        """Take the last mark or note back and show its sample."""
        self._travel(lambda marks, data: marks.undo(data), "undo")

    def redo(self) -> None:
        """Make it again."""
        self._travel(lambda marks, data: marks.redo(data), "redo")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # -- inside

    def rows(self) -> Rows:
        """All selected rows where the sample on show is among them, else that one."""
        selected, rows = self._opened.selected, self.chosen_rows()
        if selected is None:
            return np.empty(0, np.int64)
        return rows if selected in rows else np.array([selected], np.int64)

    def _following(self) -> int | None:
        rows = self._opened.rows
        at = np.flatnonzero(rows == self._opened.selected)
        return int(rows[at[0] + 1]) if len(at) and at[0] + 1 < len(rows) else None

    def _marks(self) -> Marks:
        if self._file is None:
            self._file = Marks(self._opened.store.root)
        return self._file

    def _all(self, data: str) -> dict[str, Marked]:
        if data not in self._known:
            try:
                self._known[data] = self._marks().all(data)
            except UserError as error:
                self._opened.message.emit("error", str(error), "")
                self._known[data] = {}
        return self._known[data]

    def _change(self, how: Callable[[Marks, str], object]) -> bool:
        comparison = self._opened.comparison()
        if comparison is None:
            return False
        try:
            how(self._marks(), data_of(comparison))
        except UserError as error:
            self._opened.message.emit("error", str(error), "")
            return False
        self._known.pop(data_of(comparison), None)
        return True

    def _travel(self, how: Callable[[Marks, str], tuple[str, ...]], what: str) -> None:
        comparison = self._opened.comparison()
        touched: list[str] = []
        if comparison is None or not self._change(lambda marks, data: touched.extend(how(marks, data))):
            return
        if not touched:
            self._opened.message.emit("info", f"There is no mark or note to {what}.", "")
            return
        for each in self._opened.made():
            if data_of(each) == data_of(comparison):
                self.prepare(each)
        row = int(comparison.rows_of(touched[:1])[0])
        self.changed.emit()
        if row >= 0:
            self._opened.select(row)

    def _pass_on(self, ids: Iterable[str], mark: Mark) -> None:
        """Every comparison on the same data learns of the marks."""
        current = self._opened.comparison()
        for each in self._opened.made():
            if current is not None and data_of(each) == data_of(current):
                rows = each.rows_of(ids)
                each.mark(rows[rows >= 0], mark)
