"""The built-in data set: 36 characters as 32×32 colour images, drawn on first use.

Digits 0-9 are what an example's old model knows, the capital letters are new: 0/O, 1/I, 2/Z, 5/S and 8/B collide.
Every sample is a pure function of its part, class and number (Philox counters), so it is the same on any machine with
the same Pillow; the font is the one inside Pillow (Aileron Regular, CC0).
"""

from __future__ import annotations

import functools
import math
import os
import statistics
from concurrent.futures import ThreadPoolExecutor

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
VERSION = 4
"""Raise it when the drawing changes."""
TRAIN_PER_CLASS = 240
TEST_PER_CLASS = 60
_CANVAS = 96
_FONT_SIZE = 56
"""Glyphs are drawn at twice their final size and reduced by the affine map."""
_STROKES = (0.0, 1.0, 2.5)
_BLURS = (0.9, 2.0, 3.6)
_LEAST_NOISE, _MOST_NOISE = 0.015, 0.18
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
    counts = (train_per_class, test_per_class)
    made = [np.empty((count, len(CLASSES), SIZE, SIZE, 3), dtype=np.uint8) for count in counts]
    jobs = [(part, label) for part in range(2) for label in range(len(CLASSES))]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:  # NumPy and Pillow release the interpreter lock
        drawn = threads.map(lambda job: draw_class(job[0], job[1], counts[job[0]]), jobs)
        for done, ((part, label), images) in enumerate(zip(jobs, drawn, strict=True)):
            progress("Drawing the built-in characters", done / len(jobs))
            made[part][:, label] = images
    images = np.concatenate([images.reshape(-1, SIZE, SIZE, 3) for images in made])
    labels = np.arange(len(images), dtype=np.int64) % len(CLASSES)
    return Pixels(images, labels, CLASSES, train_per_class * len(CLASSES))


def draw_class(part: int, label: int, count: int) -> Images:
    """(count, 32, 32, 3): the first ``count`` samples of a class; more of them leave the earlier ones as they are."""
    u = _uniform(part, label, count)
    ink, paper = _colours(u)
    pixels = ink - paper
    pixels *= _masks(label, u)[..., None]
    pixels += paper
    noise = _noise(part, label, count)
    noise *= (_LEAST_NOISE + (_MOST_NOISE - _LEAST_NOISE) * u[:, 15] ** 2)[:, None, None, None]
    pixels += noise
    eight_bits: Images = np.rint(np.clip(pixels, 0.0, 1.0) * np.float32(255.0)).astype(np.uint8)
    return eight_bits


def _raw(stream: int, part: int, label: int, words: int) -> npt.NDArray[np.uint64]:
    """Philox's raw words, which NumPy promises not to change (its distributions may)."""
    key = np.array([VERSION << 16 | part << 8 | stream, label], dtype=np.uint64)
    return np.random.Philox(key=key).random_raw(words)


def _uniform(part: int, label: int, count: int) -> Floats:
    """(count, _DRAWS) in [0, 1)."""
    words = _raw(0, part, label, count * _DRAWS).reshape(count, _DRAWS)
    return (words >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _noise(part: int, label: int, count: int) -> Floats:
    """(count, 32, 32, 3) of standard normal noise, from one random byte per value."""
    values = SIZE * SIZE * 3
    random = _raw(1, part, label, count * values // 8).astype("<u8", copy=False).view(np.uint8)
    return _normal_quantiles()[random].reshape(count, SIZE, SIZE, 3)


@functools.cache
def _normal_quantiles() -> Floats:
    normal = statistics.NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / 256) for i in range(256)], dtype=np.float32)


def _masks(label: int, u: Floats) -> Floats:
    """(count, 32, 32) in [0, 1]: the glyph under each sample's affine map."""
    made = np.empty((len(u), SIZE, SIZE), dtype=np.float32)
    corners = _corners(_affine(u))
    style = (u[:, 0] * len(_STROKES)).astype(int) * len(_BLURS) + (u[:, 1] * len(_BLURS)).astype(int)
    for kind in np.unique(style):
        rows = np.flatnonzero(style == kind)
        glyph = _glyph(CLASSES[label], *divmod(int(kind), len(_BLURS)))
        # One call for all samples of a style: a strip of squares, each with the four source corners it shows.
        mesh = [((0, i * SIZE, SIZE, (i + 1) * SIZE), tuple(corners[row])) for i, row in enumerate(rows)]
        size = (SIZE, SIZE * len(rows))
        strip = glyph.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        made[rows] = np.asarray(strip).reshape(-1, SIZE, SIZE)
    made *= np.float32(1 / 255)
    return made


def _corners(affine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(count, 8): where the output's corners lie on the glyph: top left, bottom left, bottom right, top right."""
    x, y = np.array([0.0, 0.0, SIZE, SIZE]), np.array([0.0, SIZE, SIZE, 0.0])
    source_x = affine[:, 0:1] * x + affine[:, 1:2] * y + affine[:, 2:3]
    source_y = affine[:, 3:4] * x + affine[:, 4:5] * y + affine[:, 5:6]
    return np.stack([source_x, source_y], axis=2).reshape(-1, 8)


@functools.cache
def _glyph(character: str, stroke: int, blur: int) -> Image.Image:
    font = ImageFont.load_default(size=_FONT_SIZE)
    image = Image.new("L", (_CANVAS, _CANVAS))
    drawing = ImageDraw.Draw(image)
    left, top, right, bottom = drawing.textbbox((0, 0), character, font=font)
    corner = ((_CANVAS - left - right) / 2, (_CANVAS - top - bottom) / 2)
    drawing.text(corner, character, font=font, fill=255, stroke_width=_STROKES[stroke])
    return image.filter(ImageFilter.GaussianBlur(_BLURS[blur]))


def _affine(u: Floats) -> npt.NDArray[np.float64]:
    """(count, 6): Pillow's map from output to glyph coordinates, for random turn, shear, width, height and shift."""
    v = u.astype(np.float64)
    turn = np.radians(36.0) * (v[:, 2] - 0.5)
    shear = 0.8 * (v[:, 3] - 0.5)
    size = 0.55 + 0.5 * v[:, 4]
    wide, high = size * np.exp(0.8 * (v[:, 5] - 0.5)), size * np.exp(0.2 * (v[:, 6] - 0.5))
    shift_x, shift_y = 5.0 * (v[:, 7] - 0.5), 5.0 * (v[:, 8] - 0.5)
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
    """Ink (count, 1, 1, 3) and darker paper (count, 32, 32, 3) in about [0, 1]; paper has a soft gradient."""
    half = 0.08 + 0.22 * u[:, 9]
    middle = 0.48 + 0.24 * (u[:, 11] - 0.5)
    ink = _tinted(middle + half, u[:, 12], 0.2)
    paper = _tinted(middle - half, u[:, 13], 0.15)
    angle = 2.0 * math.pi * u[:, 14]
    axis = np.linspace(-1.0, 1.0, SIZE, dtype=np.float32)
    slope = np.cos(angle)[:, None, None] * axis[None, None, :] + np.sin(angle)[:, None, None] * axis[None, :, None]
    return ink[:, None, None, :], paper[:, None, None, :] + 0.07 * slope[..., None]


def _tinted(light: Floats, hue: Floats, saturation: float) -> Floats:
    """(count, 3): a colour of given lightness, tinted by a hue in turns."""
    turns = hue[:, None] + np.array([0.0, 1 / 3, 2 / 3], dtype=np.float32)
    tint: Floats = np.float32(saturation) * np.cos(np.float32(2.0 * math.pi) * turns)
    return light[:, None] + tint
