"""JPEG files for the benchmark, of the size that photographs in data sets have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

Size = tuple[int, int]
"""Width and height."""
SQUARE, CLASSES, QUALITY = (256, 256), 10, 90
COARSE = 24
"""Pixels of the noise that is enlarged: shapes as large as a photograph's, which decide what decoding costs."""


def make_jpegs(folder: Path, count: int, seed: int = 42, size: Size = SQUARE) -> str:
    """Write ``count`` files, a folder for each class, four of five for training; returns what a recipe calls them."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        part = "test" if number % 5 == 4 else "train"
        path = folder / part / f"class {number // 5 % CLASSES}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        _picture(rng, size).save(path, quality=QUALITY)
    return f"folder:{folder}"


def _picture(rng: np.random.Generator, size: Size) -> Image.Image:
    shapes = Image.fromarray(rng.integers(0, 256, (COARSE, COARSE, 3), dtype=np.uint8))
    pixels = np.asarray(shapes.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.integers(-6, 7, pixels.shape, dtype=np.int16)
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))
