"""What the user may ask of a running training."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import torch

Command = Literal["run", "pause", "stop", "cancel", "interrupt"]

SECONDS_BETWEEN_POLLS = 0.05


class Left(Exception):  # noqa: N818 - an outcome, not an error
    """The user asked to leave."""


class Asked:
    """The user's command, asked for at most every 50 ms."""

    def __init__(self, command: Callable[[], Command]) -> None:
        self._command = command
        self._answer: Command = "run"
        self._at = 0.0

    def now(self) -> Command:
        if time.monotonic() - self._at >= SECONDS_BETWEEN_POLLS:
            self._answer, self._at = self._command(), time.monotonic()
        return self._answer

    def obey(self) -> None:
        """Raises ``Left`` where the user asked to leave."""
        leave_for(self.now())


def leave_for(asked: Command) -> None:
    """Raises ``Left`` for a command to leave."""
    if asked in ("stop", "cancel", "interrupt"):
        raise Left


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
        """(Re)start the clock at a step: at the beginning, after a pause, a listener or validation."""
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


MUCH_LOSS = 1e4
"""Chance is a cross-entropy of ln C; no training that learned anything ends here."""


ONE_IMAGE = (
    "Batch normalisation cannot learn from batches of one image; set a batch size of at least 2 (and at least twice "
    "the parts that it is computed in), or keep the statistics as they came (--batch-norm keep)."
)


def diverged(loss: float, learning_rate: float) -> str:
    """Every number is finite, and yet nothing was learned."""
    return (
        f"The training ended with a loss of {loss:.2g}: it has diverged, and its answers are worth nothing; lower the "
        f"learning rate (now {learning_rate:g}) or limit the gradient's norm."
    )


def not_a_number(epochs_done: int, learning_rate: float) -> str:
    """The loss, or a weight, is no number any more."""
    kept = f"the weights of epoch {epochs_done} are kept" if epochs_done else "no epoch was finished before"
    return (
        f"The loss became not-a-number in epoch {epochs_done + 1}; lower the learning rate (now {learning_rate:g}) "
        f"or limit the gradient's norm; {kept}."
    )


def too_little_memory(device: torch.device, batch_size: int) -> str:
    """Not even this batch fits."""
    where = "GPU" if device.type != "cpu" else "machine"
    if batch_size == 1:
        return f"The {where} has too little memory even for one image; use smaller images or a smaller model."
    half = batch_size // 2
    return f"The {where} has too little memory for batches of {batch_size} images; set the batch size to {half}."
