"""Decoded images on disk: uint8 arrays that are memory-mapped, made once, written as a whole or not at all.

<cache>/data/<name>-<key>/images.npy   (N, H, W, 1 or 3) uint8
                          labels.npy   (N,) int64
                          meta.json    written last: class names, size of the training part, SHA-256 of the pixels
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.data.dataset import Images
from mpt_studio.errors import UserError

FORMAT = 1
"""Part of every key; raise it when what is stored changes."""
KEPT_DAYS = 120


@dataclass(frozen=True, eq=False)
class Pixels:
    """All images of a data set, the training part first."""

    images: Images
    """(N, H, W, 1 or 3)."""
    labels: npt.NDArray[np.int64]
    """(N,)."""
    class_names: tuple[str, ...]
    train_count: int
    content: str = ""
    """SHA-256 of the pixels; filled in by the cache."""


def cached(name: str, key: Mapping[str, Any], build: Callable[[], Pixels]) -> tuple[Path, Pixels]:
    """The folder and the memory-mapped arrays for ``key``; ``build`` makes them where they are missing or damaged.

    Safe with several processes at once: the first one builds, the others wait. Raises ``UserError`` where the cache
    folder cannot be written.
    """
    folder = paths.cache_dir() / "data" / f"{name}-{_digest({'format': FORMAT, **key})}"
    found = load(folder)
    if found is not None:
        return folder, found
    with contextlib.ExitStack() as stack:
        with _writing():
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(filelock.FileLock(f"{folder}.lock"))
        found = load(folder)
        if found is None:
            pixels = build()
            with _writing():
                _save(folder, pixels)
            prune(folder.parent)
            found = load(folder)
    if found is None:
        raise UserError(f"The cache folder {paths.cache_dir()} does not keep what is written; check the disk.")
    return folder, found


def load(folder: Path) -> Pixels | None:
    """What is in a cache folder, or None where it is missing, torn, or not what was written."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if not _untouched(folder / "images.npy", meta):
            return None
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        with contextlib.suppress(OSError):  # a cache that is only read
            os.utime(folder / "meta.json")  # tells prune that somebody needs it
        found = Pixels(images, labels, tuple(meta["class_names"]), int(meta["train_count"]), str(meta["content"]))
        return found if _is_sound(found) and _hash(labels) == meta["labels"] else None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def prune(folder: Path, days: float = KEPT_DAYS) -> None:
    """Delete decoded data that were not opened for ``days``: of sources that changed, moved or are gone."""
    oldest = time.time() - days * 86_400
    for meta in folder.glob("*/meta.json"):
        with contextlib.suppress(OSError):  # another process is quicker, or has it open on Windows
            if meta.stat().st_mtime < oldest:
                shutil.rmtree(meta.parent)
                Path(f"{meta.parent}.lock").unlink(missing_ok=True)


def source_key(files: Sequence[Path]) -> list[tuple[str, int, int]]:
    """Path, size and modification time of source files, for a key."""
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The cache folder {paths.cache_dir()} cannot be written ({error.strerror or error}); "
            "free some space or name another one in MPT_STUDIO_CACHE."
        ) from error


def _save(folder: Path, pixels: Pixels) -> None:
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        images = np.ascontiguousarray(pixels.images)
        paths.write_array(temporary / "images.npy", images)
        paths.write_array(temporary / "labels.npy", pixels.labels)
        meta = {
            "class_names": pixels.class_names,
            "train_count": pixels.train_count,
            "content": _hash(images),
            "labels": _hash(pixels.labels),
            **_stamp(temporary / "images.npy"),
        }
        paths.write_text(temporary / "meta.json", json.dumps(meta))
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _stamp(path: Path) -> dict[str, int]:
    return {"bytes": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns}


def _untouched(path: Path, meta: dict[str, Any]) -> bool:
    """Whether the pixels are those written: by size and time, by their hash where only the time differs (a copy)."""
    stamp = _stamp(path)
    if stamp["bytes"] != meta["bytes"]:
        return False
    return bool(stamp["mtime_ns"] == meta["mtime_ns"] or _hash(np.load(path, allow_pickle=False)) == meta["content"])


def _is_sound(pixels: Pixels) -> bool:
    shape = pixels.images.shape
    return (
        pixels.images.dtype == np.uint8
        and len(shape) == 4
        and shape[3] in (1, 3)
        and pixels.labels.shape == shape[:1]
        and bool(((pixels.labels >= 0) & (pixels.labels < len(pixels.class_names))).all())
        and 0 <= pixels.train_count <= shape[0]
    )


def _hash(array: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _digest(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
