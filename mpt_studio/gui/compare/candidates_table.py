"""Every candidate against the old model: one row each, every rate with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from mpt_studio.compare import SUBSET_WORDS, Comparison, Paired, Subset
from mpt_studio.gui.compare.columns import COSTS, NOTHING, RATES, At, Cell, Column, KeptColumns, PairedColumn
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import number, tip
from mpt_studio.gui.widgets.tables import Index, of_whole_rows
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

_ROWS_SHOWN, _WIDEST = 8, 220
"""Rows, and pixels of a name where figures need the room."""
SMALL = 0.85
"""Size of intervals and headers against the text's."""
_HEADER_POINTS, _HEADER_PADDING = 8, 5


class CandidatesModel(QAbstractTableModel):
    """Reads the workspace; the first column is the candidate's name."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.subset: Subset = "all"
        self.versions: list[Version] = []
        self.kept, self.paired = KeptColumns(), PairedColumn()
        self._columns: list[Column] = []

    def offered(self) -> list[Column]:
        """What can be chosen: costs where any was measured, a difference where there are candidates to tell apart."""
        costs = COSTS if self._workspace.costs.is_known else ()
        return [*RATES, *costs, *([self.paired] if len(self.versions) > 1 else [])]

    def last_cost(self) -> int:
        """The last column of a cost; 0 where there is none."""
        return max((i for i, column in enumerate(self._columns, 1) if column in COSTS), default=0)

    def set_pairs(self, pairs: Mapping[str, Paired]) -> None:
        self.paired.pairs = pairs
        if self.versions:
            last = self.columnCount() - 1
            self.dataChanged.emit(self.index(0, last), self.index(self.rowCount() - 1, last))

    def refresh(self, subset: Subset) -> None:
        self.beginResetModel()
        self.subset, self.versions = subset, self._workspace.candidates
        self._columns = [column for column in self.offered() if self.kept.wants(column)]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.versions)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else 1 + len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{self.titles[section - 1]}\n{self._subset_words(section)}" if section else "Candidate"
        if role == Qt.ItemDataRole.ToolTipRole and section:
            words = self._subset_words(section)
            return f"{self._columns[section - 1].help}{f' ({words})' if words else ''}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        version = self.versions[index.row()]
        comparison = self._workspace.comparison(version.key)
        if role == Qt.ItemDataRole.UserRole:
            return self._cell(version, comparison, index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            cell = self._cell(version, comparison, index.column())
            return f"{cell.value} ({cell.interval})" if cell.interval else cell.value
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(self._tip(version, comparison, index.column()))
        return None

    def renew(self, version: Version) -> None:
        """Its logit offset has changed."""
        row = self.versions.index(version)
        self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    @property
    def titles(self) -> list[str]:
        """Of the columns behind the name."""
        return [column.title for column in self._columns]

    def _subset_words(self, section: int) -> str:
        return SUBSET_WORDS[self.subset] if self._columns[section - 1].has_subset else ""

    def _cell(self, version: Version, comparison: Comparison | None, column: int) -> Cell:
        if column == 0:
            return Cell(version.label, self._remark(version, comparison), theme.version_color(version.color))
        if comparison is None:
            return NOTHING
        return self._columns[column - 1].cell(At(self._workspace, version, comparison, self.subset))

    def _remark(self, version: Version, comparison: Comparison | None) -> str:
        if comparison is None:
            return version.problem or ("being trained" if version.is_training else "waiting for its predictions")
        if star := self._workspace.recommending.star(version.key, short=True):
            return star
        if gamma := self._workspace.offsets.of(version.key):
            return f"at γ = {number(gamma, 2)}"
        return {"reference": "reference", "noise_floor": "noise floor"}.get(version.role, "")

    def _tip(self, version: Version, comparison: Comparison | None, column: int) -> str:
        if column == 0 or comparison is None:
            return version.problem or version.label
        return self._columns[column - 1].tip(At(self._workspace, version, comparison, self.subset))


class CellDelegate(QStyledItemDelegate):
    """Value above, interval below and smaller."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(64, 2 * option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: Cell = index.data(Qt.ItemDataRole.UserRole)
        colors, box = theme.colors(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(theme.selected()))
        inside = box.adjusted(8 if index.column() == 0 else 2, 4, -5, -4)
        if index.column() == 0:
            painter.fillRect(QRect(box.x(), box.y() + 4, 4, box.height() - 8), QColor(cell.color))
        side = Qt.AlignmentFlag.AlignRight if index.column() else Qt.AlignmentFlag.AlignLeft
        middle = Qt.AlignmentFlag.AlignVCenter
        font, small = QFont(option.font), QFont(option.font)
        font.setBold(index.column() == 0)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        half = QRect(inside.x(), inside.y(), inside.width(), inside.height() // 2 if cell.interval else inside.height())
        elide = Qt.TextElideMode.ElideMiddle
        painter.drawText(half, side | middle, painter.fontMetrics().elidedText(cell.value, elide, half.width()))
        if cell.interval:
            small.setBold(False)
            small.setPointSizeF(small.pointSizeF() * SMALL)
            painter.setFont(small)
            painter.setPen(QColor(colors.accent if cell.interval.startswith("★") else colors.muted))
            lower = half.translated(0, half.height())
            text = painter.fontMetrics().elidedText(cell.interval, Qt.TextElideMode.ElideRight, lower.width())
            painter.drawText(lower, side | middle, text)


class StayingMenu(QMenu):
    """Stays open while what can be checked is clicked: who chooses columns chooses several."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        action = self.actionAt(event.position().toPoint())
        if action is not None and action.isCheckable():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)


class CandidatesTable(QTableView):
    """The selected row is the candidate on show."""

    chosen = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.candidates = CandidatesModel(workspace, parent=self)
        self.setModel(self.candidates)
        self.setItemDelegate(CellDelegate(self))
        of_whole_rows(self, "Candidates")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda where: self.columns_menu().popup(header.mapToGlobal(where)))
        header.setStyleSheet(
            f"QHeaderView::section {{ padding: 6px {_HEADER_PADDING}px; font-size: {_HEADER_POINTS}pt; }}"
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.selectionModel().currentRowChanged.connect(self._choose)
        self.horizontalScrollBar().rangeChanged.connect(self._fit_height)
        theme.notifier().changed.connect(self.viewport().update)

    def refresh(self, subset: Subset) -> None:
        """Read the workspace again."""
        self.candidates.refresh(subset)
        self._size()
        self.follow_current()

    def columns_menu(self) -> QMenu:
        """Which columns there are, and what puts more of them there."""
        menu = StayingMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in self.candidates.offered():
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(self.candidates.kept.wants(column))
            action.toggled.connect(partial(self._want, column))
        menu.addSeparator()
        costs = self._workspace.costs
        measure = menu.addAction("Measure cost", costs.measure)
        measure.setEnabled(not costs.why_not())
        return menu

    def show_costs(self) -> None:
        """Bring the columns of costs into sight."""
        last = self.candidates.last_cost()
        if last:
            self.scrollTo(self.candidates.index(0, last))

    def _want(self, column: Column, wanted: bool) -> None:
        self.candidates.kept.want(column, wanted)
        self.refresh(self.candidates.subset)

    def follow_current(self) -> None:
        """Select the row of the workspace's current candidate."""
        current = self._workspace.current
        if current not in self.candidates.versions:
            return
        index = self.candidates.index(self.candidates.versions.index(current), max(0, self.currentIndex().column()))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().blockSignals(True)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.selectionModel().blockSignals(False)
        self.viewport().update()

    def _size(self) -> None:
        height = 2 * self.fontMetrics().height() + 12
        self.verticalHeader().setDefaultSectionSize(height)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self._least_width())
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self._fit_names()
        self._fit_height()

    def _fit_names(self) -> None:
        """Whole where the figures leave room."""
        widest = max((self.fontMetrics().horizontalAdvance(v.label) for v in self.candidates.versions), default=0)
        figures = self.horizontalHeader().minimumSectionSize() * (self.candidates.columnCount() - 1)
        room = max(_WIDEST, self.viewport().width() - figures)
        self.setColumnWidth(0, min(room, max(112, round(widest * 1.1) + 26)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_names()

    def _fit_height(self, *_: int) -> None:
        """Room for the rows, and for the scroll bar where columns are out of sight."""
        bar = self.horizontalScrollBar()
        rows = min(_ROWS_SHOWN, max(1, self.candidates.rowCount()))
        below = bar.sizeHint().height() if bar.maximum() > 0 else 0
        height = rows * self.verticalHeader().defaultSectionSize() + self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(height + below + 4)

    def _least_width(self) -> int:
        """Of a column: room for every word of the header and for the widest interval; then the table scrolls."""
        subset, small = SUBSET_WORDS[self.candidates.subset], QFont(self.font())
        small.setPointSizeF(max(_HEADER_POINTS, small.pointSizeF() * SMALL))
        small.setBold(True)  # as the headers are
        metrics = QFontMetrics(small)
        words = [*self.candidates.titles, subset, "99.9–99.9", "p < 0.001"]
        return max(metrics.horizontalAdvance(word) for word in words) + 2 * _HEADER_PADDING + 6

    def _choose(self, current: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self.candidates.versions[current.row()].key)
