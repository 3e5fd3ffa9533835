"""The torch room: losses, networks, training, evaluation. Its names import torch; use them inside functions."""

import importlib
import os
from typing import TYPE_CHECKING, Any

from mpt_studio import paths

# How threads wait for the others: read when torch is loaded, so it stands before any import of torch. Whatever the user
# has set wins. GNU's OpenMP spins as long as it usually does, some milliseconds, until ``machine.spinning`` finds that
# the cores are crowded. Other libraries sleep at once, as theirs cannot be changed later.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "300000"}
if not WAITING.keys() & os.environ.keys():
    os.environ.update(WAITING)
# Compiled code lies beside our other caches and not in a folder for temporary files: private, and there after a
# restart. torch decides for its own folder as soon as anything imports its compiler.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(paths.cache_dir() / "compiled"))

if TYPE_CHECKING:
    from mpt_studio.engine.machine.device import device_summary
    from mpt_studio.engine.networks.build import architectures, check_architecture
    from mpt_studio.engine.networks.weights import load_network
    from mpt_studio.engine.train.progress import Command
    from mpt_studio.engine.train.trainer import Trainer

__all__ = [
    "Command",
    "Trainer",
    "architectures",
    "check_architecture",
    "device_summary",
    "load_network",
]

_HOMES = {
    "Command": "train.progress",
    "Trainer": "train.trainer",
    "architectures": "networks.build",
    "check_architecture": "networks.build",
    "device_summary": "machine.device",
    "load_network": "networks.weights",
}


def __getattr__(name: str) -> Any:
    """Import a name's module when it is first asked for: ``intake`` refuses most bad files before torch is there."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
