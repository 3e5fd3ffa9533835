"""What is known about each image file of a folder: its size and hash, or why it cannot be used; kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mpt_studio import paths
from mpt_studio.data import decode
from mpt_studio.data.dataset import Progress
from mpt_studio.data.scan import Found

FORMAT = 1
"""Raise it when decoding changes its mind about files."""
_CHUNK = 64
"""Files between two reports of progress."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Verdict:
    """One file's: usable where ``reason`` is empty."""

    reason: str
    digest: str
    """32 hex digits of the file's content."""
    width: int
    height: int


def verify(root: Path, found: Sequence[Found], progress: Progress) -> list[Verdict]:
    """A verdict for each file, from the manifest where size and time are unchanged, else by decoding the file.

    What was verified is kept even where ``progress`` raises, so that a cancelled opening goes on where it ended.
    """
    where = _manifest_path(root)
    known = _load(where)
    verdicts = {f.path: known[_key(f)] for f in found if _key(f) in known}
    todo = [f for f in found if f.path not in verdicts]
    try:
        for start in range(0, len(todo), _CHUNK):
            progress(f"Checking {len(todo):,} images", start / len(todo))
            chunk = todo[start : start + _CHUNK]
            new = in_threads(lambda f: _verdict(root / f.path), chunk)
            verdicts.update(zip((f.path for f in chunk), new, strict=True))
    finally:
        if todo:
            _save(where, [(f, verdicts[f.path]) for f in found if f.path in verdicts])
    return [verdicts[f.path] for f in found]


def in_threads(do: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """``map`` on a few threads, in order; decoders release the interpreter lock."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        yield from threads.map(do, items)


def digest_of(content: bytes) -> str:
    """32 hex digits of a file's content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _verdict(path: Path) -> Verdict:
    try:
        content = path.read_bytes()
    except OSError as error:
        return Verdict(error.strerror or "unreadable", "", 0, 0)
    try:
        width, height = decode.check(content)
    except decode.BadImage as bad:
        return Verdict(str(bad), "", 0, 0)
    return Verdict("", digest_of(content), width, height)


def _manifest_path(root: Path) -> Path:
    return paths.cache_dir() / "manifests" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:24]}.json"


def _key(found: Found) -> tuple[str, int, int]:
    return found.path, found.size, found.mtime_ns


def _load(path: Path) -> dict[tuple[str, int, int], Verdict]:
    """What an earlier opening found out; nothing where the manifest is missing or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            return {}
        return {
            (str(r[0]), int(r[1]), int(r[2])): Verdict(str(r[3]), str(r[4]), int(r[5]), int(r[6]))
            for r in record["files"]
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}


def _save(path: Path, rows: Iterable[tuple[Found, Verdict]]) -> None:
    files = [[*_key(f), v.reason, v.digest, v.width, v.height] for f, v in rows]
    try:
        paths.write_text(path, json.dumps({"format": FORMAT, "files": files}, separators=(",", ":")))
    except OSError:  # the manifest only saves time
        return
