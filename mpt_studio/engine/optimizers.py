"""Optimizers of the recipe, and their state as plain tensors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from mpt_studio.recipe import Training


def make(network: nn.Module, training: Training) -> Optimizer:
    """SGD with momentum or AdamW over all parameters, fused where torch has that.

    On two cores AdamW's step of ResNet-18 takes 13 instead of 33 ms, SGD's 14.8 instead of 15.7.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    fused = parameters[0].device.type in ("cpu", "cuda") or None
    if training.optimizer == "adamw":
        return AdamW(parameters, training.learning_rate, weight_decay=training.weight_decay, fused=fused)
    return SGD(
        parameters,
        training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        nesterov=training.nesterov and training.momentum > 0,
        fused=fused,
    )


def make_recordable(optimizer: Optimizer) -> None:
    """The learning rate becomes a tensor on the device: a recording would keep a number as it is."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(float(group["lr"]), device=group["params"][0].device)
        if "capturable" in group:
            group["capturable"] = True


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


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
