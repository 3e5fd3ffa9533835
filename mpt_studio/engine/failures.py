"""What a training that cannot go on says to its user."""

from __future__ import annotations

import torch


def not_a_number(epochs_done: int, learning_rate: float) -> str:
    """The loss, or a weight, is no number any more."""
    kept = f"the weights of epoch {epochs_done} are kept" if epochs_done else "no epoch was finished before"
    return (
        f"The loss became not-a-number in epoch {epochs_done + 1}; lower the learning rate (now {learning_rate:g}) "
        f"or limit the gradient's norm; {kept}."
    )


def too_little_memory(device: torch.device, batch_size: int) -> str:
    """Not even this batch fits."""
    where = "GPU" if device.type != "cpu" else "machine"
    if batch_size == 1:
        return f"The {where} has too little memory even for one image; use smaller images or a smaller model."
    half = batch_size // 2
    return f"The {where} has too little memory for batches of {batch_size} images; set the batch size to {half}."
