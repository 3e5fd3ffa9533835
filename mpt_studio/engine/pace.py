"""How fast training goes and how long it will take; from the clock, so never part of a result."""

from __future__ import annotations

import time


class Pace:
    """Images per second and time left, without the pauses.

    Args:
        steps: optimizer steps of the whole run.
        steps_per_epoch: steps of one epoch.
    """

    def __init__(self, steps: int, steps_per_epoch: int) -> None:
        self.steps, self.steps_per_epoch = steps, steps_per_epoch
        self.seconds_per_step = 0.0
        self.seconds_per_validation = 0.0
        self._began = time.monotonic()
        self.step = -1

    def start(self, step: int) -> None:
        """(Re)start the clock at a step: at the beginning, after a pause, after validation."""
        self._began, self.step = time.monotonic(), step

    def lap(self, step: int) -> float:
        """Seconds per step since the last lap; the mean kept for the time left forgets slowly."""
        now = time.monotonic()
        recent = (now - self._began) / max(1, step - self.step)
        self._began, self.step = now, step
        old = self.seconds_per_step
        self.seconds_per_step = recent if not old else 0.8 * old + 0.2 * recent
        return recent

    def left(self, step: int) -> tuple[float, float]:
        """Seconds left of the run and of the epoch; validation after each epoch is counted."""
        epochs_left = -(-(self.steps - step) // self.steps_per_epoch)
        in_epoch = -step % self.steps_per_epoch
        total = (self.steps - step) * self.seconds_per_step + epochs_left * self.seconds_per_validation
        return total, in_epoch * self.seconds_per_step
