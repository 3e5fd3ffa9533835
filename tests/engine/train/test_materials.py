"""What training reads and never changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from mpt_studio.data import Dataset
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.version import FrozenVersion


def test_that_flips_on_validation_images_are_counted_against_what_the_old_model_answers_where_it_is_deployed(
    squares, old, make
) -> None:
    cropped = dataclasses.replace(old, preprocessing=dataclasses.replace(old.preprocessing, resize=20))
    trainer = make(data=_Fitting(squares), old=cropped)
    parts, gathered = trainer.parts, gather(trainer.parts, trainer.plan, old.preprocessing)
    answers = evaluate(cropped, parts.dataset, parts.validation, device="cpu").logits.argmax(axis=1)
    version = FrozenVersion(cropped, torch.device("cpu"))
    plain = version.logits(torch.from_numpy(squares.batch(parts.validation, 16))).argmax(dim=1).numpy()
    assert (answers != plain).any()
    figures, _ = gathered.validation.figures(_one_hot([cropped.class_names[a] for a in answers], squares.class_names))
    assert figures["all"]["nfr"] == 0
    assert figures["all"]["churn"] == 0


class _Fitting(Dataset):
    """The squares, for any fit."""

    def __init__(self, squares: Dataset) -> None:
        self.__dict__.update(squares.__dict__)
        self.squares = squares

    def image(self, index: int) -> np.ndarray:
        return self.squares.image(index)

    def batch(self, indices, size: int | Fit) -> np.ndarray:
        from mpt_studio.data import decode

        return np.stack([decode.fit(self.squares.image(int(i)), size) for i in indices])


def _one_hot(answers: list[str], class_names: tuple[str, ...]) -> np.ndarray:
    return np.eye(len(class_names), dtype=np.float32)[[class_names.index(name) for name in answers]]
