"""Requests to the worker, read in a thread of their own, so that newer ones can overtake or cancel older ones."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Request:
    """One line of the worker's input."""

    number: Any
    """Its id; None where the line could not be read."""
    job: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    latest: str = ""
    """Where given, only the newest waiting request with the same text is served."""
    problem: str = ""
    """Why the line is no request."""
    is_cancelled: bool = False
    is_stale: bool = False


class Inbox:
    """A queue of requests filled from lines; the thread ends with the lines.

    A line ``{"cancel": id}`` marks the waiting or running request of that id.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._waiting: deque[Request] = deque()
        self._running: list[Request] = []
        self._changed = threading.Condition()
        self._has_ended = False
        threading.Thread(target=self._read, args=(lines,), name="inbox", daemon=True).start()

    def take(self) -> Request | None:
        """The oldest waiting request, waiting for one; None when there will be no more. Tell ``done`` afterwards."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            return self._start(self._waiting[0]) if self._waiting else None

    def take_one(self, wanted: Callable[[Request], bool]) -> Request | None:
        """The oldest waiting request that is wanted, at once; None where there is none."""
        with self._changed:
            found = next(filter(wanted, self._waiting), None)
            return self._start(found) if found else None

    def done(self, request: Request) -> None:
        with self._changed:
            self._running.remove(request)

    def _start(self, request: Request) -> Request:
        self._waiting.remove(request)
        self._running.append(request)
        request.is_stale = bool(request.latest) and any(r.latest == request.latest for r in self._waiting)
        return request

    def _read(self, lines: Iterable[str]) -> None:
        try:
            for line in lines:
                if line.strip():
                    self._put(line)
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify()

    def _put(self, line: str) -> None:
        cancelled, request = _parsed(line)
        with self._changed:
            if request:
                self._waiting.append(request)
                self._changed.notify()
            for known in (*self._waiting, *self._running):
                known.is_cancelled |= cancelled is not None and known.number == cancelled


def _parsed(line: str) -> tuple[Any, Request | None]:
    """The id to cancel, or a request."""
    try:
        found = json.loads(line)
        if "cancel" in found:
            return found["cancel"], None
        latest = str(found.get("latest") or "")
        return None, Request(found["id"], str(found["job"]), dict(found.get("args") or {}), latest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return None, Request(None, problem=f"This line is no request ({type(error).__name__}: {error}).")
