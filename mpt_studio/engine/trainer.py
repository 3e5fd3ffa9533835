"""Trains one version: a generator of events that touches neither disk nor screen.

Killed at any moment and restored from its last saved state, it ends with the same weights and the same epoch figures on
the CPU, bit for bit: order, augmentation and dropout are functions of (seed, epoch, step, sample), the rest is saved.
Step events cover the steps since the last one by the clock, so where they are cut differs from run to run.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.engine import commands, compiled, failures, feed, heap, networks, optimizers, order, plan, weights
from mpt_studio.engine import device as devices
from mpt_studio.engine.commands import Asked, Command, Left
from mpt_studio.engine.materials import Materials, Parts, gather
from mpt_studio.engine.pace import Pace
from mpt_studio.engine.recorded import Recorded
from mpt_studio.engine.schedule import learning_rate
from mpt_studio.engine.small_maps import use_products
from mpt_studio.engine.state import State
from mpt_studio.engine.sums import Reading, RunningSums
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event, Note, Paused, Started, Step
from mpt_studio.recipe import Recipe

SECONDS_BETWEEN_READINGS = 0.15
MUCH_TO_READ = 200 << 20
_FREE_TO_CHANGE = ("device", "data_placement", "compile", "deterministic", "save_every_seconds")


class Trainer:
    """One version's training; see ``fit``.

    Args:
        recipe: what to train, and how.
        dataset: where images and labels come from.
        class_names: (C,) the version's classes, in the order of its head.
        old_class_names: classes that the old model knows; the others are new and get the logit margin.
        train, validation: samples of the two parts.
        old: the old model; flips on the validation part are counted against it, whatever the method.
        reference, ensemble: the method's other teachers.
        answers: folder where teachers' answers are kept for other candidates with the same seed and data.

    Raises:
        UserError: unknown architecture, absent device, missing teacher, no images, labels out of range.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        *,
        class_names: tuple[str, ...],
        old_class_names: tuple[str, ...],
        train: Indices,
        validation: Indices,
        old: Checkpoint | None = None,
        reference: Checkpoint | None = None,
        ensemble: tuple[Checkpoint, ...] = (),
        answers: Path | None = None,
    ) -> None:
        self.recipe, self.dataset, self.class_names = recipe, dataset, class_names
        self.parts = Parts(
            recipe=recipe,
            dataset=dataset,
            class_names=class_names,
            old_class_names=old_class_names,
            train=train,
            validation=validation,
            old=old,
            reference=reference,
            ensemble=ensemble,
            answers=answers,
        )
        self.parts.check()
        networks.check_architecture(recipe.model, len(class_names), plan.image_size(recipe.model, dataset))
        self.plan = plan.decide(recipe, dataset, len(train))
        self._build()
        self.epoch = 0
        """Epochs done, validation included."""
        self.step_in_epoch = 0
        self.figures: dict[str, Any] = {}
        """Figures of the last epoch that was done."""
        self._best: dict[str, Tensor] = {}
        self._best_figures: dict[str, Any] = {}
        self._preprocessing: Preprocessing | None = None
        self._command: Command = "run"
        self._learn_full_batch: Callable[..., None] | None = None
        """The faster form of ``_learn``, while ``fit`` runs."""
        self._news: list[str] = []
        self._last: Reading | None = None
        self._read_at = 0.0

    def _build(self) -> None:
        """Network, optimizer and sums on the device; initial weights depend on the seed alone."""
        device, training = self.plan.device, self.recipe.training
        devices.prepare(device, deterministic=self.plan.deterministic)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(training.seed)
            network = networks.build(
                self.recipe.model.arch, len(self.class_names), self.plan.small_stem, self.plan.image_size
            )
        self.network = use_products(devices.place(network, device), self.plan.image_size).train()
        self.optimizer = optimizers.make(self.network, training)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.plan.precision == "fp16")
        self.sums = RunningSums(device)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.plan.epochs

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.epoch * self.plan.steps_per_epoch + self.step_in_epoch

    @property
    def preprocessing(self) -> Preprocessing:
        """Of this version's images; computed from the training part once."""
        if self._preprocessing is None:
            self._preprocessing = feed.preprocessing(self.dataset, self.parts.train, self.plan.image_size)
        return self._preprocessing

    # ------------------------------------------------------------------ the run

    def fit(self, command: Callable[[], Command] = lambda: "run") -> Iterator[Event]:
        """Train to the end, or until ``command`` answers "stop", "cancel" or "interrupt".

        At every yield the state is consistent, so that it may be saved. ``command`` is asked at most every 50 ms.
        Raises ``UserError`` for a loss or weights that are not finite and for too little memory.
        """
        try:
            yield from self._fit(command)
        except Left:
            return
        except torch.OutOfMemoryError:
            raise UserError(failures.too_little_memory(self.plan.device, self.recipe.training.batch_size)) from None
        except RuntimeError as error:
            if "can't allocate memory" in str(error) or "not enough memory" in str(error):
                raise UserError(failures.too_little_memory(self.plan.device, self.recipe.training.batch_size)) from None
            raise
        finally:
            self._learn_full_batch = None  # it holds images, teachers and recordings, which saving does not need
            heap.give_back()

    def _fit(self, command: Callable[[], Command]) -> Iterator[Event]:
        yield self._started()
        if self.finished:
            return
        for text in self.plan.notes:
            yield Note(text=text)
        yield from self._note_on_reading()
        ask = Asked(command)
        forward = yield from self._compiled_forward()
        materials = gather(self.parts, self.plan, self.preprocessing, lambda *_: self._leave_if_asked(ask))
        self._learn_full_batch = self._recorded(functools.partial(self._learn, materials, forward))
        pace = Pace(self.plan.steps, self.plan.steps_per_epoch)
        while not self.finished:
            yield from self._train_epoch(materials, pace, ask)
            yield self._finish_epoch(materials, pace)

    def _started(self) -> Started:
        return Started(
            device=devices.describe(self.plan.device),
            epochs=self.plan.epochs,
            steps=self.plan.steps,
            step=self.step,
            train_samples=len(self.parts.train),
            validation_samples=len(self.parts.validation),
            parameters=sum(p.numel() for p in self.network.parameters()),
            settings=self.plan.settings(),
        )

    def _note_on_reading(self) -> Iterator[Event]:
        images = len(self.parts.train) + len(self.parts.validation)
        if self.plan.on_device and images * self.plan.image_size**2 * 3 > MUCH_TO_READ:
            yield Note(text=f"Reading {images:,} images into memory.")

    def _compiled_forward(self) -> Generator[Event, None, compiled.Forward]:
        """What full batches go through; without a compiler the network as it is."""
        if not self.plan.compiled:
            return self.network
        yield Note(text="Compiling the network: half a minute the first time, seconds when it is known already.")
        batch, size = self.recipe.training.batch_size, self.plan.image_size
        try:
            return compiled.student(self.network, batch, size, self._arithmetic, self.plan.recorded)
        except Exception as error:
            self.plan = dataclasses.replace(self.plan, compiled=False)
            yield Note(text=f"Training goes on without compiling the network ({compiled.problem(error)}).")
            return self.network

    def _recorded(self, learn: Callable[..., None]) -> Callable[..., None]:
        """The step as one recording, where the plan says so."""
        if not self.plan.recorded:
            return learn
        optimizers.make_recordable(self.optimizer)
        sentence = "Training goes on without recording the step as a CUDA graph ({})."
        return Recorded(learn, lambda problem: self._news.append(sentence.format(problem)))

    def _arithmetic(self) -> torch.autocast:
        return devices.autocast(self.plan.device, self.plan.precision)

    def _leave_if_asked(self, ask: Asked) -> None:
        if ask.now() in ("stop", "cancel", "interrupt"):
            raise Left

    def _train_epoch(self, materials: Materials, pace: Pace, ask: Asked) -> Iterator[Event]:
        pace.start(self.step)
        self._last, self._read_at = (self.sums.read() if self.step_in_epoch else None), 0.0
        materials.begin_epoch(self.epoch, self.step_in_epoch)
        for batch in materials.feed.batches(self.epoch, self.step_in_epoch):
            self._train_step(materials, batch)
            asked = ask.now()
            if asked != "run" or time.monotonic() - self._read_at > SECONDS_BETWEEN_READINGS:
                yield self._step_event(pace)
                yield from (Note(text=self._news.pop()) for _ in list(self._news))
            if asked == "pause":
                yield from self._wait(ask)
                pace.start(self.step)
            self._leave_if_asked(ask)
        materials.end_epoch()

    def _train_step(self, materials: Materials, batch: feed.Batch) -> None:
        """One optimizer step. Nothing here waits for the device."""
        torch.manual_seed(order.step_seed(self.recipe.training.seed, self.step))
        rate = learning_rate(self.recipe.training, self.step, self.plan.steps_per_epoch)
        optimizers.set_learning_rate(self.optimizer, rate)
        learn = self._learn_full_batch
        if learn is None or len(batch.labels_B) != self.recipe.training.batch_size:
            learn = functools.partial(self._learn, materials, self.network)
        learn(batch.images_BSS3, batch.labels_B, *self._teacher_logits(materials, batch))
        self.step_in_epoch += 1

    def _learn(
        self,
        materials: Materials,
        forward: compiled.Forward,
        images_BSS3: Tensor,
        labels_B: Tensor,
        old_BK: Tensor | None,
        new_BC: Tensor | None,
    ) -> None:
        """Forward and backward pass, optimizer and sums: on the device alone, so that it can be recorded."""
        with self._arithmetic():
            logits = forward(materials.normalise(images_BSS3))
        losses = materials.loss(logits, labels_B, old_BK, new_BC, self.epoch)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(losses["loss"]).backward()
        self._clip()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        right = (logits.detach().argmax(dim=1) == labels_B).sum()  # logits before the margin
        self.sums.add(losses, right, len(labels_B))

    def _teacher_logits(self, materials: Materials, batch: feed.Batch) -> tuple[Tensor | None, Tensor | None]:
        """Old model's and reference models' logits on the same augmented images, where the loss needs them."""
        if not materials.loss.distils(self.epoch):
            return None, None
        asked = batch.images_BSS3, batch.rows_B
        with self._arithmetic():
            old = materials.old.logits(*asked) if materials.old else None
            return old, materials.references.logits(*asked) if materials.references else None

    def _clip(self) -> None:
        limit = self.recipe.training.clip_gradient
        if limit > 0:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)

    def _step_event(self, pace: Pace) -> Step:
        reading = self._checked_reading()
        before = self._last.images if self._last else 0
        step = self.step
        images_per_step = (reading.images - before) / max(1, step - pace.step)
        seconds_per_step = pace.lap(step)
        left, left_in_epoch = pace.left(step)
        losses = reading.means_since(self._last)
        self._last, self._read_at = reading, time.monotonic()
        return Step(
            step=step,
            epoch=step / self.plan.steps_per_epoch,
            losses=losses,
            learning_rate=learning_rate(self.recipe.training, step - 1, self.plan.steps_per_epoch),
            images_per_second=images_per_step / max(seconds_per_step, 1e-9),
            eta_seconds=left,
            epoch_eta_seconds=left_in_epoch,
            memory_bytes=devices.allocated_bytes(self.plan.device),
        )

    def _wait(self, ask: Asked) -> Iterator[Event]:
        yield Paused(paused=True)
        while ask.now() == "pause":
            time.sleep(commands.SECONDS_BETWEEN_POLLS)
        yield Paused(paused=False)

    def _finish_epoch(self, materials: Materials, pace: Pace) -> Epoch:
        reading = self._checked_reading()
        self._refuse_what_is_not_finite()
        began = time.monotonic()
        logits = materials.validation_logits(self.network)
        validation, flipped = materials.validation.figures(logits)
        pace.seconds_per_validation = time.monotonic() - began
        self.epoch += 1
        self.step_in_epoch = 0
        self.sums.reset()
        losses = reading.means_since(None)
        self._note_figures(reading.accuracy, losses, validation)
        return Epoch(
            step=self.step,
            epoch=self.epoch,
            losses=losses,
            train_accuracy=reading.accuracy,
            validation=validation,
            flipped=flipped,
        )

    def _note_figures(self, accuracy: float, losses: dict[str, float], validation: dict[str, dict[str, Any]]) -> None:
        self.figures = {"epoch": self.epoch, "step": self.step, "train_accuracy": accuracy, "loss": losses["loss"]}
        if not validation:
            return
        self.figures["validation_accuracy"] = validation["all"]["accuracy_new"]
        best = self._best_figures.get("validation_accuracy", -1.0)
        if self.recipe.training.keep == "best" and self.figures["validation_accuracy"] > best:
            self._best = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
            self._best_figures = dict(self.figures)

    # ------------------------------------------------------------------ failures

    def _checked_reading(self) -> Reading:
        """The sums, once the losses are known to be finite; weights that are not end in such a loss one step later."""
        reading = self.sums.read()
        if not reading.is_finite:
            raise UserError(failures.not_a_number(self.epoch, self.recipe.training.learning_rate))
        return reading

    def _weights_are_finite(self) -> bool:
        values = [value for value in self.network.state_dict().values() if value.is_floating_point()]
        return bool(torch.stack([value.sum() for value in values]).isfinite().all())

    def _refuse_what_is_not_finite(self) -> None:
        """Never let broken weights replace good ones on disk."""
        if not self._weights_are_finite():
            raise UserError(failures.not_a_number(self.epoch, self.recipe.training.learning_rate))

    # ------------------------------------------------------------------ keeping

    def describe(self, **more: Any) -> Checkpoint:
        """This version as a checkpoint's header; ``more`` sets further fields (run, path, figures are added to)."""
        figures = self._best_figures if self._best else self.figures
        made = Checkpoint(
            architecture=self.recipe.model.arch,
            small_stem=self.plan.small_stem,
            class_names=self.class_names,
            preprocessing=self.preprocessing,
            method=self.recipe.method.name,
            role=self.recipe.role,
            data_fingerprint=self.dataset.fingerprint,
            recipe=recipes.to_json(self.recipe),
        )
        return dataclasses.replace(made, **{**more, "figures": figures | more.get("figures", {})})

    def save_weights(self, path: Path, checkpoint: Checkpoint) -> None:
        """Write the weights that the recipe keeps (last or best). Write through ``paths.replace_file``."""
        self._refuse_what_is_not_finite()
        weights.save_network(path, self._best or self.network.state_dict(), checkpoint)

    def save_state(self, path: Path) -> None:
        """Write everything needed to go on. Write through ``paths.replace_file``."""
        self._refuse_what_is_not_finite()
        values = {
            "identity": self._identity(),
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "figures": self.figures,
            "best_figures": self._best_figures,
            "names": self.sums.names,
            "scaler": self.scaler.state_dict(),
            "threads": torch.get_num_threads(),
            "compiled": self.plan.compiled,
            "preprocessing": dataclasses.asdict(self.preprocessing),
        }
        groups = {
            "network": self.network.state_dict(),
            "best": self._best,
            "optimizer": optimizers.state_tensors(self.optimizer),
            "sums": {"sums": self.sums.sums},
        }
        State(values, groups).save(path)

    def restore(self, path: Path) -> None:
        """Take up a saved state. Raises ``UserError`` if it is damaged or of another recipe."""
        state = State.load(path)
        try:
            self._take(path, state.values, state.groups)
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            raise UserError(f"The resume state {path} is damaged ({type(error).__name__}: {error}).") from None

    def _take(self, path: Path, values: dict[str, Any], groups: dict[str, dict[str, Tensor]]) -> None:
        if values["identity"] != self._identity():
            raise UserError(f"{path} belongs to another recipe or other data; start a new run instead.")
        if self.plan.device.type == "cpu":
            torch.set_num_threads(values["threads"])  # sums over threads round alike only with as many of them
        self.plan = dataclasses.replace(self.plan, compiled=values.get("compiled", False))  # it decides how sums round
        self._preprocessing = Preprocessing(**{k: _tuple(v) for k, v in values["preprocessing"].items()})
        self.network.load_state_dict(groups["network"])
        optimizers.load_state_tensors(self.optimizer, groups.get("optimizer", {}))
        if values["scaler"]:  # empty where the run began on a device that scales no losses
            self.scaler.load_state_dict(values["scaler"])
        self.sums.restore(tuple(values["names"]), groups["sums"]["sums"])
        self._best = {k: v.to(self.plan.device) for k, v in groups.get("best", {}).items()}
        self.figures, self._best_figures = values["figures"], values["best_figures"]
        self.epoch, self.step_in_epoch = values["epoch"], values["step_in_epoch"]

    def _identity(self) -> str:
        """Hash of what decides the result, without what may differ on resuming (device, placement, saving)."""
        record = recipes.to_json(self.recipe)
        for name in _FREE_TO_CHANGE:
            record["training"].pop(name)
        digest = hashlib.sha256(repr((record, self.class_names, self.parts.known_to_old)).encode())
        digest.update(self.parts.train.astype("<i8").tobytes())
        digest.update(self.dataset.fingerprint.encode())
        return digest.hexdigest()


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
