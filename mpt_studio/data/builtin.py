"""The built-in data set: 36 characters as 32×32 colour images, drawn on first use.

Digits 0-9 are what an example's old model knows, the capital letters are new: 0/O, 1/I, 2/Z, 5/S and 8/B collide.
Every sample is a pure function of its part, class and number (Philox counters), so it is the same on any machine with
the same Pillow; the font is the one inside Pillow (Aileron Regular, CC0).
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mpt_studio.data import cache
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels
from mpt_studio.data.dataset import Images, Progress

CLASSES = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
SIZE = 32
VERSION = 1
"""Raise it when the drawing changes."""
TRAIN_PER_CLASS = 200
TEST_PER_CLASS = 60
_CANVAS = 96
_FONT_SIZE = 56
"""Glyphs are drawn at twice their final size and reduced by the affine map."""
_STROKES = (0.0, 1.0, 2.5)
_BLURS = (0.9, 1.6, 2.6)
_DRAWS = 24
"""Random numbers per sample, beside its noise."""

Floats = npt.NDArray[np.float32]


def open_builtin(progress: Progress) -> ArrayDataset:
    """The data set, drawn where the cache lacks it."""
    key = {"version": VERSION, "pillow": PIL.__version__, "train": TRAIN_PER_CLASS, "test": TEST_PER_CLASS}
    folder, pixels = cache.cached("builtin", key, lambda: draw(TRAIN_PER_CLASS, TEST_PER_CLASS, progress))
    return ArrayDataset("builtin", folder, pixels, flips_horizontally=False, default_old_classes=CLASSES[:10])


def draw(train_per_class: int, test_per_class: int, progress: Progress) -> Pixels:
    """Draw both parts; within a part the classes take turns, so that any stretch of it shows them all."""
    parts = []
    for part, count in enumerate((train_per_class, test_per_class)):
        images = np.empty((count, len(CLASSES), SIZE, SIZE, 3), dtype=np.uint8)
        for label in range(len(CLASSES)):
            progress("Drawing the built-in characters", (part + label / len(CLASSES)) / 2)
            images[:, label] = draw_class(part, label, count)
        parts.append(images.reshape(-1, SIZE, SIZE, 3))
    images = np.concatenate(parts)
    labels = np.arange(len(images), dtype=np.int64) % len(CLASSES)
    return Pixels(images, labels, CLASSES, len(parts[0]))


def draw_class(part: int, label: int, count: int) -> Images:
    """(count, 32, 32, 3): the first ``count`` samples of a class; more of them leave the earlier ones as they are."""
    u = _uniform(part, label, count)
    masks = _masks(label, u)
    ink, paper = _colours(u)
    pixels = paper + (ink - paper) * masks[..., None]
    pixels += (0.02 + 0.13 * u[:, 15, None, None, None] ** 2) * _noise(part, label, count)
    return np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)


def _raw(stream: int, part: int, label: int, words: int) -> npt.NDArray[np.uint64]:
    """Philox's raw words, which NumPy promises not to change (its distributions may)."""
    key = np.array([VERSION << 16 | part << 8 | stream, label], dtype=np.uint64)
    return np.random.Philox(key=key).random_raw(words)


def _uniform(part: int, label: int, count: int) -> Floats:
    """(count, _DRAWS) in [0, 1)."""
    words = _raw(0, part, label, count * _DRAWS).reshape(count, _DRAWS)
    return ((words >> np.uint64(40)) * np.float64(2.0**-24)).astype(np.float32)


