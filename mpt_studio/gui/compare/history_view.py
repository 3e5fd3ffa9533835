"""More than two versions: NFR between every pair, and what became of samples from the first version to the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from mpt_studio.compare import FATE_NAMES, Comparison, Fate, History, Samples, history
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare
from mpt_studio.gui.widgets.matrix_view import Cells, MatrixView
from mpt_studio.gui.widgets.plain import interval, label, percent, set_tip
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Ints
from mpt_studio.units import count

_FATES = (Fate.LOST, Fate.RECOVERED, Fate.FLAKY, Fate.ALWAYS_WRONG)
_MEANINGS = {
    Fate.LOST: "right first, then wrong to the end",
    Fate.RECOVERED: "right, wrong for a while, right again to the end",
    Fate.FLAKY: "any other back and forth",
    Fate.ALWAYS_WRONG: "wrong in every version",
}


class HistoryView(QWidget):
    """``chosen`` carries ``Samples`` of the comparison on show."""

    chosen = Signal(object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.history: History | None = None
        self._last: Comparison | None = None
        self._asked: tuple[object, ...] = ()
        self._latest = Latest(lambda sentence, detail: self._fail(sentence), self)
        self.matrix = MatrixView("NFR between every pair of versions", "from", "to")
        self.matrix.setMinimumHeight(200)
        self.order, self.readout = label(wrap=True, muted=True), label(wrap=True, muted=True)
        self.readout.setMinimumHeight(2 * self.fontMetrics().height() + 2)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        sets = QWidget()
        row = FlowLayout(sets, spacing=4)
        self.buttons: dict[Fate, QPushButton] = {}
        for fate in _FATES:
            self.buttons[fate] = QPushButton()
            self.buttons[fate].clicked.connect(lambda _=False, fate=fate: self._choose_fate(fate))
            row.addWidget(self.buttons[fate])
        layout = bare(QVBoxLayout(self))
        for widget in (self.order, sets, self.matrix, self.readout):
            layout.addWidget(widget)
        layout.setStretch(2, 1)
        self.matrix.pointed.connect(self._say)
        self.matrix.chosen.connect(self._choose_pair)

    def refresh(self) -> bool:
        """Follow the workspace under the offsets in force; tells whether there are more than two versions."""
        workspace = self._workspace
        versions = [v for v in workspace.candidates if workspace.comparison(v.key) is not None]
        old = workspace.old
        if old is None or len(versions) < 2:
            return False
        bases = [workspace.comparison(v.key) for v in versions]
        views = [workspace.offsets.view(v.key, base) for v, base in zip(versions, bases, strict=True) if base]
        names = tuple(v.label for v in (old, *versions))
        asked = (names, *views)
        if asked != self._asked:
            self._asked = asked
            beside = len(views[-1]) > DIRECT_SAMPLES
            self._latest.ask(lambda stop: _follow(views, names), lambda h: self._take(h, views[-1]), beside=beside)
        return True

    def _take(self, found: History, last: Comparison) -> None:
        self.history, self._last = found, last
        n = len(found)
        self.order.setText(f"{' → '.join(found.versions)}. All samples that every version answered, n = {count(n)}.")
        for fate, samples in found.counts().items():
            if (button := self.buttons.get(fate)) is not None:
                button.setText(f"{FATE_NAMES[fate].capitalize()}  {count(samples)}")
                button.setAccessibleName(f"{FATE_NAMES[fate]}: {count(samples)} of {count(n)}")
                button.setEnabled(samples > 0)
                set_tip(button, f"{_MEANINGS[fate].capitalize()}: {count(samples)} of {count(n, 'sample')}.")
        self.matrix.show_cells(_cells(found))
        self._say("")

    def _fail(self, sentence: str) -> None:
        self.history, self._last = None, None
        self.order.setText(sentence)
        for button in self.buttons.values():
            button.setEnabled(False)

    def _say(self, sentence: str) -> None:
        self.readout.setText(sentence or "Cells: NFR (all) from the row's version to the column's, in percent.")

    def _choose_fate(self, fate: Fate) -> None:
        if self.history is not None:
            way = " → ".join(self.history.versions)
            self._emit(self.history.samples(fate), f"{FATE_NAMES[fate]}, {way}")

    def _choose_pair(self, old: int, new: int) -> None:
        if self.history is not None:
            names = self.history.versions
            self._emit(self.history.flips(old, new), f"negative flips from {names[old]} to {names[new]}")

    def _emit(self, rows: Ints, origin: str) -> None:
        """Rows of the last comparison as rows of the one on show."""
        shown, last = self._workspace.comparison(), self._last
        if shown is None or last is None:
            return
        if shown.annotations is not last.annotations and not np.array_equal(shown.sample_ids, last.sample_ids):
            rows = shown.rows_of(last.sample_ids[rows].tolist())
            rows = np.sort(rows[rows >= 0])
        self.chosen.emit(Samples(rows, origin))


def _follow(views: Sequence[Comparison], names: Sequence[str]) -> History:
    found = history(views, names)
    _ = found.fates, found.flip_counts  # here, where it may take its time
    return found


def _cells(found: History) -> Cells:
    names, counts, n = found.versions, found.flip_counts, len(found)
    most = max(1, int(counts.max(initial=0)))

    def sentence(old: int, new: int) -> str:
        if old == new:
            return ""
        rate, bounds = percent(found.nfr(old, new)), interval(found.nfr_ci95(old, new))
        flips = f"{count(int(counts[old, new]))} of {count(n)}"
        return f"From {names[old]} to {names[new]}: NFR (all) {rate} ({bounds}), {flips} samples."

    def text(old: int, new: int) -> str:
        return "" if old == new else f"{100 * counts[old, new] / n:.1f}"

    return Cells(names, names, text, sentence, 0.7 * np.sqrt(counts / most), np.zeros(counts.shape, dtype=bool))
