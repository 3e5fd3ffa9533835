"""What a trainer is given, and why it may refuse it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.engine.images import head_labels
from mpt_studio.errors import UserError
from mpt_studio.methods import check_teachers
from mpt_studio.predictions.given import Given
from mpt_studio.recipe import Recipe

_FREE_TO_CHANGE = ("device", "data_placement", "deterministic", "save_every_seconds")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One version's training: its recipe, data, classes and teachers."""

    recipe: Recipe
    """What to train, and how."""
    dataset: Dataset
    """Where images and labels come from."""
    class_names: tuple[str, ...]
    """(C,) the version's classes, in the order of its head."""
    old_class_names: tuple[str, ...] = ()
    """Classes that the old model knows; the others are new and get the logit margin."""
    train: Indices
    validation: Indices
    old: Checkpoint | Given | None = None
    """The old model; flips on the validation part are counted against it, whatever the method."""
    reference: Checkpoint | None = None
    """The reference model, where the method has it as a teacher; ``ensemble`` likewise."""
    ensemble: tuple[Checkpoint, ...] = ()
    start: Checkpoint | None = None
    """Whose weights training begins with, where the recipe names a file."""
    answers: Path | None = None
    """Folder where teachers' answers are kept for other candidates with the same seed and data."""

    def check(self) -> None:
        """Raise ``UserError`` for what cannot be trained: no images, a missing teacher, labels out of range."""
        if not len(self.train):
            raise UserError("There are no training images; choose other classes or a higher limit.")
        check_teachers(self.recipe.method, old=self.old, reference=self.reference, ensemble=self.ensemble)
        head_labels(self.dataset, self.train, self.class_names)
        head_labels(self.dataset, self.validation, self.class_names)

    @property
    def known_to_old(self) -> tuple[str, ...]:
        """Classes of the old model; without one, and where none are named, no class is new."""
        return self.old.class_names if self.old else self.old_class_names or self.class_names

    @property
    def references(self) -> tuple[Checkpoint, ...]:
        """The method's teachers beside the old model."""
        method = self.recipe.method
        chosen = self.ensemble if method.needs_ensemble else (self.reference,) if method.needs_reference else ()
        return tuple(checkpoint for checkpoint in chosen if checkpoint)

    def identity(self, start_sha256: str) -> str:
        """Hash of what decides the result, without what may differ on resuming (device, placement, saving).

        ``start_sha256`` is that of the weights that training begins with: a file may have become another since.
        """
        record = recipes.as_before(self.recipe)
        for name in _FREE_TO_CHANGE:
            record["training"].pop(name)
        start = (start_sha256,) if start_sha256 else ()
        digest = hashlib.sha256(repr((record, self.class_names, self.known_to_old, *start)).encode())
        digest.update(self.train.astype("<i8").tobytes())
        digest.update(self.dataset.fingerprint.encode())
        return digest.hexdigest()
