"""A tiny data set in memory, and checkpoints made by really training on it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.weights import save_network
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.trainer import Trainer
from mpt_studio.recipe import Recipe, Training

sys.path.insert(0, str(Path(__file__).parent))  # for tiny_onnx
SIZE = 16
CLASSES = ("ant", "bee", "cat", "dog")


class Squares(Dataset):
    """Noise with a bright square whose quarter of the image is its class."""

    def __init__(self, per_class: int = 30, noise: int = 90) -> None:
        rng = np.random.default_rng(0)
        self.spec, self.class_names, self.image_size = "squares", CLASSES, SIZE
        self.labels = np.tile(np.arange(4, dtype=np.int64), per_class)
        self.sample_ids = np.array([f"train/{i:05d}" for i in range(len(self.labels))])
        self.images = rng.integers(0, 80 + noise, (len(self.labels), SIZE, SIZE, 3), dtype=np.uint8)
        half = SIZE // 2
        for image, label in zip(self.images, self.labels, strict=True):
            row, column = divmod(int(label), 2)
            image[row * half : (row + 1) * half, column * half : (column + 1) * half] |= 128
        everything = np.arange(len(self.labels), dtype=np.int64)
        self.train, self.test = everything[everything % 5 != 0], everything[everything % 5 == 0]

    def image(self, index: int) -> np.ndarray:
        return self.images[index]

    def batch(self, indices, size: int) -> np.ndarray:
        assert size == SIZE
        return self.images[np.asarray(indices)]


@pytest.fixture(scope="session")
def squares() -> Squares:
    return Squares()


def quick(**fields) -> Training:
    """A training of a few small steps on the CPU."""
    values = {"epochs": 2, "batch_size": 24, "learning_rate": 0.05, "device": "cpu", "seed": 7, "flip": "off"}
    return Training(**{**values, **fields})


def make_trainer(data: Dataset, recipe: Recipe | None = None, *, names=CLASSES, old_names=(), **more) -> Trainer:
    """A trainer of the classes ``names`` with a fifth of the data for validation."""
    chosen = np.flatnonzero(np.isin(data.labels, [data.class_names.index(n) for n in names])).astype(np.int64)
    train, validation = chosen[chosen % 5 != 0], chosen[chosen % 5 == 0]
    parts = Parts(
        recipe=recipe or Recipe(data="squares", training=quick()),
        dataset=data,
        class_names=tuple(names),
        old_class_names=tuple(old_names),
        train=train,
        validation=validation,
        **more,
    )
    return Trainer(parts)


def trained(data: Dataset, folder: Path, name: str, names=CLASSES, **fields) -> Checkpoint:
    """Train on the classes ``names`` and save the version."""
    recipe = Recipe(data="squares", role="old", training=quick(**fields))
    trainer = make_trainer(data, recipe, names=names)
    list(trainer.fit())
    path = folder / f"{name}.safetensors"
    trainer.save_weights(path, trainer.describe(run=name))
    return read_checkpoint(path)


@pytest.fixture(scope="session")
def old(squares, tmp_path_factory) -> Checkpoint:
    """An old model of two classes, not the first ones, in another order than the data's."""
    return trained(squares, tmp_path_factory.mktemp("old"), "old", names=("dog", "bee"), epochs=3)


@pytest.fixture(scope="session")
def reference(squares, tmp_path_factory) -> Checkpoint:
    """A reference model of all classes in another order than the update's."""
    return trained(squares, tmp_path_factory.mktemp("reference"), "reference", names=CLASSES[::-1], epochs=3)


@pytest.fixture
def replaced() -> Callable[..., Recipe]:
    """A recipe for the squares with some training fields and other parts set."""

    def make(training: dict | None = None, **parts) -> Recipe:
        return dataclasses.replace(Recipe(data="squares", training=quick(**(training or {}))), **parts)

    return make


@pytest.fixture
def make(squares) -> Callable[..., Trainer]:
    """``make_trainer`` on the squares."""

    def maker(recipe: Recipe | None = None, data: Dataset | None = None, **more) -> Trainer:
        return make_trainer(data or squares, recipe, **more)

    return maker


TORCHVISIONS = Preprocessing(
    image_size=224, resize=256, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""Of ``ResNet18_Weights.IMAGENET1K_V1``."""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> Dataset:
    """JPEG and PNG files of several sizes, two classes."""
    root, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(1)
    sizes = [(500, 375), (375, 500), (640, 300), (250, 250), (1000, 800), (224, 224)]
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for i, size in enumerate(sizes):
                small = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
                suffix = ".jpg" if i % 2 else ".png"
                small.resize(size, Image.Resampling.BICUBIC).save(root / part / name / f"{i}{suffix}")
    return open_dataset(f"folder:{root}")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Checkpoint:
    """The smallest torchvision network that is no toy, with random weights that tell images apart."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = networks.build("squeezenet1_1", 2, False, 224)
    made = Checkpoint(
        architecture="squeezenet1_1", small_stem=False, class_names=("dog", "cat"), preprocessing=TORCHVISIONS
    )
    path = tmp_path_factory.mktemp("foreign") / "foreign.safetensors"
    save_network(path, network.state_dict(), made)
    return read_checkpoint(path)


@pytest.fixture
def written(tmp_path) -> Callable[..., Path]:
    def write(model: Any | None = None, name: str = "tiny.onnx", **how) -> Path:
        path = tmp_path / name
        path.write_bytes((model or import_module("tiny_onnx").tiny_graph(**how)).SerializeToString())
        return path

    return write
