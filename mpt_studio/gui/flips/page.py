"""The Flips page: facets, chips, sort order and the image grid over the workspace's filter."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison, Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.flips.chips import ChipBar
from mpt_studio.gui.flips.facets import FacetPanel
from mpt_studio.gui.flips.grid import FlipGrid
from mpt_studio.gui.flips.map_view import MapBeside
from mpt_studio.gui.flips.rates_line import RatesLine
from mpt_studio.gui.flips.search_field import SearchField
from mpt_studio.gui.flips.tools import FlipTools
from mpt_studio.gui.sample.image import Viewer
from mpt_studio.gui.sample.side_by_side import SideBySide
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.frames import EmptyPage, RefreshedWhenSeen
from mpt_studio.gui.workspace.opened import what_runs, why_waiting
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_NO_VERSIONS = "No comparison is open. Train an update, or open an old and a new version (Ctrl+O)."


class FlipsPage(RefreshedWhenSeen):
    """Reads the workspace's rows; the grid's current item is the workspace's selection."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.thumbnails = workspace.thumbnails(self)
        self.facets = FacetPanel(workspace)
        self.chips, self.search = ChipBar(), SearchField(workspace)
        self.grid = FlipGrid(self.thumbnails)
        self.viewer, self.beside = Viewer(workspace), SideBySide(workspace)
        self.result, self.rates = ElidedLabel(from_end=True), RatesLine(workspace)
        self.tools = FlipTools(workspace, self.grid)
        self.empty = EmptyPage("Open data…")
        self.empty.asked.connect(workspace.choose_data)
        self.stack = QStackedWidget()
        self._follows = self._arrives = False
        self._shown: object = None
        workspace.judging.chosen_rows = self.grid.selected_rows
        self.grid.flips.note_of = workspace.judging.note_of
        self._lay_out()
        self._connect()
        self._read()

    # -- construction

    def _lay_out(self) -> None:
        found = QHBoxLayout()
        self.result.setContentsMargins(0, 4, 0, 4)
        theme.mark(self.result, subheading=True)
        found.addWidget(self.result, 0, Qt.AlignmentFlag.AlignTop)
        found.addWidget(self.chips, 1)
        for page in (self.grid, self.empty, self.viewer, self.beside):
            self.stack.addWidget(page)
        right = QWidget()
        column = bare(QVBoxLayout(right), spacing=theme.SPACE)
        column.addWidget(self.search)
        column.addWidget(self.tools)
        column.addLayout(found)
        column.addWidget(self.rates.label)
        column.addWidget(MapBeside(self.workspace, self.stack, self.grid, self.tools), 1)
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.facets)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([226, 800])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * [theme.SPACE])
        layout.addWidget(self.splitter)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.filter_changed.connect(self.refresh)
        workspace.rows_changed.connect(self.refresh)
        workspace.comparison_changed.connect(self.search.refresh)
        workspace.comparison_changed.connect(self.follow)
        workspace.versions_changed.connect(self._show_result)
        workspace.data_changed.connect(self.refresh)
        workspace.judging.changed.connect(self.grid.viewport().update)  # notes
        workspace.selection_changed.connect(self._selection_changed)
        self.chips.removed.connect(lambda field: workspace.set_filter(workspace.filter.without(field)))
        self.chips.cleared.connect(lambda: workspace.set_filter(Filter()))
        self.grid.current_row.connect(self._current_changed)
        self.grid.opened.connect(self._open)
        self.grid.glanced.connect(self._open)
        self.viewer.closed.connect(self.close_viewer)
        self.beside.closed.connect(self.close_viewer)
        self.viewer.stepped.connect(self._step)

    # -- content

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.workspace.explanations.load()
        self.grid.setFocus()
        self._arrives = not self.grid.isVisible()

    def _refresh(self) -> None:
        workspace = self.workspace
        comparison, rows = workspace.comparison(), workspace.rows
        self.chips.set_chips(workspace.filter.chips() if comparison is not None else [])
        self.tools.refresh()
        self.facets.setVisible(comparison is not None)
        self.facets.refresh()
        self._follows = True
        asked = (comparison, workspace.filter, workspace.sort_key, workspace.sort_descending, workspace.group_by)
        if not self._awaits_rows(comparison):
            self.grid.set_content(
                comparison, rows, workspace.images, groups=workspace.groups, stays=asked == self._shown
            )
            self._shown = asked
        self._follows = False
        self.rates.refresh()
        self._show_result()
        self.empty.tell(self._why_empty(comparison), offers=comparison is None and bool(workspace.waiting_for_data))
        if not self._stays_open():
            self.stack.setCurrentWidget(self.grid if len(rows) else self.empty)
        if self._arrives and len(rows):  # the first rows of a page that was opened without any
            self._arrives = False
            self.grid.setFocus()
        self._selection_changed()

    def _let_go(self) -> None:
        self._follows = True
        self.grid.clear()
        self._follows = False
        self._shown = None

    def _stays_open(self) -> bool:
        """Whether what is open in place of the grid is still of the samples on show."""
        opened = self.stack.currentWidget()
        if opened is self.beside:
            return self.beside.is_open
        return opened is self.viewer and self.grid.flips.position(self.workspace.selected) is not None

    def _awaits_rows(self, comparison: Comparison | None) -> bool:
        """Whether images of the same samples are on show and newer rows on their way: one change instead of two."""
        shown = self.grid.flips.comparison if self.workspace.is_seeking else None
        return shown is not None and comparison is not None and shown.annotations is comparison.annotations

    def _show_result(self) -> None:
        """How many images are shown. Renaming a version comes here alone; anything more is followed by a refresh."""
        current, comparison = self.workspace.current, self.grid.flips.comparison
        if comparison is None or current is None:
            self.result.setText("")
            return
        shown = count(len(self.grid.flips.rows))
        seeking = " …" if self.workspace.is_seeking else ""
        self.result.setText(f"{shown}{seeking} of {count(len(comparison), 'image')} · {self.workspace.current_name}")

    def _why_empty(self, comparison: Comparison | None) -> str:
        if comparison is None:
            current = self.workspace.current
            waiting = why_waiting(self.workspace) or what_runs(self.workspace)
            return (current.problem if current else "") or waiting or _NO_VERSIONS
        if self.workspace.filter.active() == ["kinds"] and self.workspace.filter.kinds == (FlipKind.NEGATIVE,):
            return "No negative flips: every image that the old model had right is still right."
        return "No image passes all filters. Remove one of the chips above, or clear all."

    # -- selection

    def _current_changed(self, row: int | None) -> None:
        if not self._follows:
            self.workspace.select(row)

    def _selection_changed(self) -> None:
        if self._stale:
            return
        row = self.workspace.selected
        self._follows = True
        self.grid.select_row(row)
        self._follows = False
        self.facets.highlight(row)
        if self.stack.currentWidget() is self.viewer:
            self._show_in_viewer(row)

    def _open(self, row: int) -> None:
        self.workspace.select(row)
        self.stack.setCurrentWidget(self.viewer)
        self._show_in_viewer(row)
        self.viewer.setFocus()

    def _open_beside(self) -> None:
        self.beside.show_rows(self.grid.selected_rows())
        self.stack.setCurrentWidget(self.beside)
        self.beside.setFocus()

    def _show_in_viewer(self, row: int | None) -> None:
        position = self.grid.flips.position(row)
        if row is None or position is None:
            self.close_viewer()
            return
        self.viewer.show_row(row, position, len(self.grid.flips.rows))

    def _step(self, by: int) -> None:
        at = self.grid.currentIndex().row() + by
        self.grid.setCurrentIndex(self.grid.flips.index(max(0, min(at, len(self.grid.flips.rows) - 1))))

    def close_viewer(self) -> None:
        """Back to the grid."""
        if self.stack.currentWidget() in (self.viewer, self.beside):
            self.stack.setCurrentWidget(self.grid if len(self.grid.flips.rows) else self.empty)
            self.grid.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.grid.selected_rows().size > 1:
            self.grid.selectionModel().clearSelection()
        elif event.key() == Qt.Key.Key_Escape:
            self.workspace.show_compare.emit()  # one level back, from the images to the comparison
        elif event.key() == Qt.Key.Key_C and not event.modifiers() and self.grid.selected_rows().size:
            self._open_beside()
        else:
            super().keyPressEvent(event)
