"""Data sets whose images all have one size: memory-mapped arrays, batches by indexing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mpt_studio.data import cache
from mpt_studio.data.cache import Pixels
from mpt_studio.data.dataset import Dataset, Images, Indices
from mpt_studio.errors import UserError

if TYPE_CHECKING:
    from mpt_studio.data.fit import Fit


class ArrayDataset(Dataset):
    """Images in one (N, H, W, 1 or 3) uint8 array of the cache, the training part first."""

    def __init__(
        self,
        spec: str,
        folder: Path,
        pixels: Pixels,
        *,
        flips_horizontally: bool = True,
        default_old_classes: tuple[str, ...] = (),
    ) -> None:
        self.spec = spec
        self.flips_horizontally = flips_horizontally
        self.default_old_classes = default_old_classes
        self._folder = folder
        self._attach(pixels)

    def _attach(self, pixels: Pixels) -> None:
        count, height, width, _ = pixels.images.shape
        self._images = pixels.images
        self.class_names = pixels.class_names
        self.content = pixels.content
        self.labels = np.asarray(pixels.labels, dtype=np.int64)
        self.image_size = height if height == width else 0
        self.train = np.arange(pixels.train_count, dtype=np.int64)
        self.test = np.arange(pixels.train_count, count, dtype=np.int64)
        self.sample_ids = np.array([*_ids("train", len(self.train)), *_ids("test", len(self.test))])

    def image(self, index: int) -> Images:
        return _rgb(np.array(self._images[index]))

    def batch(self, indices: Sequence[int] | Indices, size: int | Fit) -> Images:
        from mpt_studio.data import decode
        from mpt_studio.data.fit import as_fit

        chosen, fit = np.asarray(self._images[np.asarray(indices, dtype=np.int64)]), as_fit(size)
        if self._images.shape[1:3] == (fit.size, fit.size) and fit.resize in (0, fit.size):
            return _rgb(chosen)
        made = np.empty((len(chosen), fit.size, fit.size, 3), dtype=np.uint8)
        for row, image in enumerate(chosen):
            made[row] = decode.fit(_rgb(image), fit)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """For loader processes: the folder's name instead of the pixels."""
        return {name: value for name, value in self.__dict__.items() if name != "_images"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        found = cache.load(self._folder)
        if found is None:
            raise UserError(f"The decoded images of {self.spec} are gone from the cache; open the data again.")
        self._images = found.images


def _rgb(images: Images) -> Images:
    """(…, H, W, 1 or 3) → (…, H, W, 3), contiguous and writable (PyTorch wants that)."""
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def _ids(part: str, count: int) -> list[str]:
    return [f"{part}/{i:05d}" for i in range(count)]
