"""Copies of the marks: one before the first change of each day, a few of them kept, and one before each migration."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from mpt_studio import paths
from mpt_studio.errors import UserError

FOLDER = "backups"
KEPT_DAYS = 5
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""The last: it has no table of marks."""


def keep_daily(path: Path, db: sqlite3.Connection, last: str) -> str:
    """Copy the marks of ``path``, open as ``db``, unless it was done on this day, which is returned (``last`` before).

    A copy that fails keeps nobody from marking.
    """
    today = time.strftime("%Y-%m-%d")
    if last != today:
        with suppress(OSError, sqlite3.Error):
            made = keep(path, db, today)
            others = [copy for copy in copies(path) if copy != made]  # the clock may have been set back
            for old in others[KEPT_DAYS - 1 :]:
                old.unlink(missing_ok=True)
    return today


def keep(path: Path, db: sqlite3.Connection, name: str) -> Path:
    """A copy under a name; one that is there stays. Raises ``OSError`` or ``sqlite3.Error``."""
    made = path.parent / FOLDER / f"{path.stem}_{name}{path.suffix}"
    if not made.exists():
        paths.replace_file(made, lambda temporary: _copy(db, temporary))
    return made


def copies(path: Path) -> list[Path]:
    """The daily copies of the marks in ``path``, the newest first."""
    return sorted((path.parent / FOLDER).glob(f"{path.stem}_[0-9]*{path.suffix}"), reverse=True)


def _copy(db: sqlite3.Connection, to: Path) -> None:
    with closing(sqlite3.connect(to)) as copy:
        db.backup(copy)


def problem_of(path: Path) -> str:
    """Why the database in ``path`` is damaged, as SQLite says it; empty where it is whole or not there.

    Raises ``UserError`` where it cannot be looked at now.
    """
    if not path.exists():
        return ""
    if not path.is_file():
        return "it is no file"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            said = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
            db.execute("SELECT count(*) FROM mark").fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorcode not in _DAMAGE:
            raise UserError(f"The marks in {path} could not be checked ({error}).") from error
        return str(error)
    return "" if said == "ok" else said


def restore(path: Path) -> Path | None:
    """Put the newest whole copy in the place of damaged marks, which are moved aside; None where no copy is whole."""
    whole = next((copy for copy in copies(path) if not problem_of(copy)), None)
    aside = f".damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(path.with_name(path.name + aside + end))
    if whole is not None:
        paths.write_bytes(path, whole.read_bytes())
    return whole
