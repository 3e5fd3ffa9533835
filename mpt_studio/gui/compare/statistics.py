"""What the page computes over candidates, beside the window where samples are many.

``Pairing``: is one's NFR lower than another's by more than chance? ``NoiseFloor``: how far do plain trainings differ by
chance? ``Frontiers``: what could each trade?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import (
    SUBSET_WORDS,
    Comparison,
    Frontier,
    Paired,
    Subset,
    flow,
    frontier,
    fusion,
    history,
    paired,
    per_class,
)
from mpt_studio.compare.blocks import Stop, check
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.confusion import confusion
from mpt_studio.compare.figures.noise_floor import noise_floors_of
from mpt_studio.errors import UserError
from mpt_studio.flips import wilson
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest, PoolJob
from mpt_studio.gui.charts.frontier_curve import FUSION, Curve
from mpt_studio.gui.widgets.plain import interval, percent
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

Pairs = dict[str, Paired]


class Pairing(QObject):
    """Every candidate against the one on show, on the same samples and under the offsets in force."""

    found = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.pairs: Pairs = {}
        """By the candidate's key; the one on show is not among them."""
        self._asked: tuple[object, ...] = ()
        self._latest = Latest(lambda sentence, detail: workspace.message.emit("error", sentence, detail), self)

    def ask(self, subset: Subset) -> None:
        """Compare again where something has changed; ``found`` follows, at once where samples are few."""
        workspace = self._workspace
        shown, current = workspace.comparison(), workspace.current
        if shown is None or current is None:
            self.pairs, self._asked = {}, ()
            return
        bases = {v.key: workspace.comparison(v.key) for v in workspace.candidates if v is not current}
        others = {key: workspace.offsets.view(key, base) for key, base in bases.items() if base is not None}
        asked = (subset, shown, *others.items())
        if asked == self._asked:
            return
        self._asked, self.pairs = asked, {}
        beside = len(shown) > DIRECT_SAMPLES
        self._latest.ask(lambda stop: _pair_all(shown, others, subset, stop), self._take, beside=beside)

    def _take(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.found.emit()


def _pair_all(shown: Comparison, others: Mapping[str, Comparison], subset: Subset, stop: Stop) -> Pairs:
    found: Pairs = {}
    for key, other in others.items():
        check(stop)
        try:
            found[key] = paired(other, shown, subset)
        except UserError:  # no sample in common: nothing to say
            continue
    return found


class NoiseFloor:
    """NFR between two plain trainings that differ only in the seed: differences below it may be chance."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: tuple[object, str] = (None, "")

    def sentence(self, subset: Subset) -> str:
        """On the table's subset, with its n; empty where there are no two plain trainings."""
        pair = self._pair()
        key = (self._workspace.update_id, subset, *pair)
        if key != self._known[0]:
            self._known = (key, _of_versions(pair, subset) if len(pair) == 2 else self._of_update(subset))
        return self._known[1]

    def _pair(self) -> list[Comparison]:
        workspace = self._workspace
        of_role = {v.role: v.key for v in reversed(workspace.candidates)}
        keys = [of_role[role] for role in ("reference", "noise_floor") if role in of_role]
        return [c for key in keys if (c := workspace.comparison(key)) is not None]

    def _of_update(self, subset: Subset) -> str:
        workspace = self._workspace
        try:
            result = workspace.store.update(workspace.update_id).result if workspace.update_id else None
        except UserError:
            return ""
        figures = noise_floors_of(result or {}).get(subset) or {}
        return _floor(figures["negative_flips"], figures["samples"], subset) if figures else ""


def _of_versions(pair: Sequence[Comparison], subset: Subset) -> str:
    try:
        between = history(pair)
    except UserError:
        return ""
    return _floor(*between.flips_on(1, 2, subset), subset)


def _floor(flips: int, samples: int, subset: Subset) -> str:
    if not samples:
        return ""
    return (
        f"Noise floor: two plain trainings that differ only in the seed have an NFR ({SUBSET_WORDS[subset]}, "
        f"n={count(samples)}) of {percent(flips / samples)} ({interval(wilson(flips, samples))}) between them."
    )


class Frontiers(QObject):
    """Curves of the open versions as trained, computed beside the window; ``ready`` follows where one is asked for.

    A candidate's that is there means that the comparison's offsets are there too.
    """

    ready = Signal()
    failed = Signal(str, str)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._found: dict[_Asked, Frontier] = {}
        self._jobs: dict[_Asked, PoolJob] = {}

    def candidates(self) -> list[Curve]:
        """What each candidate could trade, as far as it is computed, which takes half a frame and more."""
        compared = [(v, self._workspace.comparison(v.key)) for v in self._workspace.candidates]
        alive = {comparison for _, comparison in compared}
        self._found = {asked: found for asked, found in self._found.items() if asked[1] in alive}
        curves = []
        for version, comparison in compared:
            found = self._get("frontier", comparison) if version.role != "noise_floor" else None
            if found is not None:
                curves.append(Curve.of(version.key, version.label, version.color, version.role == "reference", found))
        return curves

    def fusion(self) -> Curve | None:
        """Of the old model and the candidate on show, once it is computed."""
        current = self._workspace.current
        found = self._get("fusion", self._workspace.comparison(current.key)) if current is not None else None
        if current is None or found is None:
            return None
        return Curve.of(current.key, current.label, current.color, False, found, FUSION)

    def _get(self, what: str, comparison: Comparison | None) -> Frontier | None:
        """None until it is computed, and where there is none to draw."""
        if comparison is None or missing.reason(comparison, what):
            return None
        asked = what, comparison
        if asked not in self._found and asked not in self._jobs:
            self._start(asked)
        found = self._found.get(asked)
        return found if found is not None and found.samples_old_classes else None

    def _start(self, asked: _Asked) -> None:
        title, compute = _CURVES[asked[0]]
        job = PoolJob(title, partial(compute, asked[1]), partial(self._keep, asked), self.failed.emit, self)
        self._jobs[asked] = job
        job.start()

    def _keep(self, asked: _Asked, found: Frontier) -> None:
        self._jobs.pop(asked, None)
        self._found[asked] = found
        self.ready.emit()


_Asked = tuple[str, Comparison]
"""What curve, of what."""
_CURVES: dict[str, tuple[str, Callable[[Comparison], Frontier]]] = {
    "frontier": ("Computing the frontier", frontier),
    "fusion": ("Mixing probabilities", fusion),
}


def count_charts(comparison: Comparison, stop: Stop) -> Comparison:
    """Have everything counted and kept that the charts ask for."""
    for work in (per_class, flow, partial(confusion, view="difference")):
        check(stop)
        work(comparison)
    return comparison
