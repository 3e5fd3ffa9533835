"""The steps in their order, and those that a recipe wants."""

from __future__ import annotations

from dataclasses import dataclass

from mpt_studio.data.fit import Whole
from mpt_studio.engine.train.varied.batch import Batch
from mpt_studio.engine.train.varied.colours import ColourJitter, Policy
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.engine.train.varied.erasing import Erase
from mpt_studio.engine.train.varied.mixing import Mix
from mpt_studio.engine.train.varied.places import Mirror, PadCrop
from mpt_studio.engine.train.varied.resized_crop import ResizedCrop
from mpt_studio.engine.train.varied.variation import OfImages, Variation, Wanted

STEPS: tuple[type[Variation], ...] = (ResizedCrop, Policy, PadCrop, Mirror, ColourJitter, Erase, Mix)
"""In the order in which they are applied: what loader processes do comes first, wherever it is done."""


@dataclass(frozen=True)
class Augmentation:
    """The steps of a training and the seed of their draws. Equal ones show the same images, whatever else differs."""

    seed: int
    steps: tuple[Variation, ...]

    @classmethod
    def of(cls, wanted: Wanted) -> Augmentation:
        made = (step.of(wanted) for step in STEPS)
        return cls(wanted.recipe.training.seed, tuple(step for step in made if step is not None))

    @property
    def of_images(self) -> tuple[OfImages, ...]:
        """The steps that loader processes do."""
        return tuple(step for step in self.steps if isinstance(step, OfImages))

    @property
    def takes(self) -> Whole | None:
        """The whole pictures that the first step cuts; None where it takes squares."""
        return next((step.takes for step in self.steps if isinstance(step, ResizedCrop)), None)

    @property
    def wants_loaders(self) -> bool:
        """Whether one process would take too long."""
        return any(isinstance(step, Policy) for step in self.steps)

    def apply(self, batch: Batch, draws: Draws, done: tuple[Variation, ...] = ()) -> Batch:
        """The batch after all steps but those that were done by whoever brought the images."""
        for variation in self.steps:
            batch = batch if variation in done else variation.apply(batch, draws)
        return batch

    def told(self) -> str:
        """Every field of every step, for people."""
        return ", ".join(map(repr, self.steps)) or "nothing"
