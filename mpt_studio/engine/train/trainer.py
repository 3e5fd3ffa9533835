"""Trains one version: a generator of events that touches neither disk nor screen.

Killed at any moment and restored from its last saved state, it ends with the same weights and the same epoch figures on
the CPU, bit for bit: order, augmentation and dropout are functions of (seed, epoch, step, sample), the rest is saved.
Step events cover the steps since the last one by the clock, so where they are cut differs from run to run.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing
from mpt_studio.data.dataset import Indices
from mpt_studio.data.decoded import Stored
from mpt_studio.data.fit import Fit
from mpt_studio.engine import images as feed
from mpt_studio.engine.evaluate import Logits
from mpt_studio.engine.images import Report
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap, ranks
from mpt_studio.engine.networks import weights
from mpt_studio.engine.train import head_only, optimizers, plan, progress
from mpt_studio.engine.train.best import Best
from mpt_studio.engine.train.decoding import decode_images
from mpt_studio.engine.train.materials import Materials, gather
from mpt_studio.engine.train.optimizers import learning_rate
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.train.progress import Asked, Command, Left, Pace, leave_for
from mpt_studio.engine.train.start import begin
from mpt_studio.engine.train.state import State
from mpt_studio.engine.train.student import Student
from mpt_studio.engine.train.sums import Totals
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event, Note, Paused, Started, Step

SECONDS_BETWEEN_READINGS = 0.15
"""At first; after 150 s a thousandth of the time so far, at most 3 s: of a day 30,000 steps are told, not 600,000."""
MUCH_TO_READ = 200 << 20
GO_ON: tuple[Command, bool] = ("run", False)
"""What most steps are followed by: nobody asks for anything, and nothing is to be told."""
_WAS_COMPILED = "This run began with compiled networks, which are no longer made; it goes on, rounding otherwise."


class Trainer:
    """One version's training; see ``fit``.

    Raises:
        UserError: unknown architecture, absent device, missing teacher, no images, labels out of range.
    """

    def __init__(self, parts: Parts) -> None:
        parts.check()
        self.parts, self.recipe = parts, parts.recipe
        start = begin(parts)
        self._start = start.name, start.sha256
        self._identity = parts.identity(start.sha256)
        decided = plan.decide(parts, start, ranks.here())
        self.ranks = ranks.ALONE if decided.head_only else ranks.here()
        """Who trains together; a last layer alone is too little to be spread."""
        self.student = Student(parts.recipe, decided, start, self.ranks)
        self.epoch = 0
        """Epochs done, validation included."""
        self.step_in_epoch = 0
        self.figures: dict[str, Any] = {}
        """Figures of the last epoch that was done."""
        self.best = Best(parts.recipe.training)
        self._preprocessing = start.preprocessing
        self._command: Command = "run"
        self._stored: Stored | None = None
        """How the training images were kept decoded before a restored state, which decides what crops show."""
        self._computed_with = ""
        """What the steps before a restored state were computed with."""
        self._last: Totals | None = None
        self._began = self._read_at = 0.0

    @property
    def plan(self) -> Plan:
        """The recipe's open choices, decided."""
        return self.student.plan

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self.student.network

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or none was better for the recipe's patience."""
        return self.epoch >= self.plan.epochs or self.best.is_waited_for_in_vain(self.epoch)

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.epoch * self.plan.steps_per_epoch + self.step_in_epoch

    @property
    def preprocessing(self) -> Preprocessing:
        """Of this version's images; computed from the training part once."""
        if self._preprocessing is None:
            form = self.plan.training_form(None)
            self._preprocessing = feed.preprocessing(self.parts.dataset, self.parts.train, self.plan.image_size, form)
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
        except ValueError as error:
            if "more than 1 value per channel" in str(error):
                raise UserError(progress.ONE_IMAGE) from None
            raise
        except RuntimeError as error:
            if devices.is_lack_of_memory(error):
                raise UserError(progress.too_little_memory(self.plan.device, self.recipe.training.batch_size)) from None
            raise
        finally:
            heap.give_back()

    def _fit(self, command: Callable[[], Command]) -> Iterator[Event]:
        yield self._started()
        if self.finished:
            return
        for text in self.plan.notes:
            yield Note(text=text)
        yield from self._note_on_other_machine()
        ask = Asked(command)
        if not self.plan.head_only:  # which looks at images only where their features are not known
            trained_on = self.plan.training_form(self._preprocessing)
            seen = Fit.of(self._preprocessing) if self._preprocessing else Fit(self.plan.image_size)
            yield from decode_images(self.parts, trained_on, seen, ask.obey, self._stored)
        yield from self._note_on_reading()
        materials = self.materials(lambda *_: ask.obey())
        pace, self._began = Pace(self.plan.steps, self.plan.steps_per_epoch), time.monotonic()
        while not self.finished:
            yield from self._train_epoch(materials, pace, ask)
            yield self._finish_epoch(materials, pace)
            yield from self._note_on_loss()
            yield from self._note_on_rest()

    def materials(self, report: Report) -> Materials:
        """Everything but the network, gathered; ``report`` may end it by raising."""
        if self.plan.head_only:
            return head_only.gather(self.parts, self.plan, self.student.backbone(self.preprocessing), report)
        return gather(self.parts, self.plan, self.preprocessing, report, self.ranks)

    def answers(self, indices: Indices, report: Report | None = None) -> Logits | None:
        """(N, C) float32 of the version on samples, where only its head is to be asked; else None."""
        if not self.plan.head_only:
            return None
        backbone = self.student.backbone(self.preprocessing)
        looked = backbone.of(self.parts.dataset, indices, report)
        self.network.load_state_dict(self.best.weights or self.student.version.state_dict())
        return backbone.answers(looked).numpy()

    def _started(self) -> Started:
        return Started(
            device=self.ranks.told(devices.describe(self.plan.device)),
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
        if self.plan.head_only:
            yield Note(text=f"The network stays as it is: {images:,} images go through it once, then its head learns.")
            if ranks.here().count > 1:
                yield Note(text="A head alone is too little to be spread over several GPUs; it learns on one.")
        elif self.plan.held_size and images * self.plan.held_size**2 * 3 > MUCH_TO_READ:
            yield Note(text=f"Reading {images:,} images into memory.")

    def _note_on_loss(self) -> Iterator[Event]:
        loss = self.figures["loss"]
        if self.finished and loss > progress.MUCH_LOSS:
            yield Note(text=progress.diverged(loss, self.recipe.training.learning_rate), level="warning")

    def _note_on_rest(self) -> Iterator[Event]:
        best = self.best.epoch
        if self.epoch < self.plan.epochs and self.finished:
            text = f"Stopped after epoch {self.epoch}, as none since epoch {best} was better; epoch {best} is kept."
            yield Note(text=text)

    def _note_on_other_machine(self) -> Iterator[Event]:
        before, now = self._computed_with, self._computes_with
        if before and before != now:
            text = f"Trained so far with {before}, from here on with {now}: the weights may differ in their last bits."
            yield Note(text=text, level="warning")

    @property
    def _computes_with(self) -> str:
        return self.ranks.told(devices.computed_with(self.plan.device))

    def _train_epoch(self, materials: Materials, pace: Pace, ask: Asked) -> Iterator[Event]:
        pace.start(self.step)
        self._last, self._read_at = (self.student.sums.read() if self.step_in_epoch else None), 0.0
        materials.begin_epoch(self.epoch, self.step_in_epoch)
        self.student.begin_epoch(self.epoch)
        for batch in materials.feed.batches(self.epoch, self.step_in_epoch):
            self.student.step(materials, batch, self.epoch, self.step)
            self.step_in_epoch += 1
            asked, is_due = self.ranks.decided(lambda: (ask.now(), self._is_due()), otherwise=GO_ON)
            if asked != "run" or is_due:
                yield self._step_event(pace)
                pace.start(self.step)  # nobody trains while a listener takes its time, or waits for the disk
            if asked == "pause":
                asked = yield from self._wait(ask)
                pace.start(self.step)
            leave_for(asked)
        for problem in materials.end_epoch():
            yield Note(text=problem, level="warning")

    def _is_due(self) -> bool:
        """Whether the next step is told; each is a mean over all since the last one, so that fewer lose nothing."""
        now = time.monotonic()
        return now - self._read_at > SECONDS_BETWEEN_READINGS * min(20.0, max(1.0, (now - self._began) / 150))

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

    def _wait(self, ask: Asked) -> Generator[Event, None, Command]:
        """What was asked after the pause."""
        yield Paused(paused=True)
        while (asked := self.ranks.agreed(ask.now())) == "pause":
            time.sleep(progress.SECONDS_BETWEEN_POLLS)
        yield Paused(paused=False)
        return asked

    def _finish_epoch(self, materials: Materials, pace: Pace) -> Epoch:
        reading = self._checked_reading()
        self._refuse_what_is_not_finite()
        began = time.monotonic()
        self.ranks.alike(self.student.version.buffers())
        logits = materials.validation_logits(self.student.answering(self.student.version))
        validation, flipped = materials.validation.figures(logits)
        pace.seconds_per_validation = time.monotonic() - began
        self.epoch += 1
        self.step_in_epoch = 0
        self.student.sums.reset()
        losses = reading.means_since(None)
        self._note_figures(reading.accuracy, losses, validation)
        return Epoch(
            step=self.step,
            epoch=self.epoch,
            losses=losses,
            train_accuracy=reading.accuracy,
            train_images=reading.images,
            validation=validation,
            flipped=flipped,
        )

    def _note_figures(self, accuracy: float, losses: dict[str, float], validation: dict[str, dict[str, Any]]) -> None:
        self.figures = {"epoch": self.epoch, "step": self.step, "train_accuracy": accuracy, "loss": losses["loss"]}
        if not validation:
            return
        self.figures["validation_accuracy"] = validation["all"]["accuracy_new"]
        if (rate := validation.get("old_classes", {}).get("nfr")) is not None:
            self.figures["validation_nfr"] = rate
        self.best.consider(self.student.version, self.figures)

    # ------------------------------------------------------------------ failures

    def _checked_reading(self) -> Totals:
        """The sums, once the losses are known to be finite; weights that are not end in such a loss one step later."""
        reading = self.student.sums.read()
        if not reading.is_finite:
            raise UserError(progress.not_a_number(self.epoch, self.recipe.training.learning_rate))
        return reading

    def _refuse_what_is_not_finite(self) -> None:
        """Never let broken weights replace good ones on disk."""
        values = [value for value in self.student.version.state_dict().values() if value.is_floating_point()]
        if not torch.stack([value.sum() for value in values]).isfinite().all():
            raise UserError(progress.not_a_number(self.epoch, self.recipe.training.learning_rate))

    # ------------------------------------------------------------------ keeping

    def describe(self, **more: Any) -> Checkpoint:
        """This version as a checkpoint's header; ``more`` sets further fields (run, path, figures are added to)."""
        figures = self.best.figures or self.figures
        made = Checkpoint(
            architecture=self.recipe.model.arch,
            small_stem=self.plan.small_stem,
            class_names=self.parts.class_names,
            preprocessing=self.preprocessing,
            method=self.recipe.method.name,
            role=self.recipe.role,
            data_fingerprint=self.parts.dataset.fingerprint,
            recipe=recipes.to_json(self.recipe),
            start=self._start[0],
            start_sha256=self._start[1],
        )
        return dataclasses.replace(made, **{**more, "figures": figures | more.get("figures", {})})

    def save_weights(self, path: Path, checkpoint: Checkpoint) -> None:
        """Write the weights that the recipe keeps (last or best). Write through ``paths.replace_file``."""
        self._refuse_what_is_not_finite()
        weights.save_network(path, self.best.weights or self.student.version.state_dict(), checkpoint)

    def save_state(self, path: Path) -> None:
        """Write everything needed to go on. Write through ``paths.replace_file``."""
        self._refuse_what_is_not_finite()
        values = {
            "identity": self._identity,
            "version": json.loads(self.describe().header()[HEADER_KEY]),
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "figures": self.figures,
            "best_figures": self.best.figures,
            "most_accurate": self.best.most_accurate,
            "names": self.student.sums.names,
            "scaler": self.student.scaler.state_dict(),
            "threads": torch.get_num_threads(),
            "computed_with": self._computes_with,
            "preprocessing": dataclasses.asdict(self.preprocessing),
            "stored": self.parts.dataset.stored(self.plan.training_form(self.preprocessing)),
        }
        groups = {
            "network": self.network.state_dict(),
            "best": self.best.weights,
            "average": self.student.average.state_dict() if self.student.average else {},
            "optimizer": optimizers.state_tensors(self.student.optimizer),
            "sums": {"sums": self.student.sums.sums},
        }
        State(values, groups).save(path)

    def restore(self, path: Path) -> None:
        """Take up a saved state. Raises ``Damaged``, or ``UserError`` for one of another recipe or program."""
        state = State.load(path)
        try:
            self._take(path, state.values, state.groups)
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            said = f"{type(error).__name__}: {error}"
            raise UserError(f"The resume state {path} is not of this program ({said}); use the one it is of.") from None

    def _take(self, path: Path, values: dict[str, Any], groups: dict[str, dict[str, Tensor]]) -> None:
        if values["identity"] != self._identity:
            raise UserError(f"{path} belongs to another recipe or other data; start a new run instead.")
        if self.plan.device.type == "cpu":
            torch.set_num_threads(values["threads"])  # sums over threads round alike only with as many of them
        self._computed_with = values.get("computed_with", "")
        if values.get("compiled"):  # by an earlier version of this program
            self.student.plan = dataclasses.replace(self.plan, notes=(*self.plan.notes, _WAS_COMPILED))
        self._preprocessing = Preprocessing(**{k: _tuple(v) for k, v in values["preprocessing"].items()})
        self._stored = next((way for way in get_args(Stored) if way == values.get("stored")), None)
        self.network.load_state_dict(groups["network"])
        if self.student.average:
            self.student.average.load_state_dict(groups["average"])
        optimizers.load_state_tensors(self.student.optimizer, groups.get("optimizer", {}))
        if values["scaler"]:  # empty where the run began on a device that scales no losses
            self.student.scaler.load_state_dict(values["scaler"])
        self.student.sums.restore(tuple(values["names"]), groups["sums"]["sums"])
        self.best.weights = {k: v.to(self.plan.device) for k, v in groups.get("best", {}).items()}
        self.figures, self.best.figures = values["figures"], values["best_figures"]
        self.best.most_accurate = values.get("most_accurate", self.best.figures.get("validation_accuracy", -1.0))
        self.epoch, self.step_in_epoch = values["epoch"], values["step_in_epoch"]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
