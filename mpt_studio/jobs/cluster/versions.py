"""What has to be the same on every machine of a cluster."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from contextlib import suppress

import mpt_studio


@functools.cache
def versions() -> dict[str, str]:
    """Of this machine; of torch not for which device it was built."""
    found = {"MPT Studio": mpt_studio.__version__}
    for name in ("torch", "dask", "distributed"):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name).partition("+")[0]
    return found


def unlike(where: str, name: str, has: str | None, wanted: str | None, machine: str = "") -> str:
    """The sentence that says so."""
    there = f"{name} {has}" if has else f"no {name}"
    return f"{where} has {there}, but {machine or platform.node()} has {wanted}; install the same version on both."
