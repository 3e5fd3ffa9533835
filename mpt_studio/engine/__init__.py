"""The torch room: losses, networks, training, evaluation. Its names import torch; use them inside functions."""

import importlib
import os
from typing import TYPE_CHECKING, Any

# Threads that wait for the others sleep and do not spin. With spinning, anything else that runs on the same cores (the
# window, another job) slows a training badly. The small network's step on two cores: 431 against 925 images/s beside
# two busy processes, 143 against 735 beside six; on idle cores sleeping costs something, 1,445 against 1,753. Read by
# the OpenMP library when torch is loaded, so it has to stand before any import of torch; the user's own setting wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from mpt_studio.engine.commands import Command
    from mpt_studio.engine.device import device_summary
    from mpt_studio.engine.networks import architectures, check_architecture
    from mpt_studio.engine.trainer import Trainer
    from mpt_studio.engine.weights import load_network

__all__ = [
    "Command",
    "Trainer",
    "architectures",
    "check_architecture",
    "device_summary",
    "load_network",
]

_HOMES = {
    "Command": "commands",
    "Trainer": "trainer",
    "architectures": "networks",
    "check_architecture": "networks",
    "device_summary": "device",
    "load_network": "weights",
}


def __getattr__(name: str) -> Any:
    """Import a name's module when it is first asked for: ``intake`` refuses most bad files before torch is there."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
