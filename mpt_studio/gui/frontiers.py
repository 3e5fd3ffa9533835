"""The frontier of each comparison, computed once and kept; large ones beside the window."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Comparison, Frontier, frontier
from mpt_studio.gui.background import PoolJob

_DIRECT_SAMPLES = 200_000
"""Samples up to which a frontier is computed at once (about 50 ms)."""


class Frontiers(QObject):
    """By comparison as trained. A frontier that is there means that the comparison's offsets are there too."""

    ready = Signal()
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._found: dict[Comparison, Frontier] = {}
        self._jobs: dict[Comparison, PoolJob] = {}

    def get(self, comparison: Comparison) -> Frontier | None:
        """None until a large one has been computed; ``ready`` follows."""
        if comparison not in self._found and comparison not in self._jobs:
            if len(comparison) <= _DIRECT_SAMPLES:
                self._found[comparison] = frontier(comparison)
            else:
                self._start(comparison)
        return self._found.get(comparison)

    def keep(self, alive: Collection[Comparison | None]) -> None:
        """Forget all others."""
        self._found = {c: found for c, found in self._found.items() if c in alive}

    def _start(self, comparison: Comparison) -> None:
        job = PoolJob(
            "Computing the frontier",
            partial(frontier, comparison),
            partial(self._keep, comparison),
            self.failed.emit,
            self,
        )
        self._jobs[comparison] = job
        job.start()

    def _keep(self, comparison: Comparison, found: Frontier) -> None:
        self._jobs.pop(comparison, None)
        self._found[comparison] = found
        self.ready.emit()
