"""What training costs with the number of classes, of images, of candidates. Computing, on one thread."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from table import Found, Row

BATCH, TIMES, SIDE = 128, 5, 16
STEPS = (("small", "small network"), ("resnet18", "ResNet-18, ImageNet stem"))
CLASSES = tuple(
    row
    for key, title in STEPS
    for row in (
        Row(f"{key}_step", f"{title}, 32 × 32, batch 128: a step with MPT_KL"),
        Row(f"{key}_teachers", f"{title}: of it both teachers"),
        Row(f"{key}_loss", f"{title}: of it the loss, there and back"),
    )
)
IMAGES = (
    Row("open", "opening: the array, labels and ids"),
    Row("open_each", "the same for each image", None, "µs"),
    Row("split_each", "split into training and validation, for each image", None, "µs"),
    Row("order_each", "an epoch's order, for each image", None, "µs"),
    Row("draws_each", "an epoch's draws, for each image", None, "µs"),
    Row("epoch_each", "all data work of an epoch: order, draws, gather, augmentation; for each image", None, "µs"),
)
CANDIDATES = (
    Row("total", "the whole update, with the old model, the reference and the test part", None, "s"),
    Row("each", "each candidate beside the reference", None, "s"),
)


def classes(count: int, _folder: Path) -> Found:
    """A training step on one resident batch, and its parts apart."""
    return {f"{key}_{part}": value for key, _ in STEPS for part, value in _step(key, count).items()}


def _step(arch: str, count: int) -> Found:
    import torch

    from mpt_studio.engine.machine import device as devices
    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.train import optimizers
    from mpt_studio.recipe import Training

    device = torch.device("cpu")
    devices.prepare(device)
    torch.set_num_threads(1)  # threads that wait for each other compute as well
    network = devices.place(networks.build(arch, count, arch == "small", 32), device).train()
    optimizer = optimizers.make(network, Training())
    old, new, loss = _teachers_and_loss(arch, count)
    pixels = torch.randint(0, 256, (BATCH, 32, 32, 3), dtype=torch.uint8)
    labels = torch.randint(0, count, (BATCH,))

    def arithmetic() -> Any:
        return devices.autocast(device, devices.precision(device, "auto"))

    def answers() -> tuple[Any, Any]:
        with arithmetic():
            return old.logits(pixels), new.logits(pixels)

    def step() -> None:
        with arithmetic():
            logits = network(new.normalise(pixels))
        total = loss(logits, labels, *answers())["loss"]
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        optimizer.step()

    kept, logits = answers(), torch.randn(BATCH, count, requires_grad=True)

    def there_and_back() -> None:
        loss(logits, labels, *kept)["loss"].backward()

    return {"step": _computing(step), "teachers": _computing(answers), "loss": _computing(there_and_back)}


def _teachers_and_loss(arch: str, count: int) -> tuple[Any, Any, Any]:
    from mpt_studio.engine.train.losses import MethodLoss, match_columns
    from mpt_studio.methods import method_named

    names = tuple(f"class {i}" for i in range(count))
    old, new = (_teacher(arch, chosen) for chosen in (names[: count // 2], names))
    columns = (match_columns(names, version.class_names) for version in (old, new))
    return old, new, MethodLoss(method_named("mpt_kl", 4.0), *columns)


def _teacher(arch: str, names: tuple[str, ...]) -> Any:
    import torch

    from mpt_studio.checkpoint import Checkpoint, Preprocessing
    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.version import FrozenVersion

    fit = Preprocessing(image_size=32, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    told = Checkpoint(architecture=arch, small_stem=arch == "small", class_names=names, preprocessing=fit)
    return FrozenVersion(told, torch.device("cpu"), networks.build(arch, len(names), arch == "small", 32).eval())


def images(count: int, folder: Path) -> Found:
    """Epochs over an array of one class in ten; the network is left out."""
    import torch

    from mpt_studio.data.arrays import ArrayDataset, Pixels
    from mpt_studio.data.splits import training_split
    from mpt_studio.engine.images import ImageFeed
    from mpt_studio.engine.train import order
    from mpt_studio.engine.train.feed import TrainingFeed
    from mpt_studio.engine.train.varied.augmentation import Augmentation
    from mpt_studio.engine.train.varied.draws import Draws, Stream
    from mpt_studio.engine.train.varied.places import Mirror, PadCrop

    torch.set_num_threads(1)
    array = _array(count, folder / "images.npy")
    labels = np.arange(count) % 10
    names = tuple(f"class {i}" for i in range(10))
    opened = lambda: ArrayDataset("grown", folder, Pixels(array, labels, names, count, "grown"))  # noqa: E731
    data = opened()
    samples, drawn = torch.arange(count), (Stream.ROW, Stream.COLUMN, Stream.MIRROR)
    feed = TrainingFeed(
        ImageFeed(data, data.train, SIDE, torch.device("cpu"), on_device=False, workers=0),
        torch.from_numpy(labels),
        BATCH,
        Augmentation(1, (PadCrop(2), Mirror())),
    )
    split = {"classes": names, "seed": 1, "validation_fraction": 0.1, "limit": 0}
    each = {
        "open_each": opened,
        "split_each": lambda: training_split(data, **split),  # type: ignore[arg-type]
        "order_each": lambda: order.epoch_order(1, 0, count),
        "draws_each": lambda: [Draws(1, 0, samples, torch.device("cpu")).of(stream, samples) for stream in drawn],
        "epoch_each": lambda: sum(1 for _ in feed.batches(0)),
    }
    found = {name: 1000 * _computing(work, 3) / count for name, work in each.items()}
    return {"open": found["open_each"] * count / 1000, **found}


def _array(count: int, path: Path) -> np.ndarray:
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE, 3))
    for start in range(0, count, 100_000):
        part = array[start : start + 100_000]
        part[:] = np.random.default_rng(start).integers(0, 256, part.shape, np.uint8)
    array.flush()
    return np.load(path, mmap_mode="r")


def candidates(count: int, folder: Path) -> Found:
    """Whole updates through the command line; the share of one candidate is what they add to an update without."""
    margins = [f"mpt_kl:{0.5 * i:g}" for i in range(1, count + 1)]
    total = _update(["none", *margins], folder / "all")
    return {"total": total, "each": (total - _update(["none"], folder / "plain")) / count}


def _update(methods: list[str], store: Path) -> float:
    words = ["update", "--methods", ",".join(methods), "--epochs", "2", "--limit-train", "1000", "--device", "cpu"]
    command = [sys.executable, "-m", "mpt_studio", *words, "--store", str(store), "--json"]
    place = {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **place})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _computing(work: Callable[[], object], times: int = TIMES) -> float:
    """Milliseconds of all threads; the least of several, after one that warms up."""
    work()
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(1000 * (time.process_time() - start))
    return min(found)
