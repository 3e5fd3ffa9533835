"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): 60,000 colour images of 32×32 pixels, from the official python batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.data import cache, pickled
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels
from mpt_studio.data.dataset import Images, Progress
from mpt_studio.errors import UserError, one_sentence

SIZE = 32


@dataclass(frozen=True)
class Layout:
    """How one of the two is stored."""

    kind: str
    folder: str
    train: tuple[str, ...]
    test: str
    meta: str
    labels: str
    names: str
    classes: int


CIFAR10 = Layout(
    kind="cifar10",
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{i}" for i in range(1, 6)),
    test="test_batch",
    meta="batches.meta",
    labels="labels",
    names="label_names",
    classes=10,
)
CIFAR100 = Layout(
    kind="cifar100",
    folder="cifar-100-python",
    train=("train",),
    test="test",
    meta="meta",
    labels="fine_labels",
    names="fine_label_names",
    classes=100,
)


def open_cifar(folder: Path, classes: int, progress: Progress) -> ArrayDataset:
    """CIFAR-10 or CIFAR-100 from ``folder``, which is the batches' own folder or the one that holds it."""
    layout = CIFAR10 if classes == 10 else CIFAR100
    files = _files(folder, layout)
    where, pixels = cache.cached(
        layout.kind, {"files": cache.source_key(files)}, lambda: _decode(files, layout, progress)
    )
    return ArrayDataset(f"{layout.kind}:{folder}", where, pixels)


def _files(folder: Path, layout: Layout) -> list[Path]:
    """Training batches, test batch, meta."""
    names = [*layout.train, layout.test, layout.meta]
    missing = names
    for place in (folder, folder / layout.folder):
        lacking = [name for name in names if not (place / name).is_file()]
        if not lacking:
            return [place / name for name in names]
        missing = min(missing, lacking, key=len)
    raise UserError(
        f"The folder {one_sentence(str(folder))} lacks {layout.kind}'s file {missing[0]}; "
        f"unpack the official python version and name its folder {layout.folder}."
    )


def _decode(files: list[Path], layout: Layout, progress: Progress) -> Pixels:
    *batches, meta = files
    class_names = _class_names(pickled.read(meta), layout, meta)
    images, labels = [], []
    for done, path in enumerate(batches):
        progress(f"Reading {layout.kind}", done / len(batches))
        content = pickled.read(path)
        images.append(_images(content, path))
        labels.append(_labels(content, layout, len(images[-1]), path))
    train_count = sum(len(part) for part in images[:-1])
    return Pixels(np.concatenate(images), np.concatenate(labels), class_names, train_count)


def _class_names(content: dict[str, Any], layout: Layout, path: Path) -> tuple[str, ...]:
    names = content.get(layout.names)
    if not isinstance(names, list) or len(set(map(str, names))) != layout.classes or len(names) != layout.classes:
        raise UserError(f"{one_sentence(str(path))} does not list the {layout.classes} class names of {layout.kind}.")
    return tuple(map(str, names))


def _images(content: dict[str, Any], path: Path) -> Images:
    """(N, 32, 32, 3) from rows of 3,072 bytes: all red, then all green, then all blue values."""
    data = content.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3 * SIZE * SIZE,):
        raise UserError(f"{one_sentence(str(path))} does not hold images of 32×32 pixels; fetch the official version.")
    return data.reshape(-1, 3, SIZE, SIZE).transpose(0, 2, 3, 1)


def _labels(content: dict[str, Any], layout: Layout, count: int, path: Path) -> npt.NDArray[np.int64]:
    found: Sequence[int] = content.get(layout.labels, ())
    labels = np.array([n for n in found if isinstance(n, int | np.integer)], dtype=np.int64)
    if labels.shape != (count,) or ((labels < 0) | (labels >= layout.classes)).any():
        raise UserError(
            f"The labels in {one_sentence(str(path))} are not those of {layout.kind}; check that the folder is the "
            "right one and fetch the official version."
        )
    return labels
