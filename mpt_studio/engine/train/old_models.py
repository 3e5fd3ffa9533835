"""The old model as training needs it: as a teacher, and for the classes that it answers on the validation part.

One that can be asked is asked as the training asks its teachers; of another only its answers are there. Shape letters:
N samples, K classes of the old model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Indices
from mpt_studio.engine.train.kept_answers import Fixed, Teaching
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError
from mpt_studio.predictions import Floats
from mpt_studio.predictions.given import Given


class OldModel(Protocol):
    """The old model of a training; ``ask`` is how the training asks a version that can be asked."""

    def teacher(self, samples: Indices, ask: Callable[[FrozenVersion], Teaching]) -> Teaching: ...
    def answers(self, samples: Indices, ask: Callable[[FrozenVersion], Floats]) -> list[str]:
        """(N,) names of the classes that it answers; ``ask`` returns (N, K) logits."""
        ...


class AskedOldModel:
    """Weights or an ONNX graph."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.version = FrozenVersion(checkpoint, device)

    def teacher(self, samples: Indices, ask: Callable[[FrozenVersion], Teaching]) -> Teaching:
        return ask(self.version)

    def answers(self, samples: Indices, ask: Callable[[FrozenVersion], Floats]) -> list[str]:
        logits = ask(self.version)
        if not np.isfinite(logits.max(axis=1)).all():
            name = self.version.checkpoint.name
            raise UserError(f"The old model {name} gives answers that are not finite; use another version.")
        return [self.version.class_names[column] for column in logits.argmax(axis=1)]


class GivenOldModel:
    """Its answers alone: they stay the same, however an image is varied."""

    def __init__(self, given: Given, device: torch.device) -> None:
        self.given, self.device = given, device

    def teacher(self, samples: Indices, ask: Callable[[FrozenVersion], Teaching]) -> Teaching:
        known = self.given.logits(samples) if self.given.has_scores else self.given.said(samples)
        return Fixed(torch.from_numpy(known).to(self.device), len(self.given.class_names))

    def answers(self, samples: Indices, ask: Callable[[FrozenVersion], Floats]) -> list[str]:
        return [self.given.class_names[said] for said in self.given.said(samples)]


_KINDS: dict[type, Callable[[Any, torch.device], OldModel]] = {Checkpoint: AskedOldModel, Given: GivenOldModel}


def old_model(of: Checkpoint | Given | None, device: torch.device) -> OldModel | None:
    """The old model of a training, where there is one. Raises ``UserError`` where it cannot be loaded."""
    return _KINDS[type(of)](of, device) if of is not None else None
