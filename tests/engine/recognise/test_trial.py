"""Weights that agree with an architecture and compute nothing of use."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.recognise import trial
from mpt_studio.errors import UserError

CHECKPOINT = Checkpoint(
    architecture="small",
    small_stem=True,
    class_names=tuple("abc"),
    preprocessing=Preprocessing(image_size=32, mean=(0.5,) * 3, std=(0.5,) * 3),
)


def weights():
    torch.manual_seed(0)
    return networks.build("small", 3, True, 32).state_dict()


def test_that_a_network_that_tells_images_apart_passes():
    trial.check(weights(), CHECKPOINT)


@pytest.mark.parametrize(
    ("value", "problem"), [(float("nan"), "undefined numbers"), (0.0, "the same score")], ids=["undefined", "zero"]
)
def test_that_weights_without_sense_are_refused(value, problem):
    dead = {name: torch.full_like(t, value) if t.is_floating_point() else t for name, t in weights().items()}
    with pytest.raises(UserError, match=f"is not small, though .*{problem}"):
        trial.check(dead, CHECKPOINT)


def test_that_a_network_that_answers_the_same_to_all_images_is_refused():
    given = weights()
    last = max(name for name in given if name.endswith("bias") and given[name].shape == (3,))
    dead = {name: t * 0 if "running_var" not in name and name != last else t for name, t in given.items()}
    dead[last] = torch.tensor([1.0, 2.0, 3.0])
    with pytest.raises(UserError, match="answers the same to all images"):
        trial.check(dead, CHECKPOINT)
