"""The trials of a search as a table that can be sorted and filtered; what is the same in it is not drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QHeaderView, QTableView, QVBoxLayout, QWidget

from mpt_studio.gui.search import words
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import in_a_row
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.plain import number, percent, set_tip, tip
from mpt_studio.gui.widgets.tables import Fitting, Index, MatchingRows, Role, TableModel, fitted, of_whole_rows
from mpt_studio.methods import shown
from mpt_studio.store import Trial

Cell = Callable[[Trial], str]
COLUMNS: tuple[tuple[str, Cell, Callable[[Trial], Any]], ...] = (
    ("#", lambda t: str(t.number), lambda t: t.number),
    ("Method", words.name_of, words.name_of),
    ("NFR\nold classes", lambda t: percent(t.nfr), lambda t: _last(t.nfr)),
    ("Accuracy\nall", lambda t: percent(t.accuracy), lambda t: _falling(t.accuracy)),
    ("Accuracy\nnew classes", lambda t: percent(t.accuracy_new_classes), lambda t: _falling(t.accuracy_new_classes)),
    ("γ", lambda t: number(t.offset, 2) if t.offset else "", lambda t: t.offset),
    ("α", lambda t: f"{t.interpolation:g}" if t.interpolation else "", lambda t: t.interpolation),
    ("Outcome", lambda t: words.outcome(t)[0], lambda t: words.outcome(t)[0]),
    ("Parameters", words.parameters, words.parameters),
)
"""Header, text and what it is sorted by; NFR rising and accuracy falling come first, those without figures last."""
_CELL_SPACE = 20
_HEADER_POINTS, _HEADER_PADDING = 8, 8
_RIGHT = frozenset({0, 2, 3, 4, 5, 6})
_ROOM_FOR_ARROW = 4 * "\u00a0"
"""Where text ends at the right, the sign of the order would lie on it."""


def _title(header: str, column: int) -> str:
    return "\n".join(line + _ROOM_FOR_ARROW * (column in _RIGHT) for line in header.splitlines())


def _last(value: float | None, without: float = 2.0) -> float:
    return without if value is None else value


def _falling(value: float | None) -> float:
    return -_last(value, -1.0)


class TrialsModel(TableModel):
    """A row for each trial; only rows that changed are told of."""

    titles = tuple(_title(header, column) for column, (header, _, _) in enumerate(COLUMNS))
    numbers = _RIGHT
    rows: list[Trial]
    best: int | None = None

    def show_trials(self, trials: Sequence[Trial], best: int | None) -> None:
        """Rows that are the same stay; ``best`` is starred."""
        same = len(trials) >= len(self.rows) and all(
            a.number == b.number for a, b in zip(trials, self.rows, strict=False)
        )
        if not same:
            self.beginResetModel()
            self.rows, self.best = list(trials), best
            self.endResetModel()
            return
        marked, self.best = {self.best, best} if best != self.best else set(), best
        for row, (old, new) in enumerate(zip(self.rows, trials, strict=False)):
            if old != new or new.number in marked:
                self.rows[row] = new
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        if len(trials) > len(self.rows):
            self.beginInsertRows(QModelIndex(), len(self.rows), len(trials) - 1)
            self.rows += trials[len(self.rows) :]
            self.endInsertRows()

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        trial, column = self.rows[index.row()], index.column()
        if role == Role.DisplayRole:
            star = "★ " if column == 0 and trial.number == self.best else ""
            return f"{star}{COLUMNS[column][1](trial)}"
        if role == Role.UserRole:
            return COLUMNS[column][2](trial)
        if role == Role.ToolTipRole:
            return tip("\n".join(filter(None, (shown(trial.label), words.decided(trial), words.outcome(trial)[0]))))
        return self._look(trial, column, role)

    def _look(self, trial: Trial, column: int, role: int) -> Any:
        if role == Role.TextAlignmentRole:
            return self.side(column)
        if role == Role.ForegroundRole and COLUMNS[column][0] == "Outcome":
            return QColor(theme.color(words.outcome(trial)[1]))
        if role == Role.FontRole and trial.number == self.best:
            font = QFont()
            font.setBold(True)
            return font
        return None


class TrialsTable(QWidget):
    """``selected`` and ``opened`` carry the number of a trial."""

    selected = Signal(int)
    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = TrialsModel(self)
        self.shown = MatchingRows(self.model, lambda trial: " ".join(cell(trial) for _, cell, _ in COLUMNS), self)
        self.shown.setSortRole(Role.UserRole)
        self.search = finder("Find trials")
        self.within = QCheckBox("Only within the limits")
        self.view = self._make_view()
        self._fitting = Fitting(self.view.horizontalHeader())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE // 2)
        layout.addWidget(in_a_row(self.search, self.within, spare=True))
        layout.addWidget(self.view, 1)
        self.search.setMinimumWidth(220)
        for signal in (self.search.textChanged, self.within.toggled):
            signal.connect(lambda *_: self._search())
        theme.notifier().changed.connect(self.view.viewport().update)

    def _make_view(self) -> QTableView:
        view = of_whole_rows(_View(), "Trials")
        view.setModel(self.shown)
        view.setObjectName("trials")  # the style sheet pads its cells
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setWordWrap(False)
        view.setSortingEnabled(True)
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        view.setTabKeyNavigation(False)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalHeader().setDefaultSectionSize(28)
        view.horizontalHeader().setHighlightSections(False)
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        view.horizontalHeader().setStyleSheet(
            f"QHeaderView::section {{ padding: 6px {_HEADER_PADDING}px; font-size: {_HEADER_POINTS}pt; }}"
        )
        view.doubleClicked.connect(lambda index: self.opened.emit(self._number(index)))
        view.entered_row.connect(lambda index: self.opened.emit(self._number(index)))
        view.selectionModel().currentRowChanged.connect(
            lambda now, _: self.selected.emit(self._number(now)) if now.isValid() else None
        )
        set_tip(view, "Click: mark it in the plot. Double click or Enter: compare it with the old model.")
        return view

    def _search(self) -> None:
        only = self.within.isChecked()
        self.shown.search(self.search.text(), lambda trial: trial.is_feasible or not only)

    def _number(self, index: Index) -> int:
        return self.model.rows[self.shown.mapToSource(index).row()].number

    def show_trials(self, trials: Sequence[Trial], best: int | None) -> None:
        """Bring the rows up to date; columns have the room that they need, and what is selected stays."""
        self.model.show_trials(trials, best)
        self._fit()

    def _fit(self) -> None:
        font, small = QFont(self.font()), QFont(self.font())
        small.setPointSizeF(_HEADER_POINTS)
        for each in (font, small):
            each.setBold(True)
        cells, heads = QFontMetrics(font), QFontMetrics(small)
        needs, least = [], []
        for column, (header, cell, _) in enumerate(COLUMNS):
            texts = (f"★ {cell(t)}" if not column else cell(t) for t in self.model.rows[:200])
            needs.append(max(map(cells.horizontalAdvance, texts), default=0) + _CELL_SPACE)
            head = max(heads.horizontalAdvance(line + _ROOM_FOR_ARROW) for line in header.splitlines())
            least.append(head + 2 * _HEADER_PADDING + 6)
        self._fitting.fit(fitted(needs, least, self.view.viewport().width()))

    def select(self, number: int) -> None:
        """Go to a trial's row."""
        row = next((i for i, trial in enumerate(self.model.rows) if trial.number == number), None)
        if row is not None:
            self.view.setCurrentIndex(self.shown.mapFromSource(self.model.index(row, 0)))


class _View(QTableView):
    entered_row = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_row.emit(self.currentIndex())
            return
        super().keyPressEvent(event)
