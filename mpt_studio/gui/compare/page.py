"""The Compare page: the table of candidates, and four views of the one on show. Every mark leads to its samples."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import SUBSET_WORDS, SUBSETS, Comparison, Filter, Samples, Subset, offsets
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.confusion import View, confused_rows
from mpt_studio.decide import deciding_subset
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind, Rates
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest
from mpt_studio.gui.charts.frontier_plot import FrontierPlot
from mpt_studio.gui.compare.bars import ClassBars, FlowView
from mpt_studio.gui.compare.candidates_table import CandidatesTable
from mpt_studio.gui.compare.card_grid import CardGrid
from mpt_studio.gui.compare.confusion_view import ConfusionView
from mpt_studio.gui.compare.head_bar import HeadBar
from mpt_studio.gui.compare.history_view import HistoryView
from mpt_studio.gui.compare.interpolation_path import Interpolation
from mpt_studio.gui.compare.offset_bar import OffsetBar
from mpt_studio.gui.compare.pick_bar import PickBar
from mpt_studio.gui.compare.pictures import write_charts
from mpt_studio.gui.compare.quadrants import Quadrants
from mpt_studio.gui.compare.statistics import Frontiers, NoiseFloor, Pairing, count_charts
from mpt_studio.gui.decide.verdict_view import VerdictView
from mpt_studio.gui.versions.class_pairs import BlockedPage
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.frames import EmptyPage, RefreshedWhenSeen, framed, scrolled
from mpt_studio.gui.widgets.plain import label, percent
from mpt_studio.gui.workspace.opened import what_runs, why_waiting
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_CHARTS_MS = 40
"""Between two draws of the charts while the offset slider moves; table, quadrants and point follow every step."""
_NOTHING = "Nothing to compare yet. Train an update, or open an old and a new version (Ctrl+O)."


class ComparePage(RefreshedWhenSeen):
    """Reads the workspace; clicks set its filter and ask for the Flips page."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._chosen: Subset | None = None
        self.frontiers, self.pairing = Frontiers(workspace, self), Pairing(workspace, self)
        self.noise = NoiseFloor(workspace)
        self._charts = QTimer(self, singleShot=True, interval=_CHARTS_MS)
        self._charts.timeout.connect(self._show_charts)
        self._latest = Latest(lambda sentence, detail: workspace.message.emit("error", sentence, detail), self)
        self._counted: Comparison | None = None
        self.verdict, self.head = VerdictView(workspace), HeadBar()
        self.table = CandidatesTable(workspace)
        self.picks, self.offset = PickBar(workspace), OffsetBar()
        self.basis, self.floor = label(wrap=True, muted=True), label(wrap=True, muted=True)
        self.reason, self.matching = self.picks.reason, label(wrap=True)
        self.title = label(bold=True, size=1.15, wrap=True)
        self.quadrants, self.frontier = Quadrants(), FrontierPlot()
        self.interpolation = Interpolation(workspace)
        self.classes, self.flow = ClassBars(), FlowView()
        self.confusion, self.history = ConfusionView(), HistoryView(workspace)
        self.nothing = EmptyPage("Open data…")
        self.nothing.asked.connect(workspace.choose_data)
        self.blocked = BlockedPage(workspace)
        self.blocked.ready.connect(self.refresh)
        self._lay_out()
        self._connect()
        self._read()

    # -- construction

    def _lay_out(self) -> None:
        content = QWidget()
        theme.mark(content, plain=True)
        column = QVBoxLayout(content)
        column.setContentsMargins(*4 * [theme.SPACE])
        column.setSpacing(theme.SPACE)
        for widget in (
            self.verdict,
            self.head,
            self.basis,
            self.table,
            self.floor,
            self.picks,
            self.matching,
            self.title,
            self.offset,
        ):
            column.addWidget(widget)
        self.grid = CardGrid(
            [
                framed("Old against update", self.quadrants),
                framed("Accuracy against NFR", self.frontier, self.interpolation),
                framed("NFR per class", self.classes),
                framed("Flow of negative flips: truth → new answer", self.flow),
                framed("Confusion", self.confusion),
                framed("Every version", self.history),
            ]
        )
        column.addLayout(self.grid, 1)
        self.scroll_area = scrolled(content)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.nothing)
        self.stack.addWidget(self.scroll_area)
        self.stack.addWidget(self.blocked)

    def _ask_export(self, kind: str) -> None:
        chosen = QFileDialog.getExistingDirectory(self, f"Folder for the charts ({kind.upper()})")
        if chosen:
            self.export_charts(Path(chosen), kind)

    def export_charts(self, folder: Path, kind: str) -> None:
        """Write every chart on show as "png" or "svg" into a folder and tell how it went."""
        charts = {card.accessibleName(): card for card in self.grid.cards if not card.isHidden()}
        try:
            written = write_charts(charts, self.frontier, folder, kind)
        except (UserError, OSError) as error:
            self.workspace.message.emit("error", f"The charts could not be written: {error}", "")
            return
        names = "\n".join(str(path) for path in written)
        self.workspace.message.emit("info", f"{count(len(written), 'chart')} written to {folder}.", names)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.versions_changed.connect(self.refresh)
        workspace.comparison_changed.connect(self.follow)
        workspace.data_changed.connect(self.interpolation.refresh)
        workspace.selection_changed.connect(self._highlight)
        theme.notifier().changed.connect(self.refresh)
        self.head.subset_chosen.connect(self.set_subset)
        self.head.measure.clicked.connect(lambda *_: workspace.costs.measure())
        self.head.columns.clicked.connect(lambda *_: self.head.open_columns(self.table.columns_menu()))
        self.head.export_asked.connect(self._ask_export)
        self.table.chosen.connect(workspace.set_current)
        self.quadrants.chosen.connect(lambda kind: self._show(Filter(kinds=(FlipKind(kind),), subset=self.subset)))
        self.classes.chosen.connect(lambda name: self._show(Filter(kinds=(FlipKind.NEGATIVE,), truths=(name,))))
        self.flow.chosen.connect(
            lambda pair: self._show(Filter(kinds=(FlipKind.NEGATIVE,), truths=(pair[0],), answers=(pair[1],)))
        )
        self.frontier.chosen.connect(self._show_offset)
        self.frontier.subset_changed.connect(self._mark_offset)
        self.frontier.between_chosen.connect(self.interpolation.open_point)
        self.interpolation.changed.connect(self._show_frontiers)
        self.confusion.chosen.connect(self._show_confused)
        self.history.chosen.connect(lambda samples: self._show(Filter(samples=samples)))
        self.frontiers.ready.connect(self._show_frontiers)
        self.frontiers.failed.connect(lambda sentence, detail: workspace.message.emit("error", sentence, detail))
        self.pairing.found.connect(lambda: self.table.candidates.set_pairs(self.pairing.pairs))
        workspace.recommending.changed.connect(self.table.viewport().update)
        workspace.costs.changed.connect(self.refresh)
        workspace.costs.measured.connect(self.table.show_costs)
        self.offset.changed.connect(workspace.set_offset)
        workspace.offsets.stepped.connect(self._follow_offset)

    def renew(self) -> None:
        """The window is in front again: the policy may have been edited elsewhere."""
        self.workspace.deciding.look()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.grid.fit(self.width())

    # -- content

    @property
    def subset(self) -> Subset:
        """The one that was chosen; before that, the one that the sentence below the table decides on."""
        workspace = self.workspace
        made = (workspace.comparison(version.key) for version in workspace.candidates)
        first = next((comparison for comparison in made if comparison is not None), None)
        return self._chosen or (deciding_subset(first) if first is not None else "old_classes")

    def set_subset(self, subset: Subset) -> None:
        """Show the table and the quadrants over this subset from now on."""
        self._chosen = subset
        self.workspace.recommending.look_at(subset)
        self._refresh()

    def _refresh(self) -> None:
        workspace = self.workspace
        comparison, old, current = workspace.comparison(), workspace.old, workspace.current
        found = [c for c in (workspace.comparison(v.key) for v in workspace.candidates) if c is not None]
        some = bool(found)
        if comparison is None and self.blocked.covers():
            self.stack.setCurrentWidget(self.blocked)
            return
        self.stack.setCurrentIndex(1 if some else 0)
        if not some:
            self.nothing.tell(self._why_nothing(), offers=bool(workspace.waiting_for_data))
            return
        self._offer_new_classes(any(c.class_is_new.any() for c in found))
        self.verdict.refresh()
        self.head.show_subset(self.subset)
        self.table.refresh(self.subset)
        self.head.show_measuring(workspace.costs.why_not())
        self.floor.setText(self.noise.sentence(self.subset))
        self.floor.setVisible(bool(self.floor.text()))
        self.picks.refresh()
        self.title.setText(f"{workspace.current_name} against {old.label}" if current and old else "")
        self._show_comparison(comparison)
        self._show_frontiers()
        self._highlight()

    def _offer_new_classes(self, some: bool) -> None:
        """Figures over new classes, only where there are any."""
        self.head.subsets.button(SUBSETS.index("new_classes")).setVisible(some)
        if self._chosen == "new_classes" and not some:
            self._chosen = None

    def _why_nothing(self) -> str:
        current = self.workspace.current
        if current and current.problem:
            return current.problem
        return why_waiting(self.workspace) or what_runs(self.workspace) or _NOTHING

    def _show_comparison(self, comparison: Comparison | None) -> None:
        for part in (self.title, self.offset):
            part.setVisible(comparison is not None)
        self.grid.show_cards((self.grid.cards[0], *self.grid.cards[2:5]), comparison is not None)
        self.matching.setVisible(False)
        if comparison is None:
            self._clear_charts()
            return
        self._show_rates(comparison.rates(self.subset))
        self._show_charts()
        sentences = [*comparison.matching.sentences(), *missing.sentences(comparison)]
        self.matching.setText("⚠ " + " ".join(sentences))
        self.matching.setStyleSheet(f"color: {theme.colors().both_wrong}")
        self.matching.setVisible(bool(sentences))

    def _show_rates(self, rates: Rates) -> None:
        over = "all samples" if self.subset == "all" else SUBSET_WORDS[self.subset]
        self.basis.setText(
            f"Over {over}, n = {count(rates.samples)}{self._old_accuracy(rates)}. Small:\u00a095\u00a0%\u00a0intervals."
        )
        self.quadrants.show_rates(rates)

    def _old_accuracy(self, rates: Rates) -> str:
        """On the classes that the old model knows first: on others it cannot be right."""
        current = self.workspace.current
        comparison = self.workspace.comparison(current.key) if current is not None else None
        own = comparison.rates("old_classes") if comparison is not None else rates
        if own.accuracy_old is None or rates.accuracy_old is None:
            return ""
        here = "" if self.subset == "old_classes" else f", {percent(rates.accuracy_old)} on these"
        return f"; the old model's accuracy is {percent(own.accuracy_old)} on its own classes{here}"

    def _show_charts(self) -> None:
        """Beside the window where samples are many: the charts of the last offset stay until the new ones are there."""
        comparison = self.workspace.comparison()
        if comparison is None:
            return
        if comparison is self._counted:
            self._draw_charts(comparison)
            return
        if self._counted is not None and self._counted.annotations is not comparison.annotations:
            self._clear_charts()  # of other samples
        beside = len(comparison) > DIRECT_SAMPLES
        self._latest.ask(lambda stop: count_charts(comparison, stop), self._draw_charts, beside=beside)

    def _draw_charts(self, comparison: Comparison) -> None:
        self._counted = comparison
        for chart in (self.classes, self.flow, self.confusion):
            chart.show_comparison(comparison)
        self.grid.show_cards(self.grid.cards[5:], self.history.refresh())
        self.pairing.ask(self.subset)
        self._highlight()

    def _clear_charts(self) -> None:
        self._latest.cancel()
        self._counted = None
        for chart in (self.classes, self.flow, self.confusion):
            chart.show_comparison(None)
        self.grid.show_cards(self.grid.cards[5:], False)

    def _let_go(self) -> None:
        self._charts.stop()
        self._clear_charts()

    def _show_frontiers(self) -> None:
        current = self.workspace.current
        self.interpolation.refresh()
        mixed = self.interpolation.curve(), self.frontiers.fusion()
        key = current.key if current else ""
        self.frontier.show_curves(self.frontiers.candidates(), key, [curve for curve in mixed if curve])
        self._offer_offsets()

    # -- the logit offset

    def _offer_offsets(self) -> None:
        """Give the slider the range of offsets that the plot shows of the current candidate."""
        current = self.workspace.current
        curve = next((c for c in self.frontier.given[0] if current is not None and c.key == current.key), None)
        shown = self.workspace.comparison()
        self.frontier.without = missing.reason(shown, "frontier") if shown is not None else ""
        if shown is not None and self.frontier.without:
            self.offset.wait(missing.reason(shown, "offset"))
        elif current is None or curve is None:
            self.offset.wait("The offsets of this candidate are being computed, or it has no samples of old classes.")
        elif len(curve.offset) < 2:
            self.offset.wait()
        else:
            self.offset.offer(*curve.reach, self.workspace.offsets.of(current.key))
        self._mark_offset()

    def _follow_offset(self) -> None:
        """One step of the slider: what the counts of the offsets tell, whatever the number of samples."""
        current = self.workspace.current
        base = self.workspace.comparison(current.key) if current is not None else None
        if self._stale or current is None or base is None:
            return
        gamma = self.workspace.offsets.of(current.key)
        self.offset.show_gamma(gamma)
        self.table.candidates.renew(current)
        self._show_rates(offsets(base).rates(gamma, self.subset))
        self._mark_offset()
        if not self._charts.isActive():
            self._charts.start()

    def _mark_offset(self) -> None:
        current = self.workspace.current
        base = self.workspace.comparison(current.key) if current is not None else None
        gamma = self.workspace.offsets.of(current.key) if current is not None else 0.0
        if current is None or base is None or not gamma:
            self.frontier.show_offset(None)
            return
        rates, subset = partial(offsets(base).rates, gamma), self.frontier.subset
        nfr, accuracy = rates("old_classes").nfr, rates(subset).accuracy_new
        self.frontier.show_offset((current.key, gamma, 100 * (nfr or 0.0), 100 * (accuracy or 0.0)))

    # -- clicks and selection

    def _show(self, chosen: Filter) -> None:
        self.workspace.set_filter(chosen)
        self.workspace.show_flips.emit()

    def _show_offset(self, key: str, offset: float) -> None:
        self.workspace.set_current(key)
        self.workspace.set_offset(offset)
        self._show(Filter(kinds=(FlipKind.NEGATIVE,), subset="old_classes"))

    def _show_confused(self, view: View, truth: str, answer: str) -> None:
        comparison = self.workspace.comparison()
        if comparison is None:
            return
        if view == "difference":
            origin = f"{truth} answered as {answer} by one version only"
            self._show(Filter(samples=Samples(confused_rows(comparison, view, truth, answer), origin)))
        elif view == "old":
            self._show(Filter(truths=(truth,), old_answers=(answer,)))
        else:
            self._show(Filter(truths=(truth,), answers=(answer,)))

    def _highlight(self) -> None:
        """In the charts of what is counted, whose samples are those on show."""
        comparison, row = self._counted, self.workspace.selected
        self.confusion.highlight(row if comparison is not None else None)
        if comparison is None or row is None:
            self.quadrants.highlight(None)
            self.classes.bars.highlight(None)
            self.flow.bars.highlight(None)
            return
        truth, answer = comparison.names[comparison.truth[row]], comparison.names[comparison.new_answer[row]]
        self.quadrants.highlight(int(comparison.kinds[row]))
        self.classes.bars.highlight(truth)
        self.flow.bars.highlight((truth, answer))
