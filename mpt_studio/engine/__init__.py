"""The torch room: losses, networks, training, evaluation. Importing it imports torch; do so inside functions."""

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
