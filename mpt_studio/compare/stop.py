"""Long work asks, between its chunks, whether anyone still wants the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

BLOCK = 1 << 16
"""Samples per block of array operations: what lies between fits the cache that each core has for itself."""
Stop = Callable[[], bool]
"""Tells whether to give up; asked often, so it has to be quick."""


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """A newer request made the result useless."""


def never() -> bool:
    """The ``Stop`` of work that always goes on."""
    return False


def check(stop: Stop) -> None:
    """Raise ``Cancelled`` where the work is no longer wanted."""
    if stop():
        raise Cancelled


def parts(n: int, step: int, stop: Stop = never) -> Iterator[slice]:
    """Slices that cover ``range(n)``; asks before each."""
    for start in range(0, n, step):
        check(stop)
        yield slice(start, min(n, start + step))
