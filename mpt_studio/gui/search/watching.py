"""One search on the screen: its head, the plot, how the best improved, what mattered, and its trials."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QScrollArea, QSplitter, QVBoxLayout, QWidget

from mpt_studio.gui.charts.curve_data import PlotSpec
from mpt_studio.gui.charts.plots import CurvePlot
from mpt_studio.gui.charts.search_plot import SearchPlot
from mpt_studio.gui.compute.view import ComputeView
from mpt_studio.gui.search.live import LiveSearch
from mpt_studio.gui.search.outcome import Outcome
from mpt_studio.gui.search.picture import importance, improvement, picture_of
from mpt_studio.gui.search.status import SearchStatus
from mpt_studio.gui.search.table import TrialsTable
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.bar_list import BarList
from mpt_studio.gui.widgets.frames import framed
from mpt_studio.store.compute import Compute

REDRAW_MS = 150
"""At most so often while trials come; a search that is opened late brings hundreds at once."""
_IMPROVEMENT = PlotSpec(
    "nfr", "How the best improved", "NFR %, trial by trial", "Lowest NFR (old classes) within the limits"
)
_TOO_FEW = "From 16 finished trials on: which parameter the NFR depended on."


class SearchView(QWidget):
    """``asked`` carries a button's key, ``trial_opened`` the number of a trial."""

    asked = Signal(str)
    trial_opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.live: LiveSearch | None = None
        self._is_stale = False
        self.status, self.plot, self.table = SearchStatus(self), SearchPlot(), TrialsTable()
        self.compute = ComputeView(self)
        self.improvement = self._make_improvement()
        self.importance = BarList("importance", name_share=0.56, text_width=48, fixed_rows=6)
        self.outcome = Outcome()
        self._outcome_card = framed("Outcome", self.outcome)
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        self._lay_out()
        self.status.asked.connect(self.asked)
        self.plot.chosen.connect(self.trial_opened)
        self.table.opened.connect(self.trial_opened)
        self.table.selected.connect(self.plot.select)
        theme.notifier().changed.connect(self._recolor)

    def _make_improvement(self) -> CurvePlot:
        made = CurvePlot(_IMPROVEMENT)
        made.set_x_axis("trial")
        made.menu_button.hide()
        made.show_empty("The first point comes when plain training is there.")
        made.setFixedHeight(190)
        made.hovered.connect(lambda x: made.show_cursor(x, readout=True))
        return made

    def _lay_out(self) -> None:
        side, beside = QWidget(), QScrollArea(widgetResizable=True)
        side.setProperty("plain", True)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self._outcome_card)
        column.addWidget(self.improvement)
        column.addWidget(framed("What the NFR depended on", self.importance))
        column.addStretch(1)
        beside.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        beside.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        beside.setMinimumWidth(330)
        beside.setWidget(side)
        across = QSplitter(Qt.Orientation.Horizontal)
        down = QSplitter(Qt.Orientation.Vertical)
        plot = framed("NFR against accuracy, on the validation part", self.plot)
        _share(across, (plot, 3), (beside, 2))
        _share(down, (across, 5), (self.table, 4))
        for splitter in (across, down):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(theme.SPACE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.status)
        layout.addWidget(self.compute)
        layout.addWidget(down, 1)

    def show_search(self, live: LiveSearch, runs: bool, compute: Compute | None = None) -> None:
        """Show another one, or the same as it is on disk now."""
        if self.live is None or self.live.id != live.id:
            self.plot.select(None)
            self.plot.fit()
        self.live = live
        self.show_status(runs, compute)
        self._draw_when_seen()

    def select_run(self, run: str) -> None:
        """Mark the trial of a run in table and plot."""
        trials = self.live.state.trials if self.live is not None and run else ()
        for trial in trials:
            if trial.run == run:
                self.table.select(trial.number)

    def show_status(self, runs: bool, compute: Compute | None = None) -> None:
        """The head alone: quick enough for every batch of events."""
        if self.live is not None:
            self.status.show_search(self.live, runs)
            self.compute.show_compute(compute if runs else None, self.live.progress.told_of)

    def _recolor(self) -> None:
        self.improvement.refresh_colors()
        self._draw_when_seen()

    def trials_changed(self) -> None:
        """Draw soon, once for all that come meanwhile."""
        self._is_stale = True
        if self.isVisible() and not self._redraw.isActive():
            self._redraw.start()

    def _draw_when_seen(self) -> None:
        self._is_stale = True
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._draw()

    def _draw(self) -> None:
        if self.live is None:
            return
        self._is_stale = False
        state = self.live.state
        self.plot.draw(picture_of(state))
        self.table.show_trials(state.trials, None if state.best is None else state.best.number)
        self.improvement.draw(improvement(state.trials))
        self.improvement.set_x_range(0, max(1, len(state.trials) - 1))
        self.importance.set_rows(importance(state.importance), _TOO_FEW)
        result = None if self.live.is_alive else state.result
        self._outcome_card.setVisible(bool(result and result.get("test")))
        self.outcome.show_result(result)

    def refit(self) -> None:
        """All charts to their data."""
        self.plot.fit()
        self.improvement.fit_values()

    def close_view(self) -> None:
        """Nothing is drawn any more."""
        self._redraw.stop()


def _share(splitter: QSplitter, *parts: tuple[QWidget, int]) -> None:
    for place, (widget, stretch) in enumerate(parts):
        splitter.addWidget(widget)
        splitter.setStretchFactor(place, stretch)
