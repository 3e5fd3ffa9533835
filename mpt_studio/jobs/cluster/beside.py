"""The process beside a worker that trains its runs: started with the first one, kept for those that follow."""

from __future__ import annotations

import json
import os
import platform
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_END = 120.0
"""A run that was told to end gets so long to save what it has."""


class Died(Exception):  # noqa: N818 - what happened
    """A run's process ended without a word; Dask tries again, and it goes on from its last saved state."""


class Beside:
    """A process of ``child``, in such an environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mpt_studio.jobs.cluster.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**environment, "PYTHONIOENCODING": "utf-8"},
            start_new_session=os.name != "nt",
        )
        self._answers = queue.SimpleQueue[str]()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def is_there(self) -> bool:
        """Whether it can be asked for something."""
        return self._process.poll() is None

    def train(self, asked: dict[str, str], is_unwanted: Callable[[], bool]) -> dict[str, Any]:
        """Have a run trained ("run", "store", "log"), and return what it said; {} where it was told to end.

        Raises ``Died``.
        """
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        while True:
            with suppress(queue.Empty):
                return self._understood(self._answers.get(timeout=SECONDS_BETWEEN_LOOKS))
            if is_unwanted():
                self.end()
                return {}

    def end(self) -> None:
        """Have it save what it does, and wait for its end."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _understood(self, line: str) -> dict[str, Any]:
        if not line:
            raise Died(_death(self._process.wait()))
        said: dict[str, Any] = json.loads(line)
        if "outcome" not in said:
            self._process.wait()
        return said


def _death(code: int) -> str:
    if code in (-9, 137):
        return f"The system killed the training on {platform.node()}, most likely for lack of memory."
    return f"The training's process on {platform.node()} ended with code {code}."
