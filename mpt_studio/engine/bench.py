"""What a benchmark trains: the same images, networks and teachers for every side, and the bound that nothing can beat.

The bound is the student's step and the teachers' forward passes on one batch that lies on the device already: no data
work, no metrics, no events, no saving, in the fastest form that is known for the device.
"""

from __future__ import annotations

import functools
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.data import Dataset, Indices, open_dataset, training_split
from mpt_studio.data.dataset import Part
from mpt_studio.engine import images as feed
from mpt_studio.engine.machine import compiled
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.recorded import Recorded
from mpt_studio.engine.machine.small_maps import use_products
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import weights
from mpt_studio.engine.train import optimizers
from mpt_studio.engine.train.feed import Augmentation, TrainingFeed
from mpt_studio.engine.train.losses import MethodLoss, match_columns
from mpt_studio.engine.version import FrozenVersion, MeanTeacher, Normalise
from mpt_studio.recipe import Method, Model, Training, method_named

EVALUATED: Part = "train"
"""The part that is evaluated: as large as the test parts of the field, ten thousand images."""
Setting = dict[str, Any]
"""Plain JSON values: the fields of ``jobs.bench.Case``, the rounds, and the folder with both teachers' files."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A setting, opened."""

    setting: Setting
    dataset: Dataset
    method: Method
    old: Checkpoint
    reference: Checkpoint
    train_indices: Indices
    test_indices: Indices
    preprocessing: Preprocessing

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.dataset.class_names

    @property
    def mirror(self) -> bool:
        return self.dataset.flips_horizontally

    @property
    def mean(self) -> tuple[float, float, float]:
        return self.preprocessing.mean

    @property
    def std(self) -> tuple[float, float, float]:
        return self.preprocessing.std

    @property
    def train(self) -> list[int]:
        return [int(index) for index in self.train_indices]

    @property
    def test(self) -> list[int]:
        return [int(index) for index in self.test_indices]

    @property
    def train_columns(self) -> list[int]:
        return [int(label) for label in self.dataset.labels[self.train_indices]]

    @property
    def test_columns(self) -> list[int]:
        return [int(label) for label in self.dataset.labels[self.test_indices]]

    def loop_arguments(self) -> dict[str, Any]:
        """Networks for the yardstick: plain modules in the default memory format, as a script has them."""
        device = torch.device(self.setting["device"])
        position = {name: column for column, name in enumerate(self.class_names)}
        return {
            "network": fresh_network(self.setting, len(self.class_names)).to(device),
            "old": weights.load_network(self.old).to(device) if self.method.needs_old else None,
            "reference": weights.load_network(self.reference).to(device) if self.method.needs_reference else None,
            "old_columns": [position[name] for name in self.old.class_names],
            "classes": len(self.class_names),
        }


