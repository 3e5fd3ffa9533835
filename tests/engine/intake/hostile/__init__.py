"""Malformed and hostile weight files, made when the tests run; nothing of it is stored.

Each is harmless by construction: what it would do, were it obeyed, is to make or remove a file in the test's own
folder or to knock at a port of this machine on which the test listens.
"""

from __future__ import annotations

import functools
from importlib import import_module

from hostile.case import Canary, Hostile

__all__ = ["ROOMS", "Canary", "Hostile", "corpus", "room"]

ROOMS = ("pickles", "opcodes", "bombs", "zips", "headers", "truncated", "lookalikes", "graphs")


@functools.cache
def room(name: str) -> list[Hostile]:
    """The cases of one of the modules here."""
    return list(import_module(f"hostile.{name}").cases())


def corpus() -> list[Hostile]:
    """All cases, in a fixed order, with names that differ."""
    return [case for name in ROOMS for case in room(name)]
