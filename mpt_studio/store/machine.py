"""Where and with what a run was made; asked of the installed packages, without importing them."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform

import mpt_studio

_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


@functools.cache
def _versions() -> dict[str, str]:
    found = {"mpt-studio": mpt_studio.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def versions() -> dict[str, str]:
    """Versions of the program, Python and the packages that decide a result."""
    return dict(_versions())


def machine() -> dict[str, str | int]:
    """The computer, in words."""
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count() or 1,
    }
