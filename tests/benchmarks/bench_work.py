"""What a benchmark trains: the same images, networks and teachers for every side, and the bound that nothing can beat.

The bound is the student's step and the teachers' forward passes on one batch that lies on the device already: no data
work, no metrics, no events, no saving, in the fastest form that is known for the device.
"""

from __future__ import annotations

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
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import weights
from mpt_studio.engine.train.feed import TrainingFeed
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.trainer import Trainer
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.variation import Wanted
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.methods import Method, method_named
from mpt_studio.recipe import Images, Model, Recipe, Training

EVALUATED: Part = "train"
"""The part that is evaluated: as large as the test parts of the field, ten thousand images."""
Setting = dict[str, Any]
"""Plain JSON values: the fields of ``bench_rounds.Case``, the rounds, and the folder with both teachers' files."""


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

    def parts(self, train: Indices, validation: Indices) -> Parts:
        """For our trainer."""
        return Parts(
            recipe=recipe_of(self.setting),
            dataset=self.dataset,
            class_names=self.class_names,
            old_class_names=self.old.class_names,
            train=train,
            validation=validation,
            old=self.old,
            reference=self.reference,
        )

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


def recipe_of(setting: Setting) -> Recipe:
    """Our training of a setting: as long as there are rounds, at the constant rate that the script has."""
    folder, method = Path(setting["folder"]), method_named(setting["method"], setting["margin"])
    return Recipe(
        data=setting["data"],
        old=str(folder / "old.safetensors"),
        reference=str(folder / "reference.safetensors") if method.needs_reference else "",
        method=method,
        model=Model(arch=setting["arch"], small_stem=setting["small_stem"], image_size=setting["image_size"]),
        images=Images(crop="pad"),  # the published script's
        training=Training(
            epochs=setting["rounds"] + 1,
            batch_size=setting["batch"],
            learning_rate=setting["learning_rate"],
            schedule="constant",
            precision=setting["precision"],
            limit_train=setting["limit_train"],
            seed=setting["seed"],
            device=setting["device"],
            data_placement="loader" if setting.get("jpegs") else "auto",
        ),
    )


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
    classes = len(work.class_names)
    how = Augmentation.of(Wanted(recipe=recipe_of(setting), dataset=work.dataset, size=size, classes=classes))
    batches = TrainingFeed(images, labels, setting["batch"], how)
    for epoch in itertools.count():
        count, first_step_at = 0, 0.0
        for batch in batches.batches(epoch):
            count += len(batch.targets)
            first_step_at = first_step_at or time.time()
        _wait(device)
        yield {"images": count, "first_step_at": first_step_at}


def _training_step(work: Work, device: torch.device) -> tuple[Callable[[], None], int, int]:
    """The product's own, on a training part of one batch."""
    batch = work.setting["batch"]
    trainer = Trainer(work.parts(work.train_indices[:batch], work.train_indices[:0]))
    student = trainer.student
    materials = gather(trainer.parts, trainer.plan, work.preprocessing)
    materials.begin_epoch(0, 0)
    resident = next(materials.feed.batches(0))
    steps = max(1, len(work.train_indices) // batch)
    return lambda: student.step(materials, resident, 0, 0), steps, steps * batch


def _forward(work: Work, device: torch.device) -> tuple[Callable[[], None], int, int]:
    version, batch = FrozenVersion(work.reference, device), work.setting["batch"]
    images = work.dataset.batch(work.test_indices[:batch], work.setting["image_size"])
    pixels = torch.from_numpy(images.copy()).to(device)
    passes = max(1, len(work.test_indices) // batch) * work.setting["versions"]
    return lambda: _no_result(version.logits(pixels)), passes, passes * batch


def _no_result(logits: torch.Tensor) -> None:
    """The answers are not looked at."""


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
