from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.store.marks import FILE, FORMAT, Marks

DATA = "f1"


def test_that_marks_and_notes_hold_for_the_data_and_not_for_others(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.set(DATA, ["a", "b"], Mark.BLOCKER)
    marks.set(DATA, ["b"], Mark.LABEL_WRONG)
    marks.note(DATA, "a", "  ask Ann ")
    marks.note(DATA, "c", "blurred")
    assert marks.marks(DATA) == {"a": Mark.BLOCKER, "b": Mark.LABEL_WRONG}
    assert {k: (v.mark, v.note) for k, v in marks.all(DATA).items()} == {
        "a": (Mark.BLOCKER, "ask Ann"), "b": (Mark.LABEL_WRONG, ""), "c": (Mark.NONE, "blurred"),
    }  # fmt: skip
    assert marks.ids(DATA, Mark.BLOCKER) == ("a",)
    assert marks.all("f2") == {}
    marks.close()
    assert Marks(tmp_path).marks(DATA) == {"a": Mark.BLOCKER, "b": Mark.LABEL_WRONG}


def test_that_clearing_keeps_the_note(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.set(DATA, ["a", "b"], Mark.ACCEPTABLE)
    marks.note(DATA, "a", "fine")
    marks.clear(DATA, ["a", "b", "never marked"])
    assert list(marks.all(DATA)) == ["a"]
    marks.note(DATA, "a", "")
    assert marks.all(DATA) == {}


def test_that_undo_goes_back_change_by_change_and_redo_forth(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.set(DATA, ["a", "b"], Mark.BLOCKER)
    marks.set(DATA, ["b", "c"], Mark.ACCEPTABLE)
    marks.note(DATA, "c", "note")
    assert marks.undo(DATA) == ("c",)
    assert set(marks.undo(DATA)) == {"b", "c"}
    assert marks.marks(DATA) == {"a": Mark.BLOCKER, "b": Mark.BLOCKER}
    assert set(marks.redo(DATA)) == {"b", "c"}
    assert marks.marks(DATA) == {"a": Mark.BLOCKER, "b": Mark.ACCEPTABLE, "c": Mark.ACCEPTABLE}
    marks.set(DATA, ["d"], Mark.BLOCKER)  # a new change ends redo
    assert marks.redo(DATA) == ()
    for _ in range(3):
        assert marks.undo(DATA)
    assert marks.undo(DATA) == ()
    assert marks.all(DATA) == {}


def test_that_undo_survives_a_restart_and_stays_within_one_data_set(tmp_path: Path) -> None:
    first = Marks(tmp_path)
    first.set(DATA, ["a"], Mark.BLOCKER)
    first.set("other", ["a"], Mark.BLOCKER)
    first.close()
    again = Marks(tmp_path)
    assert again.undo(DATA) == ("a",)
    assert again.marks("other") == {"a": Mark.BLOCKER}


def test_that_setting_what_is_set_is_no_step(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.set(DATA, ["a"], Mark.BLOCKER)
    marks.set(DATA, ["a"], Mark.BLOCKER)
    assert marks.undo(DATA) == ("a",)
    assert marks.undo(DATA) == ()


def test_that_only_so_many_steps_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.store.marks.KEPT_STEPS", 3)
    marks = Marks(tmp_path)
    for name in "abcde":
        marks.set(DATA, [name], Mark.BLOCKER)
    undone = [marks.undo(DATA) for _ in range(4)]
    assert undone == [("e",), ("d",), ("c",), ()]
    assert set(marks.marks(DATA)) == {"a", "b"}


def test_that_a_killed_process_loses_nothing_it_was_told_is_stored(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from mpt_studio.store.marks import Marks; from mpt_studio.flips import Mark\n"
        "marks = Marks(Path(sys.argv[1]))\n"
        "for i in range(10**6):\n"
        "    marks.set('f1', [f's{i}'], Mark.BLOCKER); print(i, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(25)]
    os.kill(child.pid, signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split()]
    child.wait(30)
    child.stdout.close()
    kept = Marks(tmp_path).marks(DATA)
    assert {f"s{i}" for i in told} <= set(kept)
    assert len(kept) <= len(told) + 1


def test_that_two_processes_mark_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from mpt_studio.store.marks import Marks; from mpt_studio.flips import Mark\n"
        "marks = Marks(Path(sys.argv[1]))\n"
        "for i in range(40): marks.set('f1', [f'{sys.argv[2]}{i}', 'shared'], Mark(1 + i % 2))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "pq"]
    assert [child.wait(60) for child in both] == [0, 0]
    assert len(Marks(tmp_path).marks(DATA)) == 81


def test_that_threads_may_share_one(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    threads = [
        threading.Thread(target=lambda n=n: [marks.set(DATA, [f"{n}{i}"], Mark.BLOCKER) for i in range(20)])
        for n in "pqr"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(marks.marks(DATA)) == 60


def test_that_a_newer_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    Marks(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()
    with pytest.raises(UserError, match="newer MPT Studio"):
        Marks(tmp_path)


def test_that_a_file_of_something_else_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        Marks(tmp_path)


@pytest.mark.parametrize(
    "odd",
    [
        "mark = 99",
        "mark = 'x'",
        "mark = 2.5",
        "mark = 9e999",
        "note = x'00ff'",
        "time = 'never'",
        "time = 9e999",
        "sample = x'ff'",
    ],
)
def test_that_one_odd_entry_hides_no_other(tmp_path: Path, odd: str) -> None:
    marks = Marks(tmp_path)
    marks.set(DATA, ["a", "b"], Mark.BLOCKER)
    marks.close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute(f"UPDATE mark SET {odd} WHERE sample = 'a'")
    db.close()
    assert list(Marks(tmp_path).all(DATA)) == ["b"]
    assert Marks(tmp_path).marks(DATA) == {"b": Mark.BLOCKER}
    assert Marks(tmp_path).ids(DATA, Mark.BLOCKER) == ("b",)
    assert Marks(tmp_path).odd(delete=True) == 1
    assert Marks(tmp_path).odd() == 0


@pytest.mark.parametrize("kind", ["folder", pytest.param("pipe", marks=pytest.mark.skipif(os.name == "nt", reason=""))])
def test_that_something_else_in_its_place_is_a_sentence(tmp_path: Path, kind: str) -> None:
    (tmp_path / FILE).mkdir() if kind == "folder" else os.mkfifo(tmp_path / FILE)
    with pytest.raises(UserError, match="no file"):
        Marks(tmp_path)


def test_that_many_first_starts_at_once_share_one_file(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from mpt_studio.store.marks import Marks; from mpt_studio.flips import Mark\n"
        "while time.time() < float(sys.argv[3]): pass\n"
        "Marks(Path(sys.argv[1]) / 'new').set('f1', [sys.argv[2]], Mark.BLOCKER)\n"
    )
    at = str(time.time() + 3)
    every = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name, at]) for name in "pqrstu"]
    assert [child.wait(60) for child in every] == [0] * 6
    assert len(Marks(tmp_path / "new").marks(DATA)) == 6
