"""Of any number of machines one writes a folder; a dead one's is taken, by one, and a former writer writes no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.store import Store, lease

from .conftest import RECIPE, finished_run

ELSEWHERE = """
    import sys, time
    from pathlib import Path
    from contextlib import nullcontext
    from types import SimpleNamespace
    from mpt_studio.errors import Interrupted
    from mpt_studio.events import Note
    from mpt_studio.store import Store, folder, lease
    lease.this_machine = lambda: "another machine"
    lease.platform.node = lambda: "nodeA"
    lease.BEAT_SECONDS, lease.LOOK_SECONDS = 0.1, 0.1
    folder._locked = lambda place: SimpleNamespace(release=lambda: None)  # this machine's locks are not seen there
    writer = Store(Path(sys.argv[1])).write_run(sys.argv[2])
    writer.append(Note(text="0"))
    print("ready", flush=True)
    for i in range(1, 10**6):
        sys.stdin.readline()
        time.sleep(0.2)
        try:
            writer.append(Note(text=str(i)))
            writer.save_state(lambda path: path.write_bytes(b"of nodeA"))
        except Interrupted as error:
            print(error, flush=True)
            raise SystemExit(130)
        print("written", flush=True)
"""
"""A writer on another machine: it shares files and nothing else, and writes once for each line that it is told."""

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


@contextmanager
def writer_elsewhere(store: Store, run: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(ELSEWHERE), str(store.root), run]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def says(child: subprocess.Popen[str]) -> str:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    return child.stdout.readline()


def texts(store: Store, run: str) -> list[str]:
    return [event.text for event in store.run(run).events() if isinstance(event, Note)]


def left_by(folder: Path, number: int = 1, **said: object) -> Path:
    """A lease as another machine's writer, or this one's, left it."""
    path = folder / "lease" / f"{number:06d}"
    path.parent.mkdir(exist_ok=True)
    for older in path.parent.iterdir():
        older.unlink()
    path.write_text(json.dumps({"host": "nodeA", "machine": "another machine", "process": 7, "began": "1", **said}))
    return path


def test_that_a_run_written_on_another_machine_is_active_and_kept_from_every_other(store: Store) -> None:
    run = finished_run(store).id
    with writer_elsewhere(store, run) as child:
        assert (store.run(run).outcome, store.run(run).is_active) == ("running", True)
        with pytest.raises(UserError, match=rf"{run} is being written by process {child.pid} on nodeA"):
            store.write_run(run)
        with pytest.raises(UserError, match="while it is running"):
            store.delete(run)
        assert says(child) == "written\n"


@posix
def test_that_a_stopped_writer_loses_its_run_and_writes_nothing_when_it_wakes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "STALE_SECONDS", 1.0)
    run = finished_run(store).id
    with writer_elsewhere(store, run) as child:
        time.sleep(1.2)  # it beats: longer than what would be stale
        assert store.run(run).is_active
        child.send_signal(signal.SIGSTOP)
        while store.run(run).is_active:
            time.sleep(0.1)
        assert store.run(run).outcome == "interrupted"
        with store.write_run(run) as writer:
            writer.append(Note(text="of the second"))
            child.send_signal(signal.SIGCONT)
            said = says(child)
            assert said.startswith(f"{run} was taken over by process {os.getpid()} on ")
            assert "ends without writing" in said
            assert child.wait() == 130
            writer.append(Note(text="still of the second"))
            writer.finish("done")
    assert texts(store, run) == ["0", "of the second", "still of the second"]
    assert store.run(run).resume_states == []
    assert store.run(run).outcome == "done"


def test_that_a_writer_killed_on_another_machine_is_waited_for_by_the_stores_clock_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished_run(store).folder
    path = left_by(folder)
    now, years = time.time(), 3e8
    monkeypatch.setattr(lease, "_now", lambda shelf: now + years)  # the file server's clock is years ahead of ours
    os.utime(path, (now + years - 59, now + years - 59))
    assert lease.is_leased(folder)
    os.utime(path, (now + years - 61, now + years - 61))
    assert not lease.is_leased(folder)
    monkeypatch.undo()
    os.utime(path)
    monkeypatch.setattr(time, "time", lambda: now + years)  # ours is
    assert lease.is_leased(folder)
    with pytest.raises(UserError, match="process 7 on nodeA"):
        store.write_run(folder.name)


def test_that_the_stores_clock_is_asked_without_leaving_anything(store: Store) -> None:
    folder = finished_run(store).folder
    path = left_by(folder)
    assert lease.is_leased(folder)
    os.utime(path, (1e9, 1e9))
    assert not lease.is_leased(folder)
    assert os.listdir(path.parent) == [path.name]


def test_that_a_run_of_a_process_of_this_machine_that_is_gone_is_taken_at_once(store: Store) -> None:
    folder = finished_run(store).folder
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = lease.this_machine()
    for process in (gone.pid, os.getppid()):  # a number that has come again: the process began at another time
        left_by(folder, 3, machine=here, process=process)
        assert not lease.is_leased(folder)
        with store.write_run(folder.name) as writer:
            assert os.listdir(folder / "lease") == ["000004"]
            writer.finish("done")
        assert os.listdir(folder / "lease") == ["000004.free"]


def test_that_of_many_takers_exactly_one_wins(store: Store) -> None:
    folder = finished_run(store).folder
    for number in range(1, 20):
        os.utime(left_by(folder, number), (1e9, 1e9))
        won, lost, together = [], [], threading.Barrier(6)

        def take(won: list[lease.Lease] = won, lost: list[str] = lost, together: threading.Barrier = together) -> None:
            together.wait()
            try:
                won.append(lease.taken(folder))
            except UserError as error:
                lost.append(str(error))

        takers = [threading.Thread(target=take) for _ in range(6)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
        assert (len(won), len(lost)) == (1, 5)
        assert all("is being written by" in sentence for sentence in lost)
        won[0].check()
        won[0].release()


@pytest.mark.parametrize("others", [1, 2])
def test_that_a_taker_who_looked_too_long_ago_loses(store: Store, monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    """Between its look and its claim others take the run, end, and give it back."""
    folder = finished_run(store).folder
    os.utime(left_by(folder), (1e9, 1e9))
    make, pending = lease._make, [None] * others

    def slow(path: Path, content: bytes) -> None:
        if pending:
            pending.pop()
            with monkeypatch.context() as quick:
                quick.setattr(lease, "_make", make)
                for _ in range(others):
                    lease.taken(folder).release()
            pending.clear()
        make(path, content)

    monkeypatch.setattr(lease, "_make", slow)
    with pytest.raises(UserError, match="is being written"):
        lease.taken(folder)
    lease.taken(folder).release()


def test_that_a_half_written_lease_belongs_to_somebody_until_it_is_stale(store: Store) -> None:
    folder = finished_run(store).folder
    path = left_by(folder)
    path.write_text('{"host": "no')
    with pytest.raises(UserError, match="written by another process"):
        store.write_run(folder.name)
    os.utime(path, (1e9, 1e9))
    store.write_run(folder.name).close()


def test_that_folders_are_taken_where_files_cannot_be_linked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*unused: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuses)
    with store.create_run(RECIPE) as writer:
        assert store.run(writer.id).is_active
        with pytest.raises(UserError, match="is being written by"):
            lease.taken(writer.folder)
        writer.finish("done")
    assert not store.run(writer.id).is_active
