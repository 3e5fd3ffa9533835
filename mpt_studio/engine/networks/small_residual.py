"""The network that the program brings with it, for CPUs and first trials.

Shape letters: B batch, C channels, H W an image's sides.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SmallResidual(nn.Module):
    """A residual network of 0.2 M parameters made for CPUs: about 7 million multiply-adds for a 32×32 image.

    Each image is first brought to zero mean and unit variance per channel, so that nothing has to be learned about
    background and contrast. Three residual blocks (He et al., CVPR 2016) follow, of 24, 48 and 96 channels at a half, a
    quarter and an eighth of the image's side; without the small stem the side is divided by four more, for photographs.
    The head sees a map of 4×4 places and not their mean: both choices were measured on the built-in characters, where
    they cut the loss after two epochs from 3.5 to 0.2.
    """

    def __init__(self, classes: int, small_stem: bool = True, widths: tuple[int, ...] = (24, 48, 96)) -> None:
        super().__init__()
        kernel, stride = (4, 2) if small_stem else (8, 8)
        first = nn.Conv2d(3, widths[0], kernel, stride, padding=1 if small_stem else 0, bias=False)
        self.stem = nn.Sequential(first, nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True))
        shapes = zip((widths[0], *widths[:-1]), widths, (1, 2, 2), strict=True)
        self.blocks = nn.Sequential(*(_Block(before, after, stride) for before, after, stride in shapes))
        self.head = nn.Linear(widths[-1] * 16, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        features = self.blocks(self.stem(_standardised(images)))
        places = _places(features) / 4.0  # gradients of the size that the mean over places gives
        logits: Tensor = self.head(places.flatten(1))
        return logits


def _standardised(images_BCHW: Tensor) -> Tensor:
    """Each image's channels with mean 0 and variance 1 (a little less: 0.001 is added before the root)."""
    variance, mean = torch.var_mean(images_BCHW, dim=(2, 3), correction=0, keepdim=True)
    return (images_BCHW - mean) * torch.rsqrt(variance + 1e-3)


def _places(features: Tensor) -> Tensor:
    return features if features.shape[-2:] == (4, 4) else F.adaptive_avg_pool2d(features, 4)


class _Block(nn.Module):
    """Two 3×3 convolutions with batch normalisation beside a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _normalised(before, after, 3, stride)
        self.second = _normalised(after, after, 3, 1)
        same = before == after and stride == 1
        self.shortcut = nn.Identity() if same else _normalised(before, after, 1, stride)

    def forward(self, features: Tensor) -> Tensor:
        inner = self.second(F.relu(self.first(features), inplace=True))
        return F.relu(inner + self.shortcut(features), inplace=True)


def _normalised(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after))
