"""Malformed and hostile weight files, made when the tests run; nothing of it is stored.

Each is harmless by construction: what it would do, were it obeyed, is to make or remove a file in the test's own
folder or to knock at a port of this machine on which the test listens.
"""

from __future__ import annotations

import functools

from hostile.case import Canary, Hostile

__all__ = ["Canary", "Hostile", "corpus"]


@functools.cache
def corpus() -> list[Hostile]:
    """All cases, in a fixed order, with names that differ."""
    from hostile import bombs, graphs, headers, lookalikes, opcodes, pickles, truncated, zips

    rooms = (pickles, opcodes, bombs, zips, headers, truncated, lookalikes, graphs)
    return [case for room in rooms for case in room.cases()]
