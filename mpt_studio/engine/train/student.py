"""The network that learns, with its optimizer, and one step of it: everything that changes on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.train import optimizers, order
from mpt_studio.engine.train.augment import Batch
from mpt_studio.engine.train.materials import Materials
from mpt_studio.engine.train.optimizers import learning_rate
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.train.sums import RunningSums
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
        self.network = devices.place(network, device).train()
        self.optimizer = optimizers.make(self.network, training)
        self.scaler = torch.amp.GradScaler(device.type, enabled=plan.precision == "fp16")
        self.sums = RunningSums(device)
        self.epoch = 0
        """Of the step in work; decides with the method whether there is distillation."""

    def step(self, materials: Materials, batch: Batch, epoch: int, number: int) -> None:
        """Optimizer step ``number`` of the run. Nothing here waits for the device."""
        training, self.epoch = self.recipe.training, epoch
        devices.seed(self.plan.device, order.step_seed(training.seed, number))
        optimizers.set_learning_rate(self.optimizer, learning_rate(training, number, self.plan.steps_per_epoch))
        self.learn(materials, batch, *self.teacher_logits(materials, batch))

    def learn(self, materials: Materials, batch: Batch, old_BK: Logits, new_BC: Logits) -> None:
        """Forward and backward pass, optimizer and sums: on the device alone."""
        with self._arithmetic():
            logits = self.network(materials.normalise(batch.images_BSS3))
        losses = materials.loss(logits, batch.labels_B, old_BK, new_BC, self.epoch)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(losses["loss"]).backward()
        self._clip()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        right = (logits.detach().argmax(dim=1) == batch.labels_B).sum()  # logits before the margin
        self.sums.add(losses, right, len(batch.labels_B))

    def teacher_logits(self, materials: Materials, batch: Batch) -> tuple[Logits, Logits]:
        """Old model's and reference models' logits on the same augmented images, where the loss needs them."""
        if not materials.loss.distils(self.epoch):
            return None, None
        asked = batch.images_BSS3, batch.rows_B
        with self._arithmetic():
            old = materials.old.logits(*asked) if materials.old else None
            return old, materials.references.logits(*asked) if materials.references else None

    def _arithmetic(self) -> torch.autocast:
        return devices.autocast(self.plan.device, self.plan.precision)

    def _clip(self) -> None:
        limit = self.recipe.training.clip_gradient
        if limit > 0:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)
