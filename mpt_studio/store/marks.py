"""What people said of samples: marks and notes in one small database, kept from version to version.

A mark belongs to a sample of a data set (fingerprint and id), not to a comparison, so it holds for every later
version on the same data. Every change is on disk when the call returns.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.store import marks_copies
from mpt_studio.store.disk import written_to

FORMAT = 1
FILE = "marks.sqlite"
BUSY_SECONDS = 5.0
"""How long a change waits for another process's."""
KEPT_STEPS = 1_000
"""Steps that can be undone; older ones are forgotten, their marks stay."""

_SCHEMA = """
CREATE TABLE mark (
    data TEXT NOT NULL, sample TEXT NOT NULL, mark INTEGER NOT NULL, note TEXT NOT NULL, time REAL NOT NULL,
    PRIMARY KEY (data, sample)
) WITHOUT ROWID;
CREATE TABLE step (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE change (
    step INTEGER NOT NULL REFERENCES step (id) ON DELETE CASCADE, sample TEXT NOT NULL,
    old_mark INTEGER NOT NULL, old_note TEXT NOT NULL, new_mark INTEGER NOT NULL, new_note TEXT NOT NULL
);
CREATE INDEX change_step ON change (step);
"""
SOUND = (
    f"typeof(sample) = 'text' AND mark IN ({', '.join(str(int(mark)) for mark in Mark)}) "
    "AND typeof(mark) = 'integer' AND typeof(note) = 'text' AND typeof(time) = 'real' AND abs(time) < 1e11"
)
"""What a row is that we wrote; another one is passed over, not taken for a reason to show none."""
_Value = tuple[int, str]
_NOTHING: _Value = (int(Mark.NONE), "")


@dataclass(frozen=True)
class Marked:
    """One sample's mark and note. The mark is ``Mark.NONE`` where there is only a note."""

    mark: Mark
    note: str
    time: float
    """Seconds since the epoch of the last change."""


