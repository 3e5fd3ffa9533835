"""The logit offset γ that each candidate is looked at under. Nothing is trained: γ is subtracted at test time."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from mpt_studio.compare import Comparison, Subset
from mpt_studio.flips import Rates

_SETTLES_MS = 150
"""After the last step of a drag, until panels that need all samples under γ are told."""


class Offsets(QObject):
    """γ by the candidate's key; 0, as trained, for all that are not named."""

    stepped = Signal()
    """At every step of the slider, for what follows in well under a frame."""
    settled = Signal()
    """Once the slider rests."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gamma: dict[str, float] = {}
        self._views: dict[str, tuple[Comparison, Comparison]] = {}
        self._rest = QTimer(self, singleShot=True, interval=_SETTLES_MS)
        self._rest.timeout.connect(self.settled)

    def of(self, key: str) -> float:
        """A candidate's offset."""
        return self._gamma.get(key, 0.0)

    def set(self, key: str, gamma: float) -> None:
        """Look at a candidate under γ; ``stepped`` follows at once, ``settled`` when no other step follows."""
        if gamma == self.of(key):
            return
        self._gamma[key] = gamma
        self.stepped.emit()
        self._rest.start()

    def rates(self, key: str, base: Comparison, subset: Subset) -> Rates:
        """The figures of a subset under the candidate's offset, of ``base``, the candidate as trained."""
        gamma = self.of(key)
        return base.offsets.rates(gamma, subset) if gamma else base.rates(subset)

    def forget(self, key: str | None = None) -> None:
        """One candidate's offset, or all: versions were closed or the old model changed."""
        if key is not None:
            self._gamma.pop(key, None)
            self._views.pop(key, None)
            return
        self._gamma.clear()
        self._views.clear()
        self._rest.stop()

    def view(self, key: str, base: Comparison) -> Comparison:
        """``base`` under the candidate's offset; made once per step, and only where someone asks."""
        gamma = self.of(key)
        if not gamma:
            return base
        made = self._views.get(key)
        if made is None or made[0] is not base or made[1].gamma != _single(gamma):
            made = (base, base.at_offset(gamma))
            self._views[key] = made
        return made[1]


def _single(gamma: float) -> float:
    """γ in the logits' precision, as a comparison keeps it."""
    return float(np.float32(gamma))
