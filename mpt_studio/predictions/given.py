"""An old model of which only the answers are there: one for every sample of some data.

Shape letters: N samples of the data, B of them, K classes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from mpt_studio.data.dataset import Dataset, Indices, Part
from mpt_studio.errors import UserError
from mpt_studio.predictions.answers import Floats, Ints, Predictions

PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Given:
    """Predictions by the place of their samples in the data; nothing is read before it is asked for."""

    name: str
    """What people call the file."""
    class_names: tuple[str, ...]
    """(K,) as the data call them."""
    answers: Predictions
    rows: Ints
    """(N,) row of each sample in ``answers``; −1 where it has none."""

    @property
    def has_scores(self) -> bool:
        """Whether there is more than the answers."""
        return self.answers.has_scores

    def logits(self, samples: Indices) -> Floats:
        """(B, K) of samples of the data."""
        found: Floats = np.asarray(self.answers.logits[self.rows[samples]], dtype=np.float32)
        return found

    def said(self, samples: Indices) -> Ints:
        """(B,) the answered classes, indices into ``class_names``."""
        if self.has_scores:
            largest: Ints = self.logits(samples).argmax(axis=1).astype(np.int64)
            return largest
        said: Ints = np.asarray(self.answers.predicted[self.rows[samples]]).astype(np.int64)
        return said

    def refuse_gaps(self, dataset: Dataset) -> None:
        """Raise ``UserError`` where a sample of a part of the data has no answer."""
        for part in PARTS:
            samples = dataset.part(part)
            missing = samples[self.rows[samples] < 0]
            if len(missing):
                words = {"train": "training", "validation": "validation", "test": "test"}[part]
                raise UserError(
                    f"{self.name} has no answer for {len(missing):,} of the {len(samples):,} images of the {words} "
                    f"part (the first is {str(dataset.sample_ids[missing[0]])!r}); an old model that is only its "
                    "answers has to have them for all images of the data."
                )

    def on(self, dataset: Dataset, part: Part, sha256: str, chosen: Indices | None = None) -> Predictions:
        """The answers on one part, or on chosen samples of it, with the true classes; classes in their own words."""
        samples = dataset.part(part) if chosen is None else chosen
        scored = self.has_scores
        return dataclasses.replace(
            self.answers,
            sample_ids=dataset.sample_ids[samples],
            labels=dataset.labels[samples].astype(np.int64),
            label_names=dataset.class_names,
            logits=self.logits(samples) if scored else np.zeros((len(samples), 0), np.float32),
            answers=None if scored else self.said(samples),
            data=f"{dataset.spec} {part}",
            data_fingerprint=dataset.fingerprint,
            part_fingerprint=dataset.fingerprint_of(samples),
            checkpoint="",
            checkpoint_sha256=sha256,
        )
