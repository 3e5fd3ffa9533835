"""Which of the open candidates to ship: the lowest NFR (old classes) close enough to plain training's accuracy."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Subset
from mpt_studio.decide import Recommendation, recommend
from mpt_studio.decide.recommending import TOLERANCE
from mpt_studio.errors import UserError
from mpt_studio.gui.widgets.plain import number
from mpt_studio.gui.workspace.opened import Opened

Contenders = dict[str, Comparison]
_SAME = 0.005
"""Offsets are shown with two digits."""


class Recommending(QObject):
    """The choice among a workspace's candidates: as trained, computed when first asked for, or at any logit offset."""

    changed = Signal()
    """Another candidate is picked, or the same at another offset."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened = opened
        self._found: Recommendation | None = None
        self._at_offset: Recommendation | None = None
        self.any_offset = False
        """Whether the choice is among all points of all curves; ``tell`` says what it came to."""
        self.tolerance = TOLERANCE
        """How far below plain training's accuracy (all) a candidate may be, as a fraction."""
        self.subset: Subset | None = None
        """Whose NFR decides: that of the table beside it; the usual one before somebody has chosen."""
        opened.versions_changed.connect(self.forget)

    def forget(self) -> None:
        """Something it depends on has changed."""
        self._found = self._at_offset = None

    @property
    def found(self) -> Recommendation | None:
        """As trained. None where plain training or all others are not among the versions."""
        if self._found is None and (contenders := self.contenders()) is not None:
            try:
                self._found = recommend(*contenders, self.tolerance, subset=self.subset)
            except UserError as error:
                self._opened.message.emit("warning", str(error), "")
        return self._found

    @property
    def picked(self) -> Recommendation | None:
        """What is recommended now; None while the offsets are looked at."""
        return self._at_offset if self.any_offset else self.found

    def look_at(self, subset: Subset) -> None:
        """Decide by the NFR of this subset from now on."""
        if subset != self.subset:
            self.subset = subset
            self.forget()
            self.changed.emit()

    def choose(self, any_offset: bool) -> None:
        """Among all offsets, or only as trained."""
        if any_offset != self.any_offset:
            self.any_offset = any_offset
            self.changed.emit()

    def tell(self, picked: Recommendation | None) -> None:
        """What the choice among all offsets came to."""
        if picked != self._at_offset:
            self._at_offset = picked
            self.changed.emit()

    def star(self, key: str, *, short: bool = False) -> str:
        """What to write beside a candidate: "★ recommended at γ = 0.85"; empty beside all others.

        Empty as well where it is looked at under another offset than the one that is recommended.
        """
        picked, shown = self.picked, self._opened.offsets.of(key)
        if picked is None or picked.key != key:
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
