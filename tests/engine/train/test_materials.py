"""What training reads and never changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from mpt_studio.checkpoint import HEADER_KEY
from mpt_studio.data import Dataset
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.networks.weights import load_tensors, save_network
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError


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


def test_that_an_old_model_without_finite_answers_is_refused_before_training(old, make, tmp_path) -> None:
    tensors, _ = load_tensors(Path(old.path), HEADER_KEY, "checkpoint")
    broken = dataclasses.replace(old, path=str(tmp_path / "broken.safetensors"))
    nan = {name: value * float("nan") if value.is_floating_point() else value for name, value in tensors.items()}
    save_network(Path(broken.path), nan, broken)
    with pytest.raises(UserError, match=r"old model .* gives answers that are not finite"):
        list(make(old=broken).fit())


def test_that_classes_are_balanced_by_the_training_part(squares, make, replaced) -> None:
    trainer = make(replaced({"balance": 1.0}))
    few = np.isin(trainer.parts.train % 4, [0, 1, 2]) | (trainer.parts.train < 40)
    parts = dataclasses.replace(trainer.parts, train=trainer.parts.train[few])
    counts = np.bincount(squares.labels[parts.train])
    found = gather(parts, trainer.plan, trainer.preprocessing).loss.weights_C
    assert found.numpy() == pytest.approx(1 / counts / (1 / counts).mean())
    assert make().recipe.training.balance == 0
    assert gather(make().parts, trainer.plan, trainer.preprocessing).loss.weights_C is None


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
