"""The torch room: losses, networks, training, evaluation. Importing it imports torch; do so inside functions."""

import os

# Threads that wait for the others sleep and do not spin. With spinning, anything else that runs on the same cores (the
# window, another job) slows a training badly. The small network's step on two cores: 431 against 925 images/s beside
# two busy processes, 143 against 735 beside six; on idle cores sleeping costs something, 1,445 against 1,753. Read by
# the OpenMP library when torch is loaded, so it has to stand before any import of torch; the user's own setting wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from mpt_studio.engine.commands import Command
from mpt_studio.engine.device import device_summary
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.networks import architectures, check_architecture
from mpt_studio.engine.trainer import Trainer
from mpt_studio.engine.weights import load_network

__all__ = [
    "Command",
    "Trainer",
    "architectures",
    "check_architecture",
    "device_summary",
    "evaluate",
    "load_network",
]
