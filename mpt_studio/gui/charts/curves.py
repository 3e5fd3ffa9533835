"""The curves of an update: six plots over the same x axis, which runs they show, smoothing, overlays, export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.events import Event
from mpt_studio.gui.beside.jobs import Turns
from mpt_studio.gui.charts.curve_data import AXES, PLOTS, RunCurves, ShownRun, write_csv
from mpt_studio.gui.charts.plot_legend import RunLegend
from mpt_studio.gui.charts.plots import CurvePlot
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, tab_in_order
from mpt_studio.gui.widgets.wheel import ComboBox, Slider

_ROW_HEIGHT = 136


class CurvesPanel(QWidget):
    """Takes events run by run and redraws now and then, plot by plot, only what changed."""

    failed = Signal(str)
    """A sentence: an export could not be written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, ShownRun] = {}
        self._x_auto = True
        self._enlarged = ""
        self._arranged: tuple[tuple[str, ...], int] = ((), 0)
        self._x_end = 0.0
        self.redraws = Turns(self._redraw_in_parts, self)
        self.plots = {spec.key: CurvePlot(spec, self) for spec in PLOTS}
        self._legend = RunLegend(self)
        self._legend.toggled.connect(self.set_visible)
        self._legend.remove_asked.connect(self.remove_run)
        self._lay_out()
        for plot in self.plots.values():
            self._connect(plot)
        self.set_empty("Curves appear here as soon as training begins.")
        self._axis_changed()
        theme.notifier().changed.connect(self._recolor)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setProperty("plain", True)
        self._grid = bare(QGridLayout(content), spacing=theme.SPACE)
        self._scroll = QScrollArea(self, widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(content)
        layout = bare(QVBoxLayout(self), spacing=theme.SPACE // 2)
        layout.addWidget(self._make_toolbar())
        layout.addWidget(self._legend)
        layout.addWidget(self._scroll, 1)

    def _make_toolbar(self) -> QWidget:
        self.axis = ComboBox(self)
        for text, key in (("by epoch", "epoch"), ("by step", "step"), ("by time", "time")):
            self.axis.addItem(text, key)
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.currentIndexChanged.connect(self._axis_changed)
        self.smoothing = Slider(self)
        self.smoothing.setRange(0, 99)
        self.smoothing.setMinimumWidth(60)
        self.smoothing.setMaximumWidth(120)
        self.smoothing.setAccessibleName("Smoothing")
        plain.set_tip(self.smoothing, "Exponential smoothing of loss and speed; others have one point per epoch.")
        self.smoothing.valueChanged.connect(self._settings_changed)
        self.log = self._button("Log scale", "Logarithmic value axis in all plots", checkable=True)
        self.log.toggled.connect(self._set_log)
        self.fit_button = self._button("Fit", "Follow the data again (Ctrl+R). Drag pans, Ctrl+wheel zooms.")
        self.fit_button.clicked.connect(self.fit)
        bar = QWidget(self)
        row = self._toolbar = FlowLayout(bar, spacing=theme.SPACE)
        smoothing = plain.label("Smoothing", muted=True)
        for widget in (self.axis, smoothing, self.smoothing, self.log, self.fit_button):
            row.addWidget(widget)
        row.addWidget(self._plots_button())
        row.addWidget(self._export_button())
        return bar

    def add_tool(self, widget: QWidget) -> None:
        """Put a widget at the left end of the toolbar, for the Tab key as well."""
        self._toolbar.insert_widget(0, widget)
        items = [item for i in range(self._toolbar.count()) if (item := self._toolbar.itemAt(i)) is not None]
        tab_in_order(tool for item in items if (tool := item.widget()) is not None)

    def _button(self, text: str, tip: str, checkable: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setCheckable(checkable)
        plain.set_tip(button, tip)
        return button

    def _plots_button(self) -> QToolButton:
        button = self._button("Plots ▾", "Which plots to show")
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        self.plot_actions = {}
        for spec in PLOTS:
            action = menu.addAction(spec.title)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._arrange)
            self.plot_actions[spec.key] = action
        button.setMenu(menu)
        return button

    def _export_button(self) -> QToolButton:
        button = self._button("Export", "All curves as one table; each plot's ⋯ menu exports it alone")
        theme.set_icon(button, "export")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda: self.ask_export(None, "csv"))
        return button

    def _connect(self, plot: CurvePlot) -> None:
        plot.hovered.connect(lambda x, p=plot: self._hover(p, x))
        plot.zoomed.connect(lambda low, high, p=plot: self._zoom(p, low, high))
        plot.fit_asked.connect(self.fit)
        plot.enlarge_asked.connect(lambda p=plot: self.enlarge("" if self._enlarged else p.spec.key))
        plot.export_asked.connect(lambda kind, p=plot: self.ask_export(p, kind))

    # ---- runs --------------------------------------------------------------------------------------------------

    @property
    def run_ids(self) -> list[str]:
        """Runs on show, in order."""
        return list(self._runs)

    def clear(self, keep_overlays: bool = True) -> None:
        """Forget the runs; overlays stay unless told otherwise."""
        self._runs = {k: r for k, r in self._runs.items() if keep_overlays and r.overlay}
        self._fill_legend()
        self.fit()
        self.redraw()  # at once and where it is hidden, too: nothing of them stands under another title

    def add_run(
        self, run: str, label: str, color: int, curves: RunCurves | None = None, *, overlay: bool = False
    ) -> None:
        """Make room for a run, or show what it has; ``color`` is its version's colour index (−1 the old model)."""
        known = self._runs.get(run)
        if known is not None:
            known.label, known.color = label, color
            known.forget_lines()
        else:
            self._runs[run] = ShownRun(run, label, color, overlay, curves=curves or RunCurves())
        self._fill_legend()
        self._mark_dirty()

    def feed(self, run: str, events: Iterable[Event]) -> None:
        """Take new events of one run in."""
        curves = self._runs[run].curves
        changed = [curves.add(event) for event in events]  # all of them, so no any(…) over a generator
        if any(changed):
            self._mark_dirty()

    def set_visible(self, run: str, visible: bool) -> None:
        """Show or hide one run."""
        self._runs[run].visible = visible
        self._mark_dirty()

    def remove_run(self, run: str) -> None:
        """Take a run, such as an overlay, away."""
        self._runs.pop(run, None)
        self._fill_legend()
        self._mark_dirty()

    # ---- drawing -----------------------------------------------------------------------------------------------

    def _mark_dirty(self) -> None:
        if self.isVisible():
            self.redraws.want()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._arrange()
        self._mark_dirty()

    def redraw(self) -> None:
        """Bring all plots up to date at once."""
        for _ in self._redraw_in_parts():
            pass

    def _redraw_in_parts(self) -> Iterator[None]:
        runs = [run for run in self._runs.values() if run.visible]
        axis, smoothing = self.axis.currentData(), self.smoothing.value() / 100
        if self._x_auto:
            self._follow_x(runs)
        for key, plot in self.plots.items():
            if self._x_auto:
                plot.set_x_range(-0.01 * self._x_end, self._x_end)
            if plot.isVisibleTo(self):
                plot.draw([line for run in runs for line in run.lines(key, axis, smoothing)])
                yield

    def _follow_x(self, runs: list[ShownRun]) -> None:
        """All of the data, and some room: axes that move with every step would be painted with every step."""
        column = AXES[self.axis.currentData()]
        tables = [t for run in runs for t in run.curves.series.values() if len(t)]
        high = max((float(t.column(column)[-1]) for t in tables), default=1.0) or 1.0
        if not high <= self._x_end <= 1.08 * high:
            self._x_end = 1.04 * high

    # ---- what the user changes ---------------------------------------------------------------------------------

    @Slot()
    def _axis_changed(self) -> None:
        for plot in self.plots.values():
            plot.set_x_axis(self.axis.currentData())
        self._settings_changed()
        self.fit()

    @Slot()
    def _settings_changed(self) -> None:
        for run in self._runs.values():
            run.forget_lines()
        self._mark_dirty()

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        for plot in self.plots.values():
            plot.set_log(on)

    @Slot()
    def fit(self) -> None:
        """Follow the data again after the user zoomed or panned."""
        self._x_auto = True
        for plot in self.plots.values():
            plot.fit_values()
        self._mark_dirty()

    def _zoom(self, source: CurvePlot, low: float, high: float) -> None:
        self._x_auto = False
        for plot in self.plots.values():
            if plot is not source:
                plot.set_x_range(low, high)

    def _hover(self, source: CurvePlot, x: float | None) -> None:
        for plot in self.plots.values():
            if plot.isVisibleTo(self):
                plot.show_cursor(x, readout=plot is source)

    def enlarge(self, key: str) -> None:
        """Show one plot alone; an empty key shows all again."""
        self._enlarged = key
        self._arrange()
        self._mark_dirty()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._enlarged:
            self.enlarge("")
        else:
            super().keyPressEvent(event)

    def set_empty(self, text: str) -> None:
        """Text in plots that have no curve yet."""
        for key, plot in self.plots.items():
            plot.show_empty(text if key == "loss" else "Nothing yet")

    @Slot()
    def _recolor(self) -> None:
        for plot in self.plots.values():
            plot.refresh_colors()
        self._fill_legend()
        self._settings_changed()

    # ---- layout ------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @Slot()
    def _arrange(self) -> None:
        """As many columns as fit; plots that were switched off, or are not the enlarged one, are hidden."""
        shown = [
            k for k in self.plots if self._enlarged == k or (not self._enlarged and self.plot_actions[k].isChecked())
        ]
        columns = max(1, min(3, self.width() // 300, len(shown) or 1))
        wanted = (tuple(shown), columns)
        if wanted == self._arranged:
            return
        self._arranged = wanted
        for plot in self.plots.values():
            self._grid.removeWidget(plot)
            plot.setVisible(plot.spec.key in shown)
        rows = -(-len(shown) // columns)
        for place, key in enumerate(shown):
            self._grid.addWidget(self.plots[key], place // columns, place % columns)
        for i in range(max(3, self._grid.columnCount())):
            self._grid.setColumnStretch(i, 1 if i < columns else 0)
        for i in range(max(6, self._grid.rowCount())):
            self._grid.setRowStretch(i, 1 if i < rows else 0)
            self._grid.setRowMinimumHeight(i, _ROW_HEIGHT if i < rows else 0)
        self._mark_dirty()

    def _fill_legend(self) -> None:
        self._legend.show_runs([(k, r.label, r.color, r.visible, r.overlay) for k, r in self._runs.items()])

    # ---- export ------------------------------------------------------------------------------------------------

    def ask_export(self, plot: CurvePlot | None, kind: str) -> None:
        """Ask where to, and write one plot (PNG, SVG, CSV) or, without one, the table of all curves."""
        name = f"{plot.spec.key if plot else 'curves'}.{kind}"
        chosen, _ = QFileDialog.getSaveFileName(self, "Export curves", name, f"{kind.upper()} (*.{kind})")
        if not chosen:
            return
        try:
            self.export(Path(chosen), plot, kind)
        except UserError as error:
            self.failed.emit(str(error))

    def export(self, path: Path, plot: CurvePlot | None, kind: str) -> None:
        """Write a file. CSV holds the unsmoothed values of every visible run."""
        if not path.parent.is_dir():
            raise UserError(f"{path} could not be written: there is no folder {path.parent}.")
        if kind == "csv" or plot is None:
            runs = [(run.label, run.curves) for run in self._runs.values() if run.visible]
            paths.write_chosen(path, lambda new: write_csv(new, runs, plot.spec.key if plot else None))
        else:
            picture = plot.picture(kind)
            paths.write_chosen(path, lambda new: paths.write_bytes(new, picture))
