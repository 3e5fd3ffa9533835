"""The list of compute: the workers of the job that runs and what each does, and what waits for what, since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.frames import FoldButton
from mpt_studio.gui.widgets.plain import beside, listed, tip
from mpt_studio.gui.widgets.tables import Index, Role, TableModel, of_whole_rows
from mpt_studio.methods import shown
from mpt_studio.store.compute import Compute, Named, Waiting, clock

Lines = Sequence[tuple[str, ...]]
_WORKERS = ("Worker", "On", "Now", "Since")
_WAITING = ("Waiting", "For", "Since")
_ROW, _FEW_ROWS, _MOST_ROWS = 22, 4, 8
"""Pixels of a row; how many there are at most in a low window and in a high one, the rest is scrolled to."""
_LOW = 1000


class ComputeView(QFrame):
    """A card that is there while the job has a cluster."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, card=True)
        self.setAccessibleName("Compute")
        self.fold = FoldButton("Compute", self)
        self.fold.setChecked(True)
        self.summary = ElidedLabel(from_end=True)
        theme.mark(self.summary, muted=True)
        self.workers, self.waiting = _Table(_WORKERS, stretch=(2,)), _Table(_WAITING, stretch=(0, 1))
        self._tables = QWidget(self)
        across = bare(QHBoxLayout(self._tables), spacing=theme.SPACE)
        across.addWidget(self.workers, 5)
        across.addWidget(self.waiting, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE // 2, theme.SPACE * 3 // 2, theme.SPACE // 2)
        layout.setSpacing(theme.SPACE // 2)
        head = beside(self.summary)
        head.layout().insertWidget(0, self.fold)  # type: ignore[union-attr]
        layout.addWidget(head)
        layout.addWidget(self._tables)
        self.fold.toggled.connect(self._tables.setVisible)
        self._tallest = 0
        self.waiting.hide()
        self.hide()

    def show_compute(self, compute: Compute | None, named: Named) -> None:
        """Bring it up to date; ``named`` is what is known of a run."""
        self.setVisible(compute is not None)
        if compute is None:
            self._tallest = 0
            self.waiting.hide()
            return
        if compute.waiting:  # from then on it stays, too
            self.waiting.show()
        self.summary.setText(f"{compute.cluster}:  {compute.summary}")
        self.workers.show_lines([(w.name, w.place, w.said(named), clock(w.since)) for w in compute.workers])
        self.waiting.show_lines([_awaited(each) for each in compute.waiting])
        self._fit(max(len(compute.workers), len(compute.waiting)))

    def _fit(self, rows: int) -> None:
        """It grows with what it has to show and does not shrink: what is below it stays where it is."""
        most = _FEW_ROWS if self.window().height() < _LOW else _MOST_ROWS
        self._tallest = max(self._tallest, min(rows, most), 1)
        for table in (self.workers, self.waiting):
            table.setFixedHeight(table.horizontalHeader().sizeHint().height() + self._tallest * _ROW + 4)


def _awaited(each: Waiting) -> tuple[str, str, str]:
    return shown(each.label), listed([shown(teacher) for teacher in each.teachers]) or "a worker", clock(each.since)


class _Model(TableModel):
    rows: list[tuple[str, ...]]

    def __init__(self, titles: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.titles = titles

    def show_lines(self, lines: Lines) -> None:
        """What is the same is not drawn again."""
        if len(lines) != len(self.rows):
            self.beginResetModel()
            self.rows = list(lines)
            self.endResetModel()
            return
        for row, line in enumerate(lines):
            if line != self.rows[row]:
                self.rows[row] = line
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(line) - 1))

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        text = self.rows[index.row()][index.column()] if index.isValid() else None
        if role == Role.ToolTipRole:
            return tip(text or "")
        return text if role == Role.DisplayRole else None


class _Table(QTableView):
    """Lines to read: nothing in it can be chosen."""

    def __init__(self, titles: tuple[str, ...], stretch: tuple[int, ...]) -> None:
        super().__init__()
        self.model_ = _Model(titles, self)
        self.setModel(self.model_)
        of_whole_rows(self, titles[0])
        self.setObjectName("compute")  # the style sheet pads its cells
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in stretch:
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def show_lines(self, lines: Lines) -> None:
        self.model_.show_lines(lines)
