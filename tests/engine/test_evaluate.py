"""What versions answer, on the pixels that they see where they are deployed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError


def test_that_an_old_model_answers_with_its_own_columns(old, squares):
    found = evaluate(old, squares, squares.test, device="cpu")
    assert found.class_names == ("dog", "bee")
    assert found.label_names == squares.class_names
    assert found.logits.shape == (len(squares.test), 2)
    assert found.logits.dtype == np.float32
    assert found.sample_ids.tolist() == squares.sample_ids[squares.test].tolist()
    assert found.checkpoint_sha256 == old.sha256()
    known = np.isin(squares.labels[squares.test], [1, 3])
    answers = np.array(found.class_names)[found.predicted][known]
    truth = np.array(squares.class_names)[squares.labels[squares.test]][known]
    assert (answers == truth).mean() > 0.8


def test_that_evaluation_equals_the_network_on_normalised_images(old, squares):
    network = load_network(old)
    images = torch.from_numpy(squares.images[squares.test]).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (old.preprocessing.mean, old.preprocessing.std))
    with torch.no_grad():
        expected = network((images - mean) / std).numpy()
    assert np.allclose(evaluate(old, squares, squares.test, device="cpu").logits, expected, atol=1e-3)


def test_that_progress_is_told_and_can_cancel(old, squares):
    told = []
    evaluate(old, squares, squares.test, device="cpu", progress=lambda text, done: told.append(done))
    assert told[-1] == 1.0

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(old, squares, squares.test, device="cpu", progress=cancel)


def test_that_no_samples_give_no_answers(old, squares):
    assert evaluate(old, squares, squares.test[:0], device="cpu").logits.shape == (0, 2)


def test_that_evaluation_gives_the_logits_of_torchvisions_own_transforms(photographs, foreign) -> None:
    from torchvision.models import ResNet18_Weights

    transforms = ResNet18_Weights.IMAGENET1K_V1.transforms()
    network = FrozenVersion(foreign, torch.device("cpu")).network
    found = evaluate(foreign, photographs, photographs.test, device="cpu")
    for row, index in zip(found.logits, photographs.test, strict=True):
        with Image.open(photographs.file_of(int(index))) as image, torch.no_grad():
            pixels = transforms(image.convert("RGB"))[None]
            assert np.allclose(row, network(pixels)[0].numpy(), rtol=1e-4, atol=1e-5)


def test_that_answers_that_are_not_finite_are_no_answers(old, squares):
    version = FrozenVersion(old, torch.device("cpu"))
    for weights in version.network.parameters():
        weights.fill_(float("nan"))
    with pytest.raises(UserError, match=rf"logits that are not finite in {len(squares.test)} of {len(squares.test)}"):
        evaluate(old, squares, squares.test, device="cpu", version=version)
