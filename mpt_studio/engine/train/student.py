"""The network that learns, with its optimizer, and one step of it: everything that changes on the device."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.features import Backbone
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.networks.adopt import head_of
from mpt_studio.engine.train import optimizers, order
from mpt_studio.engine.train.layers import paces
from mpt_studio.engine.train.materials import Materials
from mpt_studio.engine.train.optimizers import learning_rate
from mpt_studio.engine.train.plan import Plan
from mpt_studio.engine.train.start import Start
from mpt_studio.engine.train.sums import RunningSums
from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.recipe import Recipe, Training

Logits = Tensor | None
STEPS_OF_WARM_UP = 10
"""As TensorFlow's: in step t the average keeps (1 + t) / (10 + t) of itself, until that is the recipe's decay."""


class Student:
    """A network that learns on the plan's device.

    Args:
        recipe: optimizer and schedule.
        plan: its open choices, decided.
        start: its initial weights; its network is moved and changed.
        ranks: who learns together.
    """

    def __init__(self, recipe: Recipe, plan: Plan, start: Start, ranks: Ranks = ALONE) -> None:
        self.recipe, self.plan, self.ranks = recipe, plan, ranks
        training, device = recipe.training, plan.device
        devices.prepare(device, exact=plan.head_only, deterministic=plan.deterministic)  # features are evaluation's
        self.network = devices.place(start.network, device).train()
        self.head = self._head_name()
        """The last layer's name where it is treated otherwise than the rest; else empty."""
        self.learner = self.answering(self.network)
        speeds = paces(self.network, self.head, recipe.start.layer_decay, plan.fine_tuned)
        self.optimizer = optimizers.make(self.network, self._decaying(), speeds)
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False) if training.ema else None
        """The running average of the weights, where the version is that."""
        near = recipe.start.keep_near
        self._anchors = {p: p.detach().clone() for p in self.network.parameters()} if near else {}
        """Where every parameter began, for those that are drawn there."""
        self.scaler = torch.amp.GradScaler(device.type, enabled=plan.precision == "fp16")
        self.sums = RunningSums(device, ranks)
        self.epoch = 0
        """Of the step in work; decides with the method whether there is distillation."""

    @property
    def version(self) -> nn.Module:
        """The network that is judged and kept."""
        return self.network if self.average is None else self.average

    def answering(self, network: nn.Module) -> nn.Module:
        """What answers the batches: the network, or its last layer where they are features."""
        return network.get_submodule(self.head) if self.plan.head_only else network

    def backbone(self, preprocessing: Preprocessing) -> Backbone:
        """What stays as it came, for features that are computed once."""
        arch = self.recipe.model.arch if self.plan.fine_tuned else ""
        return Backbone(self.network.eval(), self.head, preprocessing, self.plan.device, arch)

    def begin_epoch(self, epoch: int) -> None:
        """Which layers learn in it, and which statistics move."""
        frozen = epoch < self.plan.frozen_epochs
        self.network.train(not frozen).requires_grad_(not frozen)
        if frozen:
            self.network.get_submodule(self.head).train().requires_grad_(True)
        if self.recipe.start.batch_norm == "keep":
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        self.learner = self.ranks.learner(self.answering(self.network), self.plan.image_size)

    def step(self, materials: Materials, batch: Batch, epoch: int, number: int) -> None:
        """Optimizer step ``number`` of the run. Nothing here waits for the device."""
        training, self.epoch = self.recipe.training, epoch
        devices.seed(self.plan.device, order.step_seed(training.seed, number, self.ranks.rank))
        optimizers.set_learning_rate(self.optimizer, learning_rate(training, number, self.plan.steps_per_epoch))
        self.learn(materials, [(p, *self.teacher_logits(materials, p)) for p in batch.parts(training.accumulate)])
        self._stay_near()
        self._update_average(number)

    def learn(self, materials: Materials, parts: Sequence[tuple[Batch, Logits, Logits]]) -> None:
        """Forward and backward pass of each part, optimizer and sums: on the device alone.

        A part comes with the old model's and the reference models' logits, where the loss needs them.
        """
        images = sum(len(batch.targets) for batch, _, _ in parts)
        self.optimizer.zero_grad(set_to_none=True)
        for number, (batch, old_BK, new_BC) in enumerate(parts, 1):
            share = batch.share.of_loss * (len(batch.targets) / images)
            with self.ranks.keeps_gradients(self.learner) if number < len(parts) else nullcontext():
                self._add_gradient(materials, batch, old_BK, new_BC, share)
        self._clip()
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def _add_gradient(self, materials: Materials, batch: Batch, old_BK: Logits, new_BC: Logits, share: float) -> None:
        with self._arithmetic(), self._statistics(batch):
            logits = self.learner(materials.normalise(batch.images_BSS3))
        losses = materials.loss(logits, batch.targets, old_BK, new_BC, self.epoch)
        loss = losses["loss"] if share == 1 else losses["loss"] * share
        self.scaler.scale(loss).backward()
        right = (logits.detach().argmax(dim=1) == batch.targets.main_B).sum()  # logits before the margin
        counted = batch.share.counts
        self.sums.add(losses, right * counted, len(batch.targets) * counted)

    def teacher_logits(self, materials: Materials, batch: Batch) -> tuple[Logits, Logits]:
        """Old model's and reference models' logits on the same augmented images, where the loss needs them."""
        if not materials.loss.distils(self.epoch):
            return None, None
        asked = batch.images_BSS3, batch.rows_B
        with self._arithmetic():
            old = materials.old.logits(*asked) if materials.old else None
            return old, materials.references.logits(*asked) if materials.references else None

    def _head_name(self) -> str:
        if not self.plan.frozen_epochs and self.recipe.start.layer_decay == 1.0:
            return ""
        return head_of(self.network, self.plan.image_size, self.plan.classes)

    def _decaying(self) -> Training:
        """Who is drawn to where training began is not drawn to zero as well."""
        near = self.recipe.start.keep_near
        return dataclasses.replace(self.recipe.training, weight_decay=0.0) if near else self.recipe.training

    def _arithmetic(self) -> torch.autocast:
        return devices.autocast(self.plan.device, self.plan.precision)

    def _statistics(self, batch: Batch) -> AbstractContextManager[object]:
        """Batch normalisation's: of all ranks' images, where the recipe does not leave them to each."""
        apart = self.recipe.training.batch_norm_over == "gpu"
        return nullcontext() if apart else self.ranks.whole_batch(batch.share)

    def _clip(self) -> None:
        limit = self.recipe.training.clip_gradient
        if limit > 0:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)

    @torch.no_grad()
    def _stay_near(self) -> None:
        """p ← p − lr·λ·(p − p_start) of what learns: L2-SP (Xuhong et al., ICML 2018), decoupled from the gradient.

        lr is the layer's own, as for decay towards zero.
        """
        for group in self.optimizer.param_groups if self._anchors else ():
            learning = [p for p in group["params"] if p.requires_grad]
            pull = min(1.0, group["lr"] * self.recipe.start.keep_near)
            if learning:
                torch._foreach_lerp_(learning, [self._anchors[p] for p in learning], pull)

    @torch.no_grad()
    def _update_average(self, number: int) -> None:
        """θ_e ← d·θ_e + (1 − d)·θ; buffers are copied."""
        if self.average is None:
            return
        decay = min(self.recipe.training.ema, (1 + number) / (STEPS_OF_WARM_UP + number))
        both = zip(self.average.parameters(), self.network.parameters(), strict=True)
        pairs = [(mean, p) for mean, p in both if p.requires_grad]
        torch._foreach_lerp_([mean for mean, _ in pairs], [p for _, p in pairs], 1 - decay)
        for mine, theirs in zip(self.average.buffers(), self.network.buffers(), strict=True):
            mine.copy_(theirs)
