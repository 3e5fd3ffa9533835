"""How an image of any size becomes the square that a version sees: resized, then cut; or the whole of it, for crops.

Trained here: the largest centred square, resized in one step. Versions from elsewhere bring their own way, and then
the result is that of the transforms they were trained with (torchvision's ``Resize`` and ``CenterCrop`` on Pillow
images), so that they answer here as they do where they are deployed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mpt_studio.checkpoint import Crop, Interpolation, Preprocessing
from mpt_studio.errors import UserError

LARGEST = 4096
"""Pixels; a header that asks for more would only fill the memory."""
MOST_PIXELS = 1 << 26
"""Images that would become larger (200 MB) are not resized as a whole: a thin strip would fill the memory."""
MORE_FOR_CROPS = 1.15
"""A random crop of a photograph is cut from so many times the pixels that it becomes, in each direction."""
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Fit:
    """A version's way to bring images to its input size. Raises ``UserError`` for sizes that cannot be meant."""

    size: int
    """Side of the result in pixels."""
    resize: int = 0
    """Length of the shorter side before the centre crop, rounded as torchvision does it; 0 cuts the largest centred
    square out first and resizes that."""
    interpolation: Interpolation = "bicubic"
    crop: Crop = "center"

    def __post_init__(self) -> None:
        if not 1 <= self.size <= LARGEST or not (self.resize == 0 or self.size <= self.resize <= 2 * LARGEST):
            asked = f"resized to {self.resize} and cut to {self.size}" if self.resize else f"of {self.size}"
            raise UserError(
                f"Images {asked} pixels cannot be made; the input needs 1 to {LARGEST} and the resized side no less."
            )

    @classmethod
    def of(cls, preprocessing: Preprocessing) -> Fit:
        """A version's fit."""
        return cls(preprocessing.image_size, preprocessing.resize, preprocessing.interpolation, preprocessing.crop)

    @property
    def is_plain(self) -> bool:
        """Whether it is the way of versions trained here, which a data set also takes as a size alone."""
        return self == Fit(self.size)

    @property
    def name(self) -> str:
        """Tells it from all others, also as a folder's name."""
        return f"fit-{self.size}-{self.resize}-{self.interpolation}-{self.crop}"

    @property
    def draft(self) -> int:
        """Both sides may be decoded smaller, but not below this; 0 where every pixel of the file counts.

        Other fits than the plain one have to give exactly what the version sees where it is deployed.
        """
        return self.size if self.is_plain else 0

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what comes out for an image."""
        return self.size, self.size

    @property
    def asked(self) -> int | Fit:
        """What to give ``Dataset.batch``: the size alone where that says everything."""
        return self.size if self.is_plain else self

    def apply(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        """(size, size, 3) uint8 of an RGB image."""
        if image.size == (self.size, self.size) and self.resize in (0, self.size):
            return np.asarray(image)
        if self.crop == "center" and self.resize and math.prod(self._resized_sides(image)) <= MOST_PIXELS:
            return self._resized_and_cut(image)
        width, height = image.size
        box = (0.0, 0.0, float(width), float(height)) if self.crop == "squash" else self._centre(width, height)
        return np.asarray(image.resize((self.size, self.size), _FILTERS[self.interpolation], box=box))

    def _resized_and_cut(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        """All of the image, and not only the part that is kept, so that no pixel differs by rounding."""
        width, height = self._resized_sides(image)
        left, top = self._start(width), self._start(height)
        resized = np.asarray(image.resize((width, height), _FILTERS[self.interpolation]))
        return resized[top : top + self.size, left : left + self.size]

    def seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of an image that the version sees: left, top, right, bottom in fractions of its sides."""
        if self.crop == "squash":
            return (0.0, 0.0, 1.0, 1.0)
        left, top, right, bottom = self._centre(width, height)
        return (left / width, top / height, right / width, bottom / height)

    def _centre(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part that is kept, in pixels of the image."""
        if not self.resize:
            side = min(width, height)
            left, top = (width - side) / 2, (height - side) / 2
            return (left, top, left + side, top + side)
        (left, right), (top, bottom) = (self._kept(length, min(width, height)) for length in (width, height))
        return (left, top, right, bottom)

    def _kept(self, length: int, shorter: int) -> tuple[float, float]:
        resized = self._resized(length, shorter)
        start, scale = self._start(resized), length / resized
        return start * scale, (start + self.size) * scale

    def _resized_sides(self, image: Image.Image) -> tuple[int, int]:
        width, height = image.size
        return self._resized(width, min(image.size)), self._resized(height, min(image.size))

    def _resized(self, length: int, shorter: int) -> int:
        return int(self.resize * length / shorter)  # cut off and not rounded, as in torchvision

    def _start(self, resized: int) -> int:
        return round((resized - self.size) / 2)


@dataclass(frozen=True)
class Whole:
    """The whole image with a shorter side of at most so many pixels, never enlarged: what random crops are cut from."""

    shorter: int

    @classmethod
    def of(cls, size: int) -> Whole:
        """For random crops that become ``size`` pixels."""
        return cls(round(size * MORE_FOR_CROPS))

    @property
    def name(self) -> str:
        """Tells it from all others, also as a folder's name."""
        return f"whole-{self.shorter}"

    @property
    def draft(self) -> int:
        """Both sides may be decoded smaller, but not below this."""
        return self.shorter

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what comes out for an image."""
        shrink = min(1.0, self.shorter / min(width, height))
        return round(width * shrink), round(height * shrink)

    def apply(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8 of an RGB image."""
        sides = self.sides(*image.size)
        return np.asarray(image if image.size == sides else image.resize(sides, Image.Resampling.BICUBIC))


Form = Fit | Whole
"""A way to bring images to a size: what a file is decoded for."""


def as_fit(size: int | Fit) -> Fit:
    """A size alone is the plain fit."""
    return Fit(int(size)) if not isinstance(size, Fit) else size


def as_form(form: int | Form) -> Form:
    """A size alone is the plain fit."""
    return form if isinstance(form, Whole) else as_fit(form)
