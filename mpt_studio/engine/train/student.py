"""The network that learns, with its optimizer, and one step of it: everything that changes on the device."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Generator

import torch
from torch import Tensor, nn

from mpt_studio.engine.machine import compiled
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.recorded import Recorded
from mpt_studio.engine.machine.small_maps import use_products
from mpt_studio.engine.train import optimizers, order
from mpt_studio.engine.train.augment import Batch
from mpt_studio.engine.train.materials import Materials
from mpt_studio.engine.train.optimizers import learning_rate
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.train.sums import RunningSums
from mpt_studio.events import Note
from mpt_studio.recipe import Recipe

Logits = Tensor | None


class Student:
    """A network that learns on the plan's device.

    Args:
        recipe: optimizer and schedule.
        plan: its open choices, decided.
        network: with its initial weights; it is moved and changed.
    """

    def __init__(self, recipe: Recipe, plan: Plan, network: nn.Module) -> None:
        self.recipe, self.plan = recipe, plan
        training, device = recipe.training, plan.device
        devices.prepare(device, deterministic=plan.deterministic)
        self.network = use_products(devices.place(network, device), plan.image_size).train()
        self.optimizer = optimizers.make(self.network, training)
        self.scaler = torch.amp.GradScaler(device.type, enabled=plan.precision == "fp16")
        self.sums = RunningSums(device)
        self.news: list[str] = []
        """Sentences for the user about steps, for whoever tells events."""
        self.epoch = 0
        """Of the step in work; decides with the method whether there is distillation."""
        self._forward: compiled.Forward = self.network
        self._learn_full_batch: Callable[..., None] | None = None

    def compile(self) -> Generator[Note, None, None]:
        """Compile what full batches go through, where the plan says so; without a compiler all goes on as it is."""
        if not self.plan.compiled:
            return
        yield Note(text="Compiling the network: half a minute the first time, seconds when it is known already.")
        batch, size = self.recipe.training.batch_size, self.plan.image_size
        try:
            self._forward = compiled.student(self.network, batch, size, self._arithmetic, self.plan.recorded)
        except Exception as error:
            self.plan = dataclasses.replace(self.plan, compiled=False)
            yield Note(text=f"Training goes on without compiling the network ({compiled.problem(error)}).")

    def begin(self, materials: Materials) -> None:
        """Make the faster form of ``learn`` for full batches: compiled, and one recording where the plan says so."""
        learn = functools.partial(self.learn, materials, self._forward)
        self._learn_full_batch = self._recorded(learn) if self.plan.recorded else learn

    def end(self) -> None:
        """Let images, teachers and recordings go."""
        self._learn_full_batch = None

    def step(self, materials: Materials, batch: Batch, epoch: int, number: int) -> None:
        """Optimizer step ``number`` of the run. Nothing here waits for the device."""
        training, self.epoch = self.recipe.training, epoch
        devices.seed(self.plan.device, order.step_seed(training.seed, number))
        optimizers.set_learning_rate(self.optimizer, learning_rate(training, number, self.plan.steps_per_epoch))
        learn = self._learn_full_batch
        if learn is None or len(batch.labels_B) != training.batch_size:
            learn = functools.partial(self.learn, materials, self.network)
        learn(batch.images_BSS3, batch.labels_B, *self.teacher_logits(materials, batch))

    def learn(
        self,
        materials: Materials,
        forward: compiled.Forward,
        images_BSS3: Tensor,
        labels_B: Tensor,
        old_BK: Logits,
        new_BC: Logits,
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

    def teacher_logits(self, materials: Materials, batch: Batch) -> tuple[Logits, Logits]:
        """Old model's and reference models' logits on the same augmented images, where the loss needs them."""
        if not materials.loss.distils(self.epoch):
            return None, None
        asked = batch.images_BSS3, batch.rows_B
        with self._arithmetic():
            old = materials.old.logits(*asked) if materials.old else None
            return old, materials.references.logits(*asked) if materials.references else None

    def _recorded(self, learn: Callable[..., None]) -> Recorded:
        optimizers.make_recordable(self.optimizer)
        sentence = "Training goes on without recording the step as a CUDA graph ({})."
        return Recorded(learn, lambda problem: self.news.append(sentence.format(problem)))

    def _arithmetic(self) -> torch.autocast:
        return devices.autocast(self.plan.device, self.plan.precision)

    def _clip(self) -> None:
        limit = self.recipe.training.clip_gradient
        if limit > 0:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)
