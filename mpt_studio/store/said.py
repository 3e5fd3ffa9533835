"""What people say of a run or an update: a name, tags and a note, in a small file beside its record.

The record has one writer, for as long as training goes on; this may be changed meanwhile, from several windows: each
change takes what is there, under a lock of its own, and replaces the file as a whole.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.files import plain
from mpt_studio.made_of import MisfitError, made_of
from mpt_studio.store.disk import written_to

FILE, _LOCK = "said.json", "said.lock"
NAME, TAG, TAGS, NOTE = 200, 40, 20, 10_000
"""The longest name, tag and note, in letters, and how many tags there may be."""
_SECONDS = 5.0
_MOST_BYTES = 1 << 20
_UNREADABLE = (OSError, ValueError, RecursionError, MisfitError)


@dataclass(frozen=True)
class Said:
    """Empty where nobody said anything."""

    name: str = ""
    """Shown instead of the title."""
    tags: tuple[str, ...] = ()
    note: str = ""


def read_said(folder: Path) -> Said:
    """What was said; nothing where the file cannot be read, as a name is no reason to hide what was trained."""
    try:
        return _read(folder)
    except _UNREADABLE:
        return Said()


def _read(folder: Path) -> Said:
    return made_of(Said, json.loads(plain.read(folder / FILE, _MOST_BYTES)))


def say(folder: Path, **changes: Any) -> Said:
    """Change the name, the tags (a sequence or words with commas) or the note. Raises ``UserError``."""
    import filelock

    if not folder.is_dir():  # the lock would make it again
        raise UserError(f"{folder.name} is not there any more.")
    lock = filelock.FileLock(folder / _LOCK, thread_local=False)
    with written_to(folder):
        try:
            with lock.acquire(timeout=_SECONDS):
                return _changed(folder, changes)
        except filelock.Timeout:
            raise UserError(f"What is said of {folder.name} is being changed by another process; try again.") from None


def _changed(folder: Path, changes: dict[str, Any]) -> Said:
    said = dataclasses.replace(read_said(folder), **{name: _FITTED[name](value) for name, value in changes.items()})
    _keep_damaged(folder)
    paths.write_text(folder / FILE, json.dumps(dataclasses.asdict(said), ensure_ascii=False, indent=1))
    return said


def _keep_damaged(folder: Path) -> None:
    """What is there and cannot be read is not written over."""
    try:
        _read(folder)
    except FileNotFoundError:
        return
    except _UNREADABLE:
        (folder / FILE).replace((folder / FILE).with_suffix(".damaged"))


def tags_of(text: str) -> tuple[str, ...]:
    """ "night, cam 2" as tags: each once, in the order that they were written."""
    words = (" ".join(word.split())[:TAG] for word in text.split(","))
    return tuple(dict.fromkeys(filter(None, words)))[:TAGS]


_FITTED: dict[str, Callable[[Any], Any]] = {
    "name": lambda text: " ".join(str(text).split())[:NAME],
    "tags": lambda tags: tags_of(tags if isinstance(tags, str) else ",".join(tags)),
    "note": lambda text: str(text).strip()[:NOTE],
}