class Marks:
    """The marks of a store. Several processes and threads may use one; each change is one transaction.

    Undo goes back through the changes to one data set, whichever process made them, and survives a restart.
    Raises ``UserError`` where the file cannot be read or written.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FILE
        self._lock = threading.Lock()
        self._copied = ""
        with written_to(root):
            root.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and not self.path.is_file():  # a pipe would be waited for
            raise UserError(f"The marks in {self.path} cannot be used (it is no file); nothing was changed.")
        with self._sentences():
            self._db = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            self._prepare()

    def set(self, fingerprint: str, ids: Iterable[str], mark: Mark) -> None:
        """Give samples a mark; notes stay. ``Mark.NONE`` clears."""
        self._change(fingerprint, {name: (int(mark), None) for name in ids})

    def clear(self, fingerprint: str, ids: Iterable[str]) -> None:
        """Take the samples' marks away; notes stay."""
        self.set(fingerprint, ids, Mark.NONE)

    def note(self, fingerprint: str, sample_id: str, text: str) -> None:
        """Write a note on a sample; an empty one removes it."""
        self._change(fingerprint, {sample_id: (None, text.strip())})

    def all(self, fingerprint: str) -> dict[str, Marked]:
        """Sample id → mark and note, for every sample of a data set that has one."""
        rows = self._read(f"SELECT sample, mark, note, time FROM mark WHERE data = ? AND {SOUND}", (fingerprint,))
        return {sample: Marked(Mark(mark), note, when) for sample, mark, note, when in rows}

    def marks(self, fingerprint: str) -> dict[str, Mark]:
        """Sample id → mark, without those that only have a note."""
        rows = self._read(f"SELECT sample, mark FROM mark WHERE data = ? AND mark > 0 AND {SOUND}", (fingerprint,))
        return {sample: Mark(mark) for sample, mark in rows}

    def ids(self, fingerprint: str, mark: Mark) -> tuple[str, ...]:
        """Ids of the samples with a mark, sorted."""
        query = f"SELECT sample FROM mark WHERE data = ? AND mark = ? AND {SOUND} ORDER BY sample"
        return tuple(sample for (sample,) in self._read(query, (fingerprint, int(mark))))

    def undo(self, fingerprint: str) -> tuple[str, ...]:
        """Take the last change back. The ids that it concerned; empty where there is nothing to undo."""
        return self._travel(fingerprint, back=True)

    def redo(self, fingerprint: str) -> tuple[str, ...]:
        """Make the change again that was undone last; any new change ends this."""
        return self._travel(fingerprint, back=False)

    def odd(self, *, delete: bool = False) -> int:
        """Number of entries, of all data, that this program did not write so and passes over."""
        with self._changing() if delete else self._reading():
            count = int(self._db.execute(f"SELECT count(*) FROM mark WHERE NOT ({SOUND})").fetchone()[0])
            if delete:
                self._db.execute(f"DELETE FROM mark WHERE NOT ({SOUND})")
        return count

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- inside

    def _prepare(self) -> None:
        self._db.execute("PRAGMA foreign_keys = ON")
        self._write_ahead()
        self._db.execute("PRAGMA synchronous = FULL")
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if 0 < version < FORMAT:
            marks_copies.keep(self.path, self._db, f"before_format_{FORMAT}")
        with self._transaction():
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if version > FORMAT:
                raise UserError(f"{self.path} was written by a newer MPT Studio; update the program to read it.")
            if version < FORMAT:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def _write_ahead(self) -> None:
        """Where a folder refuses, the rollback journal stays. Two first starts at once do not wait for each other."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _change(self, data: str, wanted: dict[str, tuple[int | None, str | None]]) -> None:
        with self._changing():
            changes = []
            for sample, (mark, note) in wanted.items():
                before = self._value(data, sample)
                after = (before[0] if mark is None else mark, before[1] if note is None else note)
                if after != before:
                    changes.append((sample, before, after))
            if not changes:
                return
            self._db.execute("DELETE FROM step WHERE data = ? AND undone = 1", (data,))
            step = self._db.execute("INSERT INTO step (data) VALUES (?)", (data,)).lastrowid
            self._db.executemany(
                "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)",
                [(step, sample, *before, *after) for sample, before, after in changes],
            )
            self._write(data, [(sample, after) for sample, _, after in changes])
            self._db.execute(
                "DELETE FROM step WHERE data = ? AND id <= (SELECT id FROM step WHERE data = ? "
                "ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (data, data, KEPT_STEPS),
            )

    def _travel(self, data: str, *, back: bool) -> tuple[str, ...]:
        order, side = ("DESC", "old") if back else ("ASC", "new")
        with self._changing():
            found = self._db.execute(
                f"SELECT id FROM step WHERE data = ? AND undone = ? ORDER BY id {order} LIMIT 1", (data, int(not back))
            ).fetchone()
            if found is None:
                return ()
            rows = self._db.execute(
                f"SELECT sample, {side}_mark, {side}_note FROM change WHERE step = ?", found
            ).fetchall()
            self._write(data, [(sample, (mark, note)) for sample, mark, note in rows])
            self._db.execute("UPDATE step SET undone = ? WHERE id = ?", (int(back), *found))
            return tuple(sample for sample, _, _ in rows)

    def _value(self, data: str, sample: str) -> _Value:
        row = self._db.execute("SELECT mark, note FROM mark WHERE data = ? AND sample = ?", (data, sample)).fetchone()
        return (int(row[0]), str(row[1])) if row else _NOTHING

    def _write(self, data: str, values: list[tuple[str, _Value]]) -> None:
        now = time.time()
        gone = [(data, sample) for sample, value in values if value == _NOTHING]
        kept = [(data, sample, *value, now) for sample, value in values if value != _NOTHING]
        self._db.executemany("DELETE FROM mark WHERE data = ? AND sample = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)", kept)

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._reading():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, self._sentences():
            yield

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A change, before the first of which each day a copy is kept of what was there."""
        with self._lock, self._sentences():
            self._copied = marks_copies.keep_daily(self.path, self._db, self._copied)
            with self._transaction():
                yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")  # the write lock now: waiting later could end in a deadlock
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(f"The marks in {self.path} cannot be used ({error}); nothing was changed.") from error
