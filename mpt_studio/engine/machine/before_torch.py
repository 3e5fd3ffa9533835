"""Settings that are read when torch is loaded, so ``engine`` makes them before any import of it."""

from __future__ import annotations

import os

from mpt_studio import paths

WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "300000"}
"""How threads wait for the others. GNU's OpenMP spins as long as it usually does, some milliseconds, until ``spinning``
finds that the cores are crowded. Other libraries sleep at once, as theirs cannot be changed later."""


def settle() -> None:
    """Whatever the user has set wins."""
    if not WAITING.keys() & os.environ.keys():
        os.environ.update(WAITING)
    # Compiled code lies beside our other caches and not in a folder for temporary files: private, and there after a
    # restart. torch decides for its own folder as soon as anything imports its compiler.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(paths.cache_dir() / "compiled"))
