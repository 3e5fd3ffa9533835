"""Readings of weights files, kept in a folder of the cache each, and made again where they are missing.

Since a normalised file is as large as the weights, the cache has a bound: what was not used for ``KEPT_DAYS`` goes, and
above ``KEPT_BYTES`` what was used longest ago, but nothing that was used within ``SPARED_HOURS``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.class_lists import LARGEST, beside
from mpt_studio.files.plain import json_in, sha256_of
from mpt_studio.jobs.reader_process import bytes_of
from mpt_studio.reading import Choices, Reading, reading_from_json, to_json
from mpt_studio.store.disk import written_to

RULES = 5
"""Raised where files would be read differently, so that nothing is taken from the cache."""
MOST_REPORT = 64 << 20
KEPT_DAYS = 60
KEPT_BYTES = 10 << 30
"""Of all readings together; about a hundred networks of the size of ResNet-50."""
SPARED_HOURS = 24
"""Readings used this recently stay, however large: a window or a job may be working with them."""
_BESIDE = ("config.json", "preprocessor_config.json")
"""Files beside the weights that may tell classes and preprocessing, with lists of classes: where they change, the file
is read again."""


def key(path: Path, sha256: str, choices: Choices, data_classes: tuple[str, ...], for_start: bool) -> str:
    """Everything that a reading depends on, as a folder's name."""
    home = path if path.is_dir() else path.parent
    told = {place.name: _small_hash(place) for place in (*(home / name for name in _BESIDE), *beside(path))}
    parts = [RULES, sha256, path.name, to_json(choices), data_classes, for_start, told]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _small_hash(path: Path) -> str:
    try:
        return sha256_of(path) if path.is_file() and path.stat().st_size <= LARGEST else ""
    except OSError:
        return ""


def cached(folder: Path, path: Path) -> Reading | None:
    """The reading in a folder of the cache; None where there is none that can be used."""
    record = json_in(folder / "report.json", MOST_REPORT)
    try:
        found = reading_from_json({**record, "path": str(path)})
    except (ValueError, TypeError):
        return None
    with suppress(OSError):
        os.utime(folder)  # it is in use: see prune
    if found.checkpoint is None:
        return found
    try:
        return dataclasses.replace(found, checkpoint=read_checkpoint(folder / Path(found.checkpoint.path).name))
    except UserError:  # lost or cut short: it is made again
        return None


def refuse(folder: Path) -> None:
    """Raise the child's refusal, if it is one. It is not kept: next time, there may be more memory."""
    error = json_in(folder / "report.json", MOST_REPORT).get("error")
    if error:
        raise UserError(one_sentence(str(error), 200))


def prune(home: Path, days: float = KEPT_DAYS, limit: int = KEPT_BYTES) -> None:
    """Delete readings that were not used for ``days`` or are beyond ``limit`` bytes, and what a killed process left.

    All can be made again. Of those that are too many the ones used longest ago go.
    """
    now, kept = time.time(), 0
    for folder, used in _newest_first(home):
        kept += bytes_of(folder)
        unused = now - used
        if unused > days * 86_400 or (kept > limit and unused > SPARED_HOURS * 3600):
            shutil.rmtree(folder, ignore_errors=True)


def _newest_first(home: Path) -> list[tuple[Path, float]]:
    """What lies in a folder, with when it was last used; another process may be deleting it at this moment."""
    found = []
    with suppress(OSError):
        for path in home.iterdir():
            with suppress(OSError):
                found.append((path, path.stat().st_mtime))
    return sorted(found, key=lambda entry: -entry[1])


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``folder`` at once or not at all."""
    with written_to(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        out = Path(tempfile.mkdtemp(prefix=".reading-", dir=folder.parent))
    try:
        yield out
        shutil.rmtree(folder, ignore_errors=True)
        with written_to(folder):
            os.replace(out, folder)
    finally:
        shutil.rmtree(out, ignore_errors=True)
