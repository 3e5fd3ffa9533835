"""The best epoch of a run by its validation figures, with its weights; and how long none was better."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mpt_studio.recipe import Training

NEARLY_AS_ACCURATE = 0.01
"""On validation: fewer negative flips count in epochs that lose no more than this to the most accurate one."""


class Best:
    """Keeps what the recipe wants kept; nothing where the last epoch is the version."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.weights: dict[str, Tensor] = {}
        self.figures: dict[str, Any] = {}
        self.most_accurate = -1.0
        """The highest accuracy of any epoch, which need not be the kept one's."""

    @property
    def epoch(self) -> int:
        """Whose they are; 0 before the first."""
        return int(self.figures.get("epoch", 0))

    def consider(self, network: nn.Module, figures: dict[str, Any]) -> None:
        """Keep an epoch's weights where it is the best so far."""
        if self.training.keeps != "best" or "validation_accuracy" not in figures:
            return
        self.most_accurate = max(self.most_accurate, figures["validation_accuracy"])
        if self._is_better(figures):
            self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
            self.figures = dict(figures)

    def is_waited_for_in_vain(self, epoch: int) -> bool:
        """Whether no epoch was better for the recipe's patience."""
        return bool(self.training.patience and self.figures) and epoch - self.epoch >= self.training.patience

    def _is_better(self, now: dict[str, Any]) -> bool:
        """More accurate, or with fewer negative flips where it is nearly as accurate as the most accurate one."""
        gained = now["validation_accuracy"] - self.figures.get("validation_accuracy", -1.0)
        if self.training.patience_on == "accuracy" or "validation_nfr" not in self.figures:
            return bool(gained > 0)
        least = self.most_accurate - NEARLY_AS_ACCURATE
        if self.figures["validation_accuracy"] < least or now["validation_accuracy"] < least:
            return bool(gained > 0)
        fewer = self.figures["validation_nfr"] - now["validation_nfr"]
        return bool(fewer > 0 or (fewer == 0 and gained > 0))
