"""The training loss of every method: cross-entropy with a logit margin, and distillation from teachers.

Formulas: Ricci et al., AAAI 2026 (arXiv 2511.08322); Yan et al., CVPR 2021 (PCT); Zhao et al., ELODI, 2022.
Shape letters: B batch, C classes of the update, K classes of the old model, S classes that both know (shared).
Old classes are columns found by name, never the first ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpt_studio.engine.train.varied.batch import Targets, as_targets
from mpt_studio.errors import UserError
from mpt_studio.methods import Method


@dataclass(frozen=True)
class Columns:
    """Which columns of two versions are the same class.

    Classes that the update dropped stay out of the distillation: both softmaxes and means run over the shared classes.
    They still count in the teacher's answer: an old model that answers a dropped class is wrong.
    """

    update_S: Tensor
    """(S,) int64 columns of the update, in the teacher's order."""
    teacher_S: Tensor
    """(S,) int64 columns of the teacher."""
    teacher_of_C: Tensor
    """(C,) int64 the teacher's column of each class of the update, −1 for classes that it does not know."""
    is_new_C: Tensor
    """(C,) bool, true for classes that the teacher does not know."""

    def to(self, device: torch.device) -> Columns:
        return Columns(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def match_columns(update_names: Sequence[str], teacher_names: Sequence[str]) -> Columns:
    """Match classes by name. Raises ``UserError`` when no class is shared."""
    update_position = {name: i for i, name in enumerate(update_names)}
    teacher_position = {name: i for i, name in enumerate(teacher_names)}
    shared = [name for name in teacher_names if name in update_position]
    if teacher_names and not shared:
        raise UserError("The old model shares no class name with the update; choose an old model of the same classes.")
    teacher_of = torch.tensor([teacher_position.get(name, -1) for name in update_names], dtype=torch.int64)
    return Columns(
        update_S=torch.tensor([update_position[name] for name in shared], dtype=torch.int64),
        teacher_S=torch.tensor([teacher_position[name] for name in shared], dtype=torch.int64),
        teacher_of_C=teacher_of,
        is_new_C=teacher_of < 0,
    )


def with_margin(logits_BC: Tensor, is_new_C: Tensor, margin: float) -> Tensor:
    """z + b·1[class is new]: what the network sees in training only, so that it learns lower new-class logits."""
    return logits_BC + margin * is_new_C.to(logits_BC.dtype) if margin else logits_BC


def focal_weight(right_B: Tensor, alpha: float, beta: float) -> Tensor:
    """(B,) α + β·1[the teacher is right]."""
    return alpha + beta * right_B


def kl_divergence(logits_BS: Tensor, teacher_BS: Tensor, temperature: float) -> Tensor:
    """(B,) KL( softmax(t/τ) ‖ softmax(z/τ) ), summed over classes, without a τ² factor."""
    student = F.log_softmax(logits_BS / temperature, dim=1)
    teacher = F.log_softmax(teacher_BS / temperature, dim=1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)


def class_weights(labels_N: Tensor, classes: int, power: float) -> Tensor | None:
    """(C,) w_c ∝ n_c^(−power) for the number n_c of training images, or None where all are alike.

    Their mean over the classes that have images is 1. A class without images weighs as if it had one; nothing asks.
    """
    if not power:
        return None
    counts_C = labels_N.bincount(minlength=classes)
    weights_C = counts_C.clamp(min=1).double().pow(-power)
    return (weights_C / weights_C[counts_C > 0].mean()).float()


def logit_matching(logits_BS: Tensor, teacher_BS: Tensor) -> Tensor:
    """(B,) ½ · mean over classes of (z − t)²."""
    return 0.5 * (logits_BS - teacher_BS).square().mean(dim=1)


def topk_logit_matching(logits_BS: Tensor, teacher_BS: Tensor, k: int) -> Tensor:
    """(B,) ``logit_matching`` where both sides are 0 outside of the teacher's k largest logits."""
    largest = teacher_BS.topk(min(k, teacher_BS.shape[1]), dim=1).indices
    mask = torch.zeros_like(teacher_BS).scatter_(1, largest, 1.0)
    return logit_matching(logits_BS * mask, teacher_BS * mask)


class MethodLoss(nn.Module):
    """Total and named parts of a method's loss. Losses are float32, or float64 where the logits are.

    Args:
        method: the recipe's method; its fields decide, never its name.
        old_columns: how the old model's classes lie in the update; an old model without classes has no shared ones.
        new_columns: the same for the reference model or the ensemble; None where there is none.
        label_smoothing: share of the target spread over all classes in the cross-entropy.
        weights_C: (C,) a factor of each image's cross-entropy by its class, before the mean over the batch, which is
            divided by the number of images and not by the sum of their factors; None weighs all alike.
    """

    def __init__(
        self,
        method: Method,
        old_columns: Columns,
        new_columns: Columns | None = None,
        label_smoothing: float = 0.0,
        weights_C: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.method = method
        self.old_columns = old_columns
        self.new_columns = new_columns
        self.label_smoothing = label_smoothing
        self.weights_C = weights_C

    def distils(self, epoch: int) -> bool:
        """Whether teachers are needed in this epoch (counted from 0)."""
        return self.method.needs_old and epoch >= self.method.start_epoch

    def forward(
        self,
        logits_BC: Tensor,
        targets: Tensor | Targets,
        old_logits_BK: Tensor | None = None,
        new_logits_BC: Tensor | None = None,
        epoch: int = 0,
    ) -> dict[str, Tensor]:
        """Scalars "loss" (the total) and its summands: "cross_entropy", "distillation_old", "distillation_new".

        Parts carry their weights, so that they add up to the total. What depends on an image's class is averaged over
        its two classes where it was mixed of two, by their shares. ``new_logits_BC`` are the reference model's, or
        the mean of the ensemble's.
        """
        logits, targets = _full_precision(logits_BC), as_targets(targets)
        parts = {"cross_entropy": self._cross_entropy(logits, targets)}
        if self.distils(epoch):
            parts |= self._distillation(logits, targets, old_logits_BK, new_logits_BC)
        return {"loss": torch.stack(tuple(parts.values())).sum(), **parts}

    def _cross_entropy(self, logits_BC: Tensor, targets: Targets) -> Tensor:
        shifted = with_margin(logits_BC, self.old_columns.is_new_C, self.method.logit_margin)
        return targets.averaged(lambda labels_B: self._weighed(shifted, labels_B))

    def _weighed(self, logits_BC: Tensor, labels_B: Tensor) -> Tensor:
        if self.weights_C is None:
            return F.cross_entropy(logits_BC, labels_B, label_smoothing=self.label_smoothing)
        losses_B = F.cross_entropy(logits_BC, labels_B, label_smoothing=self.label_smoothing, reduction="none")
        return (self.weights_C[labels_B] * losses_B).mean()

    def _distillation(
        self, logits_BC: Tensor, targets: Targets, old_logits_BK: Tensor | None, new_logits_BC: Tensor | None
    ) -> dict[str, Tensor]:
        parts: dict[str, Tensor] = {}
        if old_logits_BK is not None:
            term = self._term(logits_BC, targets, _full_precision(old_logits_BK), self.old_columns)
            parts["distillation_old"] = self.method.old_weight * term
        if new_logits_BC is not None and self.new_columns is not None:
            term = self._term(logits_BC, targets, _full_precision(new_logits_BC), self.new_columns)
            parts["distillation_new"] = self.method.new_weight * term
        return parts

    def _term(self, logits_BC: Tensor, targets: Targets, teacher_BK: Tensor, columns: Columns) -> Tensor:
        """Mean over the batch of the method's distillation against one teacher."""
        m = self.method
        answers_B = teacher_BK.argmax(dim=1)

        def right(labels_B: Tensor) -> Tensor:
            found_B = (answers_B == columns.teacher_of_C[labels_B]).to(logits_BC.dtype)
            return found_B.roll(1) if m.shuffled else found_B  # a batch's order is by chance already

        student_BS, teacher_BS = logits_BC[:, columns.update_S], teacher_BK[:, columns.teacher_S]
        focal_B = targets.averaged(lambda labels_B: focal_weight(right(labels_B), m.focal_alpha, m.focal_beta))
        match m.distillation:
            case "none":
                term_B = torch.zeros_like(focal_B)
            case "naive":
                term_B = targets.averaged(
                    lambda labels_B: right(labels_B) * F.cross_entropy(logits_BC, labels_B, reduction="none")
                )
            case "focal_kl":
                term_B = focal_B * kl_divergence(student_BS, teacher_BS, m.temperature)
            case "focal_lm":
                term_B = focal_B * logit_matching(student_BS, teacher_BS)
            case "lm":
                term_B = logit_matching(student_BS, teacher_BS)
            case "lm_topk":
                term_B = topk_logit_matching(student_BS, teacher_BS, m.topk)
            case _:
                assert_never(m.distillation)
        return term_B.mean()


def _full_precision(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()
