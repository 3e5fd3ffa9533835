"""Optimizers of the recipe, and their state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from mpt_studio.engine.train.layers import Pace
from mpt_studio.recipe import Training


def make(network: nn.Module, training: Training, paces: Mapping[str, Pace]) -> Optimizer:
    """SGD with momentum or AdamW over all parameters, fused: a step with scaled losses then waits for no device.

    ``paces`` says of every parameter how fast it learns and whether it decays.
    """
    fused = next(network.parameters()).device.type in ("cpu", "cuda") or None  # on MPS that form passes over the scale
    groups = _groups(network, training, paces)
    if training.optimizer == "adamw":
        return AdamW(groups, training.learning_rate, weight_decay=training.weight_decay, fused=fused)
    return SGD(
        groups,
        training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        nesterov=training.nesterov and training.momentum > 0,
        fused=fused,
    )


def _groups(network: nn.Module, training: Training, paces: Mapping[str, Pace]) -> list[dict[str, Any]]:
    """Parameters of the same pace together, in the order in which the network lists them."""
    together: dict[Pace, list[Tensor]] = {}
    for name, value in network.named_parameters():
        together.setdefault(paces[name], []).append(value)
    return [
        {"params": values, "lr_scale": pace.lr_scale, "weight_decay": training.weight_decay if pace.decays else 0.0}
        for pace, values in together.items()
    ]


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """The schedule's rate; each group learns at its own share of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def state_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """State tensors by "<number of the parameter>.<name>"; entries without a tensor (no momentum) are left out."""
    per_parameter = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": value
        for index, values in per_parameter.items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def load_state_tensors(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put ``state_tensors`` back, in the memory format of the parameters."""
    parameters: list[Tensor] = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.state.clear()
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        same_shape = value.shape == parameter.shape
        # AdamW's counter stays where torch keeps it: on the CPU, unless the optimizer is fused
        home = torch.empty_like(parameter) if same_shape else _counter_like(value, optimizer, parameter)
        optimizer.state[parameter][name] = home.copy_(value)


def _counter_like(value: Tensor, optimizer: Optimizer, parameter: Tensor) -> Tensor:
    return torch.empty_like(value, device=parameter.device if optimizer.defaults.get("fused") else "cpu")


def learning_rate(training: Training, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step (counted from 0).

    Linear warm-up per step, then cosine to zero (Loshchilov and Hutter, ICLR 2017), a tenth at 50 % and at 75 % of the
    whole run, or constant; moved at every step or, as the published script does, at every epoch.
    """
    warmup_steps = training.warmup_epochs * steps_per_epoch
    if step < warmup_steps:
        return training.learning_rate * min(1.0, (step + 1) / warmup_steps)
    epoch = step / steps_per_epoch if training.schedule_per == "step" else float(step // steps_per_epoch)
    return training.learning_rate * _factor(training, epoch)


def _factor(training: Training, epoch: float) -> float:
    if training.schedule == "constant":
        return 1.0
    if training.schedule == "step":
        done = epoch / training.epochs
        return 0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0
    span = training.epochs - training.warmup_epochs
    done = min(1.0, max(0.0, (epoch - training.warmup_epochs) / span)) if span > 0 else 0.0
    return 0.5 * (1.0 + math.cos(math.pi * done))
