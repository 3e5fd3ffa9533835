"""Memory that a step frees stays with the process for the next one.

The C library gives large freed blocks back to the system, and the next step takes them anew, page by page, each one
zeroed: 8,000 to 10,000 page faults a step of the small network (docs/performance.md tells what that takes). GNU's
library alone is told otherwise; whoever has set its limits in the environment keeps them.
"""

from __future__ import annotations

import ctypes
import os
import sys

import torch

LARGEST = 32 << 20
"""Bytes. Keeping larger ones as well took half as much memory again with batches of 224×224, through holes between."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")


def keep_freed() -> None:
    """From now on, until ``give_back``: blocks up to ``LARGEST`` are reused, and their memory is not returned."""
    library = _library()
    if library is not None and can_keep():
        library.mallopt(_MMAP_THRESHOLD, LARGEST)
        library.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def can_keep() -> bool:
    """Whether the C library can be told, and the user has not told it otherwise."""
    return _library() is not None and not any(name in os.environ for name in _SETTINGS)


def give_back() -> None:
    """Return what is free now to the system, and on the GPU to other processes."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def _library() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
