"""What an opened folder holds, as arrays: every sample's file, class, part and digest; kept in the cache as one file.

Shape letters: N samples.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.data.dataset import Images, Part, Skipped

Array = npt.NDArray[Any]
FORMAT = 4
"""Raise it when decoding or sorting changes its mind about files."""
PARTS: tuple[Part, ...] = ("train", "validation", "test")
KEPT_DAYS = 120
"""What was not opened for longer is deleted from the cache."""
KEPT_BYTES = 2 << 30
_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class Index:
    """The usable images of a folder or of a manifest, the training part first."""

    files: Sequence[str]
    """N paths, relative to the data's root or absolute."""
    sample_ids: npt.NDArray[np.str_]
    """(N,)."""
    labels: npt.NDArray[np.int64]
    """(N,) index into ``class_names``."""
    parts: npt.NDArray[np.int8]
    """(N,) index into ``PARTS``."""
    digests: Images
    """(N, 16) uint8 hash of each file's content."""
    sizes: npt.NDArray[np.int32]
    """(N, 2) width and height."""
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further columns, N texts each."""

    @property
    def content(self) -> str:
        """Hash of all files' contents in order."""
        digest = hashlib.sha256()
        for start in range(0, len(self.digests), _AT_ONCE):
            digest.update(self.digests[start : start + _AT_ONCE].tobytes().hex().encode())
        return digest.hexdigest()


def save_index(root: Path, fingerprint: str, index: Index, watched: Sequence[str] = ()) -> None:
    """Keep the index of a tree or table with this fingerprint; a full disk only costs time at the next opening.

    ``watched`` are paths that the fingerprint says nothing of: one that changes makes the index void as well.
    """
    about = {
        "fingerprint": fingerprint,
        "class_names": index.class_names,
        "skipped": [[s.sample_id, s.reason] for s in index.skipped],
        "notes": index.notes,
        "columns": list(index.metadata),
    }
    arrays: dict[str, Array] = {
        "files": pack(index.files),
        "ids": pack(index.sample_ids.tolist()),
        "labels": index.labels,
        "parts": index.parts,
        "digests": index.digests,
        "sizes": index.sizes,
        "metadata": pack([text for column in index.metadata.values() for text in column]),
        "watched": pack(watched),
        "stamps": stamps(watched),
    }
    save_arrays(cache_file(root, "index"), about, arrays)


def load_index(root: Path, fingerprint: str) -> Index | None:
    """The index as it was saved; None where it is missing, damaged, or of a tree that looks otherwise."""
    try:
        about, arrays = load_arrays(cache_file(root, "index"), fingerprint)
        if not np.array_equal(stamps(unpack(arrays["watched"])), arrays["stamps"]):
            return None
        texts, count = unpack(arrays["metadata"]), len(arrays["labels"])
        return Index(
            files=unpack(arrays["files"]),
            sample_ids=np.array(unpack(arrays["ids"]), dtype=np.str_),
            labels=arrays["labels"],
            parts=arrays["parts"],
            digests=arrays["digests"],
            sizes=arrays["sizes"],
            class_names=tuple(about["class_names"]),
            skipped=tuple(Skipped(*row) for row in about["skipped"]),
            notes=tuple(about["notes"]),
            metadata={name: tuple(texts[i * count : (i + 1) * count]) for i, name in enumerate(about["columns"])},
        )
    except Exception:  # zip, header and text problems come as many types; the file only saves time
        return None


def stamps(watched: Sequence[str]) -> npt.NDArray[np.int64]:
    """(len(watched), 2) size and time in nanoseconds of files; −1 of those that are not there."""
    found = np.full((len(watched), 2), -1, np.int64)
    for row, path in enumerate(watched):
        with contextlib.suppress(OSError, ValueError):  # ValueError: a zero byte in the path
            status = os.stat(path)
            found[row] = status.st_size, status.st_mtime_ns
    return found


def cache_file(root: Path, kind: str) -> Path:
    """Where something about the folder or manifest ``root`` is kept: in the cache, never beside the images."""
    return paths.cache_dir() / "images" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:24]}.{kind}.npz"


def pack(texts: Sequence[str]) -> Images:
    """Texts as one array of bytes: many times quicker to read than JSON."""
    return np.frombuffer("".join(f"{text}\0" for text in texts).encode("utf-8", "surrogatepass"), np.uint8)


def unpack(packed: Array) -> list[str]:
    return packed.tobytes().decode("utf-8", "surrogatepass").split("\0")[:-1]


def save_arrays(path: Path, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write one ``.npz``; its checksums tell at reading whether it is whole."""
    plain = np.frombuffer(json.dumps({"format": FORMAT, **about}).encode(), np.uint8)

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, about=plain, **arrays)

    with contextlib.suppress(OSError):
        paths.replace_file(path, write, durable=False)
        prune(path.parent)


def load_arrays(path: Path, fingerprint: str = "") -> tuple[dict[str, Any], dict[str, Array]]:
    """What ``save_arrays`` wrote. Raises all kinds of errors for a damaged file, ``KeyError`` for an unwanted one."""
    with np.load(path, allow_pickle=False) as archive:
        about = json.loads(archive["about"].tobytes())
        if about["format"] != FORMAT or (fingerprint and about["fingerprint"] != fingerprint):
            raise KeyError("fingerprint")
        arrays = {name: archive[name] for name in archive.files if name != "about"}
    with contextlib.suppress(OSError):
        os.utime(path)
    return about, arrays


def prune(folder: Path, *, days: float = KEPT_DAYS, limit: int = KEPT_BYTES) -> None:
    """Delete what was not opened for ``days``, and beyond ``limit`` bytes what was opened longest ago."""
    found = sorted(((s.st_mtime, s.st_size, p) for p in folder.glob("*.npz") if (s := p.stat())), reverse=True)
    total, oldest = 0, time.time() - days * 86_400
    for opened, size, path in found:
        total += size
        if opened < oldest or total > limit:
            path.unlink(missing_ok=True)
