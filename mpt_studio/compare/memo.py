"""What functions over a comparison found and leave with it, so that the next one to ask need not find it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
Key = tuple[Hashable, ...]
"""What was found, and of what; the first part is its kind."""
_NOTHING = object()


@dataclass(eq=False)
class _Kept:
    lock: Lock = field(default_factory=Lock)
    since: object = _NOTHING
    value: Any = None


class Memo:
    """Results by key. Rows and facets are sought at the same time: who comes second waits for the first."""

    def __init__(self) -> None:
        self.kept: dict[Key, _Kept] = {}

    def once(self, key: Key, make: Callable[[], T], *, since: object = None, most: int = 0) -> T:
        """What ``make`` returned the first time; nothing is kept where it raises.

        Args:
            since: what the result follows from; it is made anew where another object is given.
            most: so many results of this kind are kept, the oldest make room; 0 keeps all.
        """
        kept = self.kept.setdefault(key, _Kept())
        with kept.lock:
            if kept.since is not since:
                try:
                    kept.value = make()
                except BaseException:
                    self.kept.pop(key, None)
                    raise
                kept.since = since
                self.kept[key] = kept
                self._make_room(key[0], most)
            value: T = kept.value
        return value

    def _make_room(self, kind: Hashable, most: int) -> None:
        same = [key for key in list(self.kept) if key[0] == kind] if most else []
        for key in same[:-most]:
            self.kept.pop(key, None)
