from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mpt_studio.events import Asked, Ended, Note, Paused, Stage
from mpt_studio.gui.beside.engine_thread import EngineThread, last_lines, trainer_command
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.compute import Compute, write_compute
from mpt_studio.store.control import read_command

pytestmark = pytest.mark.gui

TRAINER = """
import sys, time
from pathlib import Path
from mpt_studio.events import Note, Paused
from mpt_studio.store import Store
from mpt_studio.store.control import read_command
store, update, work = Store(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
with store.write_update(update) as writer:
    writer.append(Note(text="begin"))
    exec(work)
"""
SAY_50 = "for i in range(50): writer.append(Note(text=str(i)))\nwriter.finish('done', 'ready')"
OBEY = """
while (word := read_command(writer.folder)) not in ("stop", "cancel"):
    if word == "pause":
        writer.append(Note(text="paused"))
    time.sleep(0.02)
writer.finish({"stop": "stopped", "cancel": "cancelled"}[word], "as you wish")
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def command_for(store: Store, update_id: str, work: str) -> list[str]:
    return [sys.executable, "-c", TRAINER, str(store.root), update_id, work]


def thread_for(store: Store, work: str) -> EngineThread:
    update = store.create_update(UpdateRecipe())
    return EngineThread(store, update.id, command=command_for(store, update.id, work))


def heard(thread: EngineThread) -> list[tuple[str, object]]:
    """What the trainer tells; what was asked for stands there before it begins."""
    events: list[tuple[str, object]] = []
    thread.events.connect(lambda batch: events.extend(each for each in batch if not isinstance(each[1], Asked)))
    return events


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_that_the_trainer_is_the_programs_own_entry_point(tmp_path: Path) -> None:
    command = trainer_command("some-id", tmp_path)
    assert command == [sys.executable, "-m", "mpt_studio", "resume", "some-id", "--store", str(tmp_path)]
    assert trainer_command("some-id", tmp_path, ("--cluster", "desk")) == [*command, "--cluster", "desk"]


def test_that_every_event_arrives_once_in_order_in_few_batches_and_then_the_end(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, SAY_50)
    batches: list[list[tuple[str, object]]] = []
    thread.events.connect(batches.append)
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
    assert thread.wait(3000)
    texts = [event.text for batch in batches for _, event in batch if isinstance(event, Note)]
    assert texts == ["begin", *map(str, range(50))]
    assert len(batches) < 30
    assert ended.args == [thread.update_id, "done", "ready"]


COMPUTE = """
from mpt_studio.store.compute import Compute, drop_compute, write_compute
write_compute(writer.folder, Compute("desk", trained=1))
time.sleep(1.5)
drop_compute(writer.folder)
time.sleep(1.5)
writer.finish("done")
"""


def test_that_the_list_of_compute_is_followed_and_one_of_a_killed_trainer_is_not(qtbot: QtBot, store: Store) -> None:
    thread, told = thread_for(store, COMPUTE), list[Compute | None]()
    write_compute(thread.folder, Compute("before"))
    thread.computed.connect(told.append)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    thread.wait(3000)
    assert told == [Compute("desk", trained=1), None]


def test_that_no_batch_is_empty_and_batches_keep_to_the_rate(qtbot: QtBot, store: Store) -> None:
    talk = "for i in range(600):\n  writer.append(Note(text='x'))\n  time.sleep(0.002)\nwriter.finish('done')"
    thread = thread_for(store, talk)
    batches: list[tuple[float, int]] = []
    told = Qt.ConnectionType.DirectConnection  # when they are sent: the window may be late to hear of them
    thread.events.connect(lambda batch: batches.append((time.monotonic(), len(batch))), told)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    thread.wait(3000)
    assert all(size for _, size in batches)
    assert len(batches) <= 30 * (batches[-1][0] - batches[0][0]) + 3


def test_that_a_long_log_comes_in_parts_that_a_window_can_take(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, "writer.finish('done')")
    with store.write_update(thread.update_id, resume=False) as writer:
        for i in range(2500):
            writer.append(Note(text=str(i)))
    batches: list[list[tuple[str, object]]] = []
    thread.events.connect(batches.append)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    thread.wait(3000)
    assert [len(batch) for batch in batches[:3]] == [1000, 1000, 501]  # the first is what was asked for


def test_that_commands_reach_the_trainer(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, OBEY)
    events = heard(thread)
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
        qtbot.waitUntil(lambda: len(events) > 0)
        thread.pause()
        qtbot.waitUntil(lambda: any(isinstance(e, Note) and e.text == "paused" for _, e in events))
        thread.go_on()
        assert read_command(thread.folder) == "run"
        thread.stop_and_keep()
    thread.wait(3000)
    assert ended.args[1:] == ["stopped", "as you wish"]


def test_that_a_cancelled_update_ends_as_cancelled(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, OBEY)
    events = heard(thread)
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
        qtbot.waitUntil(lambda: len(events) > 0)
        thread.cancel()
    thread.wait(3000)
    assert ended.args[1] == "cancelled"


def test_that_a_trainer_killed_by_the_system_is_told_as_a_lack_of_memory_and_stays_resumable(
    qtbot: QtBot, store: Store
) -> None:
    thread = thread_for(store, OBEY)
    events = heard(thread)
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
        qtbot.waitUntil(lambda: len(events) > 0)
        assert thread.pid is not None
        os.kill(thread.pid, signal.SIGKILL)
    thread.wait(3000)
    assert ended.args[1] == "interrupted"
    assert "memory" in ended.args[2]
    assert store.update(thread.update_id).outcome == "interrupted"


def test_that_a_trainer_that_never_begins_fails_with_its_last_lines_as_detail(qtbot: QtBot, store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    thread = EngineThread(store, update.id, command=[sys.executable, "-c", "raise SystemExit('no such thing')"])
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
    thread.wait(3000)
    assert ended.args[1] == "failed"
    assert "no such thing" in ended.args[2]
    assert "no such thing" in thread.detail
    assert store.update(update.id).outcome == "failed"  # or it would be started again and again


def test_that_a_program_that_cannot_be_started_is_told(qtbot: QtBot, store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    thread = EngineThread(store, update.id, command=["/nowhere/python"])
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
    thread.wait(3000)
    assert "could not be started" in ended.args[2]


def test_that_a_detached_trainer_goes_on_and_another_window_can_attach(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, OBEY)
    events = heard(thread)
    thread.start()
    qtbot.waitUntil(lambda: len(events) > 0)
    assert thread.detach()
    pid = thread.pid
    assert pid is not None
    assert alive(pid)
    later = EngineThread(store, thread.update_id, attach=True)
    seen = heard(later)
    with qtbot.waitSignal(later.ended) as ended:
        later.start()
        qtbot.waitUntil(lambda: len(seen) > 0)
        later.stop_and_keep()
    later.wait(3000)
    assert next(e.text for _, e in seen if isinstance(e, Note)) == "begin"
    assert ended.args[1] == "stopped"
    assert later.pid is None
    assert isinstance(seen[-1][1], Ended)


def test_that_runs_named_by_a_stage_are_followed(qtbot: QtBot, store: Store) -> None:
    work = """
