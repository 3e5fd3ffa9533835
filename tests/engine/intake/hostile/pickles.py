"""Pickles that name one dangerous function: as a bare file, in today's zip and in the format before it."""

from __future__ import annotations

from pathlib import Path

from hostile import pickle_code as code
from hostile.case import Canary, Hostile
from hostile.names import Name, all_names

CONTAINERS = ("raw", "legacy", "zip")


def cases() -> list[Hostile]:
    """Every name in a zip, some of them in the other containers, the protocols taking turns, half beside weights.

    A bare pickle is refused before it is looked into, so that few of those are enough.
    """
    names = all_names()
    return [
        _case(name, container, max((i + j) % 6, name.least), beside_weights=(i // 6 + j) % 2 == 0)
        for i, name in enumerate(names)
        for j, container in enumerate(CONTAINERS)
        if container == "zip" or i % 3 == j
    ]


def full_matrix() -> list[Hostile]:
    """Every name in every container over all protocols, alone and beside weights."""
    return [
        _case(name, container, protocol, beside)
        for name in all_names()
        for container in CONTAINERS
        for protocol in range(name.least, 6)
        for beside in (False, True)
    ]


def _case(name: Name, container: str, protocol: int, beside_weights: bool) -> Hostile:
    where = "beside" if beside_weights else "alone"
    label = f"{name.label}-{container}-{protocol}-{where}"

    def write(folder: Path, canary: Canary) -> Path:
        path = folder / f"{label}.pth"
        path.write_bytes(packed(name, canary, container, protocol, beside_weights))
        return path

    return Hostile(f"one global, {container}", label, write)


def packed(name: Name, canary: Canary, container: str, protocol: int, beside_weights: bool) -> bytes:
    payload = name.payload(canary, protocol)
    old = container == "legacy"
    content = {"state_dict": code.weights(max(protocol, 1), old=old), "args": payload} if beside_weights else payload
    pickled = code.whole(code.value(content, protocol), protocol)
    if container == "raw":
        return pickled
    return code.legacy(pickled) if old else code.zipped(pickled)
