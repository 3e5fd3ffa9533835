"""Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017): 70,000 grey images of 28×28 pixels, from its four IDX files.

Looked for in the named folder, or in the Debian package's folder and the cache; else downloaded into the cache.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from mpt_studio import paths
from mpt_studio.data import cache
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels
from mpt_studio.data.dataset import Images, Progress
from mpt_studio.errors import UserError, one_sentence

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def open_fashion_mnist(folder: Path | None, progress: Progress) -> ArrayDataset:
    """The data set from the IDX files in ``folder``, or from wherever they are found."""
    files = _named(folder) if folder is not None else _found_or_downloaded(progress)
    where, pixels = cache.cached("fashion-mnist", {"files": cache.source_key(files)}, lambda: _decode(files, progress))
    spec = f"fashion-mnist:{folder}" if folder is not None else "fashion-mnist"
    return ArrayDataset(spec, where, pixels, flips_horizontally=True)


def _named(folder: Path) -> list[Path]:
    files = _in(folder) or _in(folder / "FashionMNIST" / "raw") or _in(folder / "raw")
    if files is None:
        raise UserError(f"The folder {folder} lacks Fashion-MNIST's files; it needs {FILES[0]}.gz and three others.")
    return files


def _found_or_downloaded(progress: Progress) -> list[Path]:
    downloads = paths.cache_dir() / "downloads" / "fashion-mnist"
    files = _in(DEBIAN) or _in(downloads)
    if files is None:
        from mpt_studio.data import download

        download.fashion_mnist(downloads, progress)
        files = _in(downloads)
    assert files is not None
    return files


def _in(folder: Path) -> list[Path] | None:
    """The four files in ``folder``, packed or not; None where one is missing."""
    found = [next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None) for name in FILES]
    return [p for p in found if p is not None] if all(found) else None


def _decode(files: list[Path], progress: Progress) -> Pixels:
    arrays = []
    for done, path in enumerate(files):
        progress("Reading Fashion-MNIST", done / len(files))
        arrays.append(read_idx(path))
    train, train_labels, test, test_labels = arrays
    images, labels = np.concatenate([train, test]), np.concatenate([train_labels, test_labels])
    if images.ndim != 3 or labels.shape != images.shape[:1] or (labels >= len(CLASSES)).any():
        raise UserError(f"The files in {files[0].parent} do not fit together as Fashion-MNIST; fetch them again.")
    return Pixels(images[..., None], labels.astype(np.int64), CLASSES, len(train))


def read_idx(path: Path) -> Images:
    """A uint8 array from an IDX file, gzip-packed or not (format: LeCun's MNIST page).

    Raises ``UserError`` where the file is something else, torn or damaged (gzip's own checksum).
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            return _read_idx(cast(BinaryIO, stream))
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"{one_sentence(str(path))} is damaged or no IDX file of bytes; fetch it again.") from None


def _read_idx(stream: BinaryIO) -> Images:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 4:
        raise ValueError("magic number")
    shape = [int(n) for n in np.frombuffer(stream.read(4 * magic[3]), dtype=">u4")]
    count = math.prod(shape)
    if len(shape) != magic[3] or count > 1 << 30:
        raise ValueError("shape")
    content = stream.read(count)
    if len(content) != count or stream.read(1):
        raise ValueError("length")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
