"""The rates of what is on show, raw and without the samples whose label is wrong."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from mpt_studio.compare import SUBSET_WORDS, SUBSETS, Comparison, Subset, adjusted_rates
from mpt_studio.decide import deciding_subset
from mpt_studio.flips import Mark, Rates
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest
from mpt_studio.gui.widgets.plain import label, number, percent, set_tip
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_Found = dict[Subset, Rates]


class RatesLine:
    """A label that follows the workspace; the whole set of rates is its tooltip."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._asked: object = None
        self.label: QLabel = label(wrap=True, muted=True)
        self.label.setAccessibleName("Rates, raw and adjusted")
        self._latest = Latest(lambda sentence, detail: workspace.message.emit("error", sentence, detail), self.label)

    def refresh(self) -> None:
        """Count again."""
        comparison = self._workspace.comparison()
        self.label.setVisible(comparison is not None)
        if comparison is None:
            self._latest.cancel()
            self._asked = None
            return
        asked = (comparison, comparison.annotations.revision)
        if asked == self._asked:  # another filter changes nothing
            return
        self._asked = asked
        self._latest.ask(lambda _stop: _rates(comparison), self._show, beside=len(comparison) > DIRECT_SAMPLES)

    def _show(self, found: tuple[int, Subset, _Found, _Found]) -> None:
        wrong, subset, raw, adjusted = found
        text = f"NFR ({SUBSET_WORDS[subset]}) {_nfr(raw[subset])}"
        if wrong:
            text += f" · without {count(wrong, 'wrong label')} {_nfr(adjusted[subset])}"
        self.label.setText(text)
        shown = [s for s in SUBSETS if raw[s].samples]
        lines = [f"{_row(s, raw[s])}" + (f"\n  adjusted: {_row(s, adjusted[s])}" if wrong else "") for s in shown]
        set_tip(self.label, "\n".join(lines))


def _rates(comparison: Comparison) -> tuple[int, Subset, _Found, _Found]:
    """How many labels are wrong, the subset that decides, the raw and the adjusted rates."""
    wrong = int((comparison.marks == Mark.LABEL_WRONG).sum())
    raw = {subset: comparison.rates(subset) for subset in SUBSETS}
    adjusted = {subset: adjusted_rates(comparison, subset) for subset in SUBSETS} if wrong else raw
    return wrong, deciding_subset(comparison), raw, adjusted


def _nfr(rates: Rates) -> str:
    return f"{percent(rates.nfr, 2)} (n = {rates.samples:,})"


def _row(subset: Subset, r: Rates) -> str:
    relative = "–" if r.relative_nfr is None else number(r.relative_nfr, 2)
    return (
        f"{SUBSET_WORDS[subset]}, n = {r.samples:,}: accuracy {percent(r.accuracy_old, 2)} → "
        f"{percent(r.accuracy_new, 2)}, NFR {percent(r.nfr, 2)}, PFR {percent(r.pfr, 2)}, relative NFR {relative}"
    )
