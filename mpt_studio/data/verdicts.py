"""What is known about each image file: its size in pixels and hash, or why it cannot be used; kept in the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mpt_studio.data import decode
from mpt_studio.data.dataset import Progress
from mpt_studio.data.index import Array, cache_file, load_arrays, pack, save_arrays, unpack
from mpt_studio.data.scan import Found
from mpt_studio.files import plain

_CHUNK = 64
"""Files between two reports of progress."""
_SAVE_EVERY = 60.0
"""Seconds of work that a killed process loses at most."""
_MOST_THREADS = 16
"""Beyond, they wait for the interpreter lock."""
_NO_DIGEST = bytes(16)

T = TypeVar("T")
U = TypeVar("U")
_Key = tuple[str, int, int]


@dataclass(frozen=True)
class Verdict:
    """One file's: usable where ``reason`` is empty."""

    reason: str
    digest: bytes
    """16 bytes that tell the file's content."""
    width: int
    height: int
    is_lasting: bool = True
    """Whether it holds while size and time are the same; not so where the system refused to read."""


def verify(root: Path, found: Sequence[Found], progress: Progress, folder: Path | None = None) -> list[Verdict]:
    """A verdict for each file, from the cache where size and time are unchanged, else by decoding the file.

    Paths are relative to ``folder``, or to ``root``, which is what the cache knows them by.

    What was verified is kept even where ``progress`` raises, so that a cancelled opening goes on where it ended.
    """
    where = cache_file(root, "files")
    known = _load(where)
    verdicts = {f.path: known[_key(f)] for f in found if _key(f) in known}
    todo = [f for f in found if f.path not in verdicts]
    saved_at = time.monotonic()
    try:
        for start in range(0, len(todo), _CHUNK):
            progress(f"Checking images: {start:,} of {len(todo):,}", start / len(todo))
            chunk = todo[start : start + _CHUNK]
            new = in_threads(lambda f: verdict_of(lambda: plain.read((folder or root) / f.path)), chunk)
            verdicts.update(zip((f.path for f in chunk), new, strict=True))
            if time.monotonic() - saved_at > _SAVE_EVERY:
                _save(where, found, verdicts)
                saved_at = time.monotonic()
    finally:
        if todo:
            _save(where, found, verdicts)
    return [verdicts[f.path] for f in found]


def in_threads(do: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """``map`` on as many threads as there are cores for us, in order; decoders release the interpreter lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(min(_MOST_THREADS, cores)) as threads:
        yield from threads.map(do, items)


def verdict_of(read: Callable[[], bytes]) -> Verdict:
    """What is known once an image's bytes were read, or could not be (``OSError``)."""
    try:
        content = read()
    except plain.NotAFile as problem:
        return Verdict(str(problem), _NO_DIGEST, 0, 0)
    except OSError as error:
        return Verdict(error.strerror or "unreadable", _NO_DIGEST, 0, 0, is_lasting=False)
    try:
        width, height = decode.check(content)
    except decode.BadImage as bad:
        return Verdict(str(bad), _NO_DIGEST, 0, 0)
    return Verdict("", plain.digest_of(content), width, height)


def _key(found: Found) -> _Key:
    return found.path, found.size, found.mtime_ns


def _load(path: Path) -> dict[_Key, Verdict]:
    """What an earlier opening found out; nothing where that is missing or damaged."""
    try:
        _, arrays = load_arrays(path)
        facts = arrays["facts"].tolist()
        digests = arrays["digests"].tobytes()
        rows = zip(unpack(arrays["paths"]), unpack(arrays["reasons"]), facts, strict=True)
        return {
            (name, size, mtime_ns): Verdict(reason, digests[16 * i : 16 * i + 16], width, height)
            for i, (name, reason, (size, mtime_ns, width, height)) in enumerate(rows)
        }
    except Exception:  # zip, header and text problems come as many types; the file only saves time
        return {}


def _save(path: Path, found: Sequence[Found], verdicts: dict[str, Verdict]) -> None:
    rows = [(f, verdicts[f.path]) for f in found if f.path in verdicts and verdicts[f.path].is_lasting]
    facts = [(f.size, f.mtime_ns, v.width, v.height) for f, v in rows]
    arrays: dict[str, Array] = {
        "paths": pack([f.path for f, _ in rows]),
        "reasons": pack([v.reason for _, v in rows]),
        "facts": np.array(facts, np.int64).reshape(-1, 4),
        "digests": np.frombuffer(b"".join(v.digest for _, v in rows), np.uint8),
    }
    save_arrays(path, {"files": len(rows)}, arrays)
