"""Which of the open candidates to ship: the lowest NFR (old classes) close enough to plain training's accuracy."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Subset
from mpt_studio.decide import Recommendation, recommend
from mpt_studio.decide.recommending import TOLERANCE
from mpt_studio.gui.beside.jobs import Latest
from mpt_studio.gui.widgets.plain import number
from mpt_studio.gui.workspace.deciding import Deciding
from mpt_studio.gui.workspace.opened import Opened

Contenders = dict[str, Comparison]
_SAME = 0.005
"""Offsets are shown with two digits."""


class Recommending(QObject):
    """The choice among a workspace's candidates, made when first asked for.

    Beside the window where that takes long: at any logit offset, and by a policy.
    """

    changed = Signal()
    """Another candidate is picked, or the same at another offset, or it is being looked for."""

    def __init__(self, opened: Opened, deciding: Deciding) -> None:
        super().__init__(opened)
        self._opened, self._deciding = opened, deciding
        self._latest = Latest(self._fail, self)
        self._asked: tuple[object, ...] = ()
        self._picked: Recommendation | None = None
        self._is_fresh = False
        self.any_offset = False
        """Whether the choice is among all points of all curves."""
        self.tolerance = TOLERANCE
        """How far below plain training's accuracy (all) a candidate may be, as a fraction."""
        self.subset: Subset | None = None
        """Whose NFR decides: that of the table beside it; the usual one before somebody has chosen."""
        self._policy, self._is_unknown = deciding.in_force, deciding.is_unknown
        opened.versions_changed.connect(self.forget)
        deciding.changed.connect(self._follow_policy)

    def forget(self) -> None:
        """Something it depends on may have changed."""
        self._is_fresh = False

    @property
    def picked(self) -> Recommendation | None:
        """What is recommended now.

        None while it is looked for, and where plain training or all others are not among the versions.
        """
        if not self._is_fresh:
            self._is_fresh = True
            self._ask()
        return self._picked

    @property
    def is_looking(self) -> bool:
        """Whether ``picked`` is on its way."""
        return self._latest.is_busy

    def _ask(self) -> None:
        contenders = None if self._is_unknown else self.contenders()
        plain, candidates = contenders or (None, {})
        asked = (plain, *candidates.values(), self.tolerance, self.subset, self.any_offset, self._policy)
        if asked == self._asked:
            return
        self._asked, self._picked = asked, None
        self._latest.cancel()
        if plain is None:
            return
        work = partial(
            recommend, plain, candidates, self.tolerance,
            policy=self._policy, any_offset=self.any_offset, subset=self.subset,
        )  # fmt: skip
        beside = self.any_offset or self._policy is not None
        self._latest.ask(lambda _: work(), self._take if beside else self._keep, beside=beside)

    def _keep(self, picked: Recommendation) -> None:
        self._picked = picked

    def _take(self, picked: Recommendation) -> None:
        self._keep(picked)
        self.changed.emit()

    def _fail(self, sentence: str, detail: str) -> None:
        self._opened.message.emit("warning", sentence, detail)

    def _renew(self) -> None:
        self.forget()
        self.changed.emit()

    def _follow_policy(self) -> None:
        policy = self._deciding.in_force
        if policy is not None and not policy.asks():
            policy = None
        if (policy, self._deciding.is_unknown) != (self._policy, self._is_unknown):
            self._policy, self._is_unknown = policy, self._deciding.is_unknown
            self._renew()

    def look_at(self, subset: Subset) -> None:
        """Decide by the NFR of this subset from now on."""
        if subset != self.subset:
            self.subset = subset
            self._renew()

    def choose(self, any_offset: bool) -> None:
        """Among all offsets, or only as trained."""
        if any_offset != self.any_offset:
            self.any_offset = any_offset
            self._renew()

    def allow(self, tolerance: float) -> None:
        """So much accuracy may be lost, as a fraction."""
        if tolerance != self.tolerance:
            self.tolerance = tolerance
            self._renew()

    @property
    def by_policy(self) -> bool:
        """Whether the verdict comes before the figures."""
        return self._policy is not None

    def star(self, key: str, *, short: bool = False) -> str:
        """What to write beside a candidate: "★ recommended at γ = 0.85"; empty beside all others.

        Empty as well where it is looked at under another offset than the one that is recommended.
        """
        picked, shown = self.picked, self._opened.offsets.of(key)
        if picked is None or picked.key != key or not may_ship(picked):
            return ""
        gamma = picked.gamma
        if shown and abs(shown - gamma) > _SAME:
            return ""
        if abs(gamma) <= _SAME:
            return "★ recommended"
        return f"{'★' if short else '★ recommended'} at γ = {number(gamma, 2)}"

    def contenders(self) -> tuple[Comparison, Contenders] | None:
        """Plain training's comparison and those to choose among, itself too; None where there is nothing to choose."""
        candidates = self._opened.candidates
        plain = next((v for v in candidates if v.role == "reference"), None)
        wanted = [v for v in candidates if v.role != "noise_floor"]
        made = {v.key: c for v in wanted if (c := self._opened.comparison(v.key)) is not None}
        return (made[plain.key], made) if plain is not None and plain.key in made and len(made) > 1 else None


def may_ship(picked: Recommendation) -> bool:
    """Whether it is recommended without a doubt: nothing else has a star."""
    return bool(picked.key) and (picked.verdict is None or picked.verdict.decided == "ship")
