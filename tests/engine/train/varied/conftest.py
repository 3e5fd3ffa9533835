"""Draws and batches to vary."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mpt_studio.data import Dataset
from mpt_studio.engine.train.varied.batch import Batch, Targets
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.engine.train.varied.variation import Wanted
from mpt_studio.recipe import Images, Recipe, Start, Training

CPU = torch.device("cpu")


@pytest.fixture
def draws() -> Callable[..., Draws]:
    def make(count: int, seed: int = 3, epoch: int = 1) -> Draws:
        return Draws(seed, epoch, torch.arange(count), CPU)

    return make


@pytest.fixture
def batch_of() -> Callable[..., Batch]:
    def make(images: np.ndarray, step: int = 0) -> Batch:
        rows = torch.arange(len(images))
        return Batch(torch.from_numpy(images.copy()), Targets(rows % 4), rows, step)

    return make


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    def make(batch: int, side: int = 7) -> np.ndarray:
        return np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)

    return make


@pytest.fixture
def wanted(squares) -> Callable[..., Wanted]:
    def make(size: int = 32, classes: int = 4, fine_tuned: bool = False, data: Dataset = squares, **fields) -> Wanted:
        names = {name: fields.pop(name) for name in ("flip", "crop_padding") if name in fields}
        start = Start(freeze=fields.pop("freeze", 0))
        recipe = Recipe(data="squares", images=Images(**fields), training=Training(**names), start=start)
        return Wanted(recipe=recipe, dataset=data, size=size, classes=classes, fine_tuned=fine_tuned)

    return make