def fresh_network(setting: Setting, classes: int) -> nn.Module:
    """The student with the weights that every side starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setting["seed"])
        small = networks.stem_is_small(_model(setting), setting["image_size"])
        return networks.build(setting["arch"], classes, small, setting["image_size"])


def prepare(setting: Setting, old_names: tuple[str, ...]) -> None:
    """Write two teachers with random weights: how fast they answer does not depend on what they have learnt."""
    dataset = open_dataset(setting["data"])
    part = _parts(setting, dataset)[0]
    preprocessing = feed.preprocessing(dataset, part, setting["image_size"])
    for name, classes in (("old", old_names), ("reference", dataset.class_names)):
        network = fresh_network(setting, len(classes))
        checkpoint = Checkpoint(
            architecture=setting["arch"],
            small_stem=networks.stem_is_small(_model(setting), setting["image_size"]),
            class_names=classes,
            preprocessing=preprocessing,
        )
        weights.save_network(Path(setting["folder"]) / f"{name}.safetensors", network.state_dict(), checkpoint)


def prepared(setting: Setting) -> Work:
    """Open what ``prepare`` wrote."""
    dataset = open_dataset(setting["data"])
    train, validation = _parts(setting, dataset)
    old, reference = (read_checkpoint(Path(setting["folder"]) / f"{name}.safetensors") for name in ("old", "reference"))
    return Work(
        setting=setting,
        dataset=dataset,
        method=method_named(setting["method"], setting["margin"]),
        old=old,
        reference=reference,
        train_indices=train,
        test_indices=validation if setting["role"] != "evaluate" else dataset.part(EVALUATED),
        preprocessing=reference.preprocessing,
    )


def bound(setting: Setting) -> Iterator[dict[str, Any]]:
    """As many steps (or forward passes) on one resident batch as an epoch (or the test part) has, for each ``next``."""
    work = prepared(setting)
    device = devices.choose(setting["device"])
    devices.prepare(device, exact=setting["role"] == "evaluate")
    do, batches, images = (_forward if setting["role"] == "evaluate" else _training_step)(work, device)
    first_step_at = 0.0
    while True:
        for _ in range(batches):
            do()
            if not first_step_at:
                _wait(device)
                first_step_at = time.time()
        _wait(device)
        yield {"images": images, "first_step_at": first_step_at}


def decoding(setting: Setting) -> Iterator[dict[str, Any]]:
    """An epoch's augmented batches from the files to the device, for each ``next``: what no training can overtake."""
    work = prepared(setting)
    device, size = devices.choose(setting["device"]), setting["image_size"]
    devices.prepare(device)
    images = feed.ImageFeed(work.dataset, work.train_indices, size, device, on_device=False)
    labels = torch.from_numpy(work.dataset.labels[work.train_indices])
    how = Augmentation(seed=setting["seed"], padding=size // 8, mirror=work.mirror)
    batches = TrainingFeed(images, labels, setting["batch"], how)
    for epoch in itertools.count():
        count, first_step_at = 0, 0.0
        for batch in batches.batches(epoch):
            count += len(batch.labels_B)
            first_step_at = first_step_at or time.time()
        _wait(device)
        yield {"images": count, "first_step_at": first_step_at}


def _training_step(work: Work, device: torch.device) -> tuple[Callable[[], None], int, int]:
    batch, setting = work.setting["batch"], work.setting
    precision = devices.precision(device, setting["precision"])
    placed = devices.place(fresh_network(setting, len(work.class_names)), device)
    network = use_products(placed, setting["image_size"]).train()
    training = Training(batch_size=batch, learning_rate=setting["learning_rate"], seed=setting["seed"])
    optimizer = optimizers.make(network, training)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
    arithmetic = functools.partial(devices.autocast, device, precision)
    old = FrozenVersion(work.old, device).fold() if work.method.needs_old else None
    references = [FrozenVersion(work.reference, device).fold()] if work.method.needs_reference else []
    new = MeanTeacher(references, work.class_names) if references else None
    columns = [match_columns(work.class_names, v.class_names).to(device) for v in (work.old, work.reference)]
    loss = MethodLoss(work.method, columns[0], columns[1])
    pixels, labels = _one_batch(work, work.train_indices, batch, device)
    normalise = Normalise(work.preprocessing).to(device)
    forward: compiled.Forward = network
    recorded = setting.get("compile") == "on" and device.type == "cuda" and not scaler.is_enabled()
    if setting.get("compile") == "on":
        forward = compiled.student(network, len(pixels), setting["image_size"], arithmetic, recorded)
        for teacher in (old, new):
            if teacher is not None:
                teacher.compile(len(pixels), arithmetic)

    def learn(answers_of_old: torch.Tensor | None, answers_of_new: torch.Tensor | None) -> None:
        with arithmetic():
            logits = forward(normalise(pixels))
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss(logits, labels, answers_of_old, answers_of_new)["loss"]).backward()
        scaler.step(optimizer)
        scaler.update()

    if recorded:
        optimizers.make_recordable(optimizer)
    learnt = Recorded(learn, lambda problem: print(problem, file=sys.stderr)) if recorded else learn

    def step() -> None:
        with arithmetic():
            answers = old.logits(pixels) if old else None, new.logits(pixels) if new else None
        learnt(*answers)

    steps = max(1, len(work.train_indices) // batch)
    return step, steps, steps * batch


def _forward(work: Work, device: torch.device) -> tuple[Callable[[], None], int, int]:
    version, batch = FrozenVersion(work.reference, device).fold(), work.setting["batch"]
    pixels, _ = _one_batch(work, work.test_indices, batch, device)
    passes = max(1, len(work.test_indices) // batch) * work.setting["versions"]
    return lambda: _no_result(version.logits(pixels)), passes, passes * batch


def _no_result(logits: torch.Tensor) -> None:
    """The answers are not looked at."""


def _one_batch(work: Work, indices: Indices, batch: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = indices[:batch]
    pixels = torch.from_numpy(work.dataset.batch(chosen, work.setting["image_size"]).copy())
    return pixels.to(device), torch.from_numpy(work.dataset.labels[chosen]).to(device)


def _parts(setting: Setting, dataset: Dataset) -> tuple[Indices, Indices]:
    return training_split(
        dataset,
        classes=dataset.class_names,
        seed=setting["seed"],
        validation_fraction=0.1,
        limit=setting["limit_train"],
    )


def _model(setting: Setting) -> Model:
    return Model(arch=setting["arch"], small_stem=setting["small_stem"], image_size=setting["image_size"])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_bytes() -> int:
    """Memory that this process had at most; 0 where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def peak_bytes_on(device: str) -> int:
    """GPU memory in tensors at its highest in this process; 0 elsewhere."""
    return torch.cuda.max_memory_allocated(device) if device.startswith("cuda") else 0
