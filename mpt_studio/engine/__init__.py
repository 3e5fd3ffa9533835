"""The torch room: networks, training, evaluation, reading of weights. Settings come before any import of torch."""

from mpt_studio.engine.machine import before_torch

before_torch.settle()
