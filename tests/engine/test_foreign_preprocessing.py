"""A version from elsewhere sees the pixels that its own transforms make, wherever it is asked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.explain import Probe, check_compatible
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.weights import save_network
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.version import FrozenVersion, Normalise
from mpt_studio.errors import UserError

TORCHVISIONS = Preprocessing(
    image_size=224, resize=256, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""Of ``ResNet18_Weights.IMAGENET1K_V1``."""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> Dataset:
    """JPEG and PNG files of several sizes, two classes."""
    root, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(1)
    sizes = [(500, 375), (375, 500), (640, 300), (250, 250), (1000, 800), (224, 224)]
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for i, size in enumerate(sizes):
                small = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
                suffix = ".jpg" if i % 2 else ".png"
                small.resize(size, Image.Resampling.BICUBIC).save(root / part / name / f"{i}{suffix}")
    return open_dataset(f"folder:{root}")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Checkpoint:
    """The smallest torchvision network that is no toy, with random weights that tell images apart."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = networks.build("squeezenet1_1", 2, False, 224)
    made = Checkpoint(
        architecture="squeezenet1_1", small_stem=False, class_names=("dog", "cat"), preprocessing=TORCHVISIONS
    )
    path = tmp_path_factory.mktemp("foreign") / "foreign.safetensors"
    save_network(path, network.state_dict(), made)
    return read_checkpoint(path)


def test_that_evaluation_gives_the_logits_of_torchvisions_own_transforms(photographs, foreign) -> None:
    from torchvision.models import ResNet18_Weights

    transforms = ResNet18_Weights.IMAGENET1K_V1.transforms()
    network = FrozenVersion(foreign, torch.device("cpu")).network
    found = evaluate(foreign, photographs, photographs.test, device="cpu")
    for row, index in zip(found.logits, photographs.test, strict=True):
        with Image.open(photographs.file_of(int(index))) as image, torch.no_grad():
            pixels = transforms(image.convert("RGB"))[None]
            assert np.allclose(row, network(pixels)[0].numpy(), rtol=1e-4, atol=1e-5)


def test_that_the_normalised_pixels_are_torchvisions_to_within_rounding(photographs) -> None:
    from torchvision.models import ResNet18_Weights

    transforms, normalise = ResNet18_Weights.IMAGENET1K_V1.transforms(), Normalise(TORCHVISIONS)
    batch = torch.from_numpy(photographs.batch(photographs.test, Fit.of(TORCHVISIONS)))
    for found, index in zip(normalise(batch), photographs.test, strict=True):
        with Image.open(photographs.file_of(int(index))) as image:
            assert (found - transforms(image.convert("RGB"))).abs().max() < 1e-5


def test_that_features_are_of_the_pixels_that_the_version_sees(photographs, foreign) -> None:
    probe, rows = Probe(foreign, "cpu"), photographs.test[:3]
    seen = torch.from_numpy(photographs.batch(rows, Fit(224, 256, "bilinear")))
    assert np.allclose(probe.features(photographs, rows), probe._features(seen), atol=2e-3)


def test_that_versions_that_see_different_pixels_are_not_interpolated(foreign) -> None:
    plain = dataclasses.replace(TORCHVISIONS, resize=0)
    with pytest.raises(UserError, match="do not resize and crop images in the same way"):
        check_compatible(foreign, dataclasses.replace(foreign, preprocessing=plain))


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