from mpt_studio.events import Stage
from mpt_studio.recipe import Recipe
with store.create_run(Recipe(data="builtin"), label="x") as run:
    writer.append(Stage(run=run.folder.name, role="old", method="none", label="Old", index=0, count=1))
    run.append(Note(text="inside"))
    run.finish("done")
writer.finish("done")
"""
    thread = thread_for(store, work)
    events = heard(thread)
    with qtbot.waitSignal(thread.ended):
        thread.start()
    thread.wait(3000)
    stage = next(e for _, e in events if isinstance(e, Stage))
    assert [(run, e.text) for run, e in events if isinstance(e, Note)][-1] == (stage.run, "inside")


def test_that_the_trainer_has_a_session_of_its_own(qtbot: QtBot, store: Store) -> None:
    thread = thread_for(store, OBEY)
    events = heard(thread)
    with qtbot.waitSignal(thread.ended):
        thread.start()
        qtbot.waitUntil(lambda: len(events) > 0)
        assert thread.pid is not None
        assert os.getsid(thread.pid) == thread.pid
        thread.cancel()
    thread.wait(3000)


def test_that_the_trainer_lets_the_window_go_first(qtbot: QtBot, store: Store) -> None:
    work = "import os\nwriter.finish('done', str(os.getpriority(os.PRIO_PROCESS, 0)))"
    thread = thread_for(store, work)
    with qtbot.waitSignal(thread.ended) as ended:
        thread.start()
    thread.wait()
    assert int(ended.args[2]) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)


def test_that_the_last_lines_of_a_long_log_are_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join(f"line {i}" for i in range(5000)))
    lines = last_lines(path, 100).splitlines()
    assert lines[-1] == "line 4999"
    assert lines[0].startswith("line ")
    assert last_lines(tmp_path / "none.txt") == ""


def test_that_a_disk_too_full_for_the_trainer_s_own_words_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not sys.platform.startswith("linux") or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        store = Store(disk / "store")
        update = store.create_update(UpdateRecipe())
        with store.write_update(update.id) as writer:
            with (disk / "other").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
                while stream.write(bytes(4096)):
                    pass
            thread = EngineThread(store, update.id, attach=True)
            events = heard(thread)
            thread.start()
            qtbot.waitUntil(lambda: len(events) == 2)
            assert thread.detach()
            (disk / "other").unlink()
            writer.finish("done")
        (_, note), (_, pause), *more = events
        assert isinstance(note, Note)
        assert "There is no space left" in note.text
        assert "Training waits" in note.text
        assert isinstance(pause, Paused)
        assert pause.by_disk
        assert not more
        assert [path.name for path in (disk / "store").iterdir()] == ["updates"]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