def _noise(part: int, label: int, count: int) -> Floats:
    """(count, 32, 32, 3) of about standard normal noise: the sum of two bytes per value, centred and scaled."""
    values = SIZE * SIZE * 3
    pairs = (
        _raw(1, part, label, count * values // 4)
        .astype("<u8", copy=False)
        .view(np.uint8)
        .reshape(count, SIZE, SIZE, 3, 2)
    )
    return (pairs[..., 0].astype(np.float32) + pairs[..., 1] - 255.0) / 104.5


def _masks(label: int, u: Floats) -> Floats:
    """(count, 32, 32) in [0, 1]: the glyph under each sample's affine map."""
    made = np.empty((len(u), SIZE, SIZE), dtype=np.float32)
    for row, (v, matrix) in enumerate(zip(u, _affine(u), strict=True)):
        glyph = _glyph(CLASSES[label], int(v[0] * len(_STROKES)), int(v[1] * len(_BLURS)))
        mapped = glyph.transform((SIZE, SIZE), Image.Transform.AFFINE, tuple(matrix), Image.Resampling.BILINEAR)
        made[row] = np.asarray(mapped)
    return made / np.float32(255.0)


@functools.cache
def _glyph(character: str, stroke: int, blur: int) -> Image.Image:
    font = ImageFont.load_default(size=_FONT_SIZE)
    image = Image.new("L", (_CANVAS, _CANVAS))
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = draw.textbbox((0, 0), character, font=font)
    corner = ((_CANVAS - left - right) / 2, (_CANVAS - top - bottom) / 2)
    draw.text(corner, character, font=font, fill=255, stroke_width=_STROKES[stroke])
    return image.filter(ImageFilter.GaussianBlur(_BLURS[blur]))


def _affine(u: Floats) -> npt.NDArray[np.float64]:
    """(count, 6): Pillow's map from output to glyph coordinates, for random turn, shear, width, height and shift."""
    v = u.astype(np.float64)
    turn = np.radians(40.0) * (v[:, 2] - 0.5)
    shear = 0.8 * (v[:, 3] - 0.5)
    size = 0.62 + 0.5 * v[:, 4]
    wide, high = size * np.exp(0.5 * (v[:, 5] - 0.5)), size * np.exp(0.3 * (v[:, 6] - 0.5))
    shift_x, shift_y = 7.0 * (v[:, 7] - 0.5), 7.0 * (v[:, 8] - 0.5)
    # Output = R(turn) · [[1, shear], [0, 1]] · diag(wide, high) / 2 · glyph; Pillow wants the inverse.
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = wide * cos, high * (shear * cos - sin)
    c, d = wide * sin, high * (shear * sin + cos)
    scale = 2.0 / (a * d - b * c)
    inverse = np.stack([d * scale, -b * scale, -c * scale, a * scale], axis=1)
    centre_x, centre_y = SIZE / 2 + shift_x, SIZE / 2 + shift_y
    offset_x = _CANVAS / 2 - inverse[:, 0] * centre_x - inverse[:, 1] * centre_y
    offset_y = _CANVAS / 2 - inverse[:, 2] * centre_x - inverse[:, 3] * centre_y
    return np.stack([inverse[:, 0], inverse[:, 1], offset_x, inverse[:, 2], inverse[:, 3], offset_y], axis=1)


def _colours(u: Floats) -> tuple[Floats, Floats]:
    """Ink (count, 1, 1, 3) and paper (count, 32, 32, 3) in about [0, 1]; paper has a soft gradient."""
    contrast: Floats = 0.16 + 0.5 * u[:, 9]
    dark_ink = np.where(u[:, 10] < 0.5, np.float32(1.0), np.float32(-1.0))
    middle = 0.5 + 0.3 * (u[:, 11] - 0.5)
    ink = _tinted(middle - dark_ink * contrast / 2, u[:, 12], 0.22)
    paper = _tinted(middle + dark_ink * contrast / 2, u[:, 13], 0.16)
    angle = 2.0 * math.pi * u[:, 14]
    axis = np.linspace(-1.0, 1.0, SIZE, dtype=np.float32)
    slope = np.cos(angle)[:, None, None] * axis[None, None, :] + np.sin(angle)[:, None, None] * axis[None, :, None]
    return ink[:, None, None, :], paper[:, None, None, :] + 0.07 * slope[..., None]


def _tinted(light: Floats, hue: Floats, saturation: float) -> Floats:
    """(count, 3): a colour of given lightness, tinted by a hue in turns."""
    turns = hue[:, None] + np.array([0.0, 1 / 3, 2 / 3], dtype=np.float32)
    tint: Floats = np.float32(saturation) * np.cos(np.float32(2.0 * math.pi) * turns)
    return light[:, None] + tint
