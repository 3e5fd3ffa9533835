"""What the user may ask of a running training."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

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
