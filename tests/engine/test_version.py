"""What a network is given: pixels as its own transforms make them."""

from __future__ import annotations

import torch
from PIL import Image

from mpt_studio.data.fit import Fit
from mpt_studio.engine.version import Normalise


def test_that_the_normalised_pixels_are_torchvisions_to_within_rounding(photographs, foreign) -> None:
    from torchvision.models import ResNet18_Weights

    transforms, normalise = ResNet18_Weights.IMAGENET1K_V1.transforms(), Normalise(foreign.preprocessing)
    batch = torch.from_numpy(photographs.batch(photographs.test, Fit.of(foreign.preprocessing)))
    for found, index in zip(normalise(batch), photographs.test, strict=True):
        with Image.open(photographs.file_of(int(index))) as image:
            assert (found - transforms(image.convert("RGB"))).abs().max() < 1e-5
