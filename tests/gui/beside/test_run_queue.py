from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.gui.beside.engine_thread import EngineThread
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Store
from mpt_studio.store.control import send_command

pytestmark = pytest.mark.gui

TRAINER = """
import sys, time
from pathlib import Path
from mpt_studio.events import Note
from mpt_studio.store import Store
from mpt_studio.store.control import read_command
store = Store(Path(sys.argv[1]))
with store.write_update(sys.argv[2]) as writer:
    writer.append(Note(text="begin"))
    while read_command(writer.folder) != "stop":
        time.sleep(0.02)
    writer.finish("stopped", "as you wish")
"""


def obedient(store: Store, update_id: str, attach: bool, options: Sequence[str]) -> EngineThread:
    command = [sys.executable, "-c", TRAINER, str(store.root), update_id]
    return EngineThread(store, update_id, attach=attach, command=command)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def queue(qtbot: QtBot, store: Store) -> Iterator[RunQueue]:
    made = RunQueue(store, make_thread=obedient)
    yield made
    made.close(keep_training=False)


def wait_begin(qtbot: QtBot, queue: RunQueue, update_id: str) -> None:
    seen: list[str] = []
    queue.events.connect(lambda update, batch: seen.extend(update for _, event in batch if isinstance(event, Note)))
    qtbot.waitUntil(lambda: update_id in seen)


def test_that_a_second_update_waits_and_begins_when_the_first_ends(qtbot: QtBot, queue: RunQueue, store: Store) -> None:
    first, second = store.create_update(UpdateRecipe()), store.create_update(UpdateRecipe())
    queue.add(first.id)
    queue.add(second.id)
    assert (queue.current, queue.waiting) == (first.id, (second.id,))
    assert store.update(second.id).outcome == "queued"
    wait_begin(qtbot, queue, first.id)
    with qtbot.waitSignal(queue.ended) as ended:
        queue.stop_and_keep()
    assert ended.args == [first.id, "stopped", "as you wish", ""]
    assert (queue.current, queue.waiting) == (second.id, ())
    wait_begin(qtbot, queue, second.id)


def test_that_an_update_is_lined_up_once(queue: RunQueue, store: Store) -> None:
    first, second = store.create_update(UpdateRecipe()), store.create_update(UpdateRecipe())
    for update in (first, second, first, second):
        queue.add(update.id)
    assert queue.waiting == (second.id,)


def test_that_restoring_lines_up_nothing_that_is_beginning_already(queue: RunQueue, store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    queue.add(update.id)
    queue.restore()  # the trainer has not said yet that it runs
    assert queue.waiting == ()


def test_that_a_waiting_update_can_be_taken_out_for_good(queue: RunQueue, store: Store) -> None:
    first, second = store.create_update(UpdateRecipe()), store.create_update(UpdateRecipe())
    queue.add(first.id)
    queue.add(second.id)
    queue.remove(second.id)
    assert queue.waiting == ()
    assert store.update(second.id).outcome == "cancelled"


def test_that_each_job_is_done_where_it_was_lined_up_for(store: Store) -> None:
    made, where = list[tuple[str, bool, tuple[str, ...]]](), {"--cluster": "desk"}

    def thread(store: Store, job: str, attach: bool, options: Sequence[str]) -> EngineThread:
        made.append((job, attach, tuple(options)))
        return obedient(store, job, attach, options)

    def options(searches: bool) -> Sequence[str]:
        return [*(word for pair in where.items() for word in pair), *["--search"] * searches]

    queue = RunQueue(store, make_thread=thread, options=options)
    first, second = store.create_update(UpdateRecipe()), store.create_search(SearchRecipe())
    queue.add(first.id)
    queue.add(second.id)
    where.clear()
    queue.close(keep_training=False)
    assert made == [(first.id, False, ("--cluster", "desk"))]
    assert queue._waiting == {second.id: ["--cluster", "desk", "--search"]}


def test_that_an_unknown_update_is_refused(queue: RunQueue) -> None:
    with pytest.raises(UserError):
        queue.add("20200101-000000_aaaaaa")


def test_that_a_new_window_attaches_to_what_runs_and_lines_up_what_waits(qtbot: QtBot, store: Store) -> None:
    before = RunQueue(store, make_thread=obedient)
    first, second = store.create_update(UpdateRecipe()), store.create_update(UpdateRecipe())
    before.add(first.id)
    before.add(second.id)
    wait_begin(qtbot, before, first.id)
    before.close(keep_training=True)
    assert store.update(first.id).is_active
    after = RunQueue(store, make_thread=obedient)
    texts: list[str] = []
    after.events.connect(lambda _, batch: texts.extend(e.text for _, e in batch if isinstance(e, Note)))
    after.restore()
    assert (after.current, after.waiting) == (first.id, (second.id,))
    qtbot.waitUntil(lambda: texts == ["begin"])
    after.remove(second.id)
    with qtbot.waitSignal(after.ended):
        after.stop_and_keep()
    after.close()


def test_that_closing_with_stop_and_keep_ends_the_trainer(qtbot: QtBot, store: Store) -> None:
    queue = RunQueue(store, make_thread=obedient)
    update = store.create_update(UpdateRecipe())
    queue.add(update.id)
    wait_begin(qtbot, queue, update.id)
    queue.close(keep_training=False)
    qtbot.waitUntil(lambda: store.update(update.id).outcome == "stopped")


def test_that_commands_without_a_running_update_do_nothing(queue: RunQueue, store: Store) -> None:
    for command in (queue.pause, queue.go_on, queue.stop_and_keep, queue.cancel):
        command()
    update = store.create_update(UpdateRecipe())
    send_command(update.folder, "run")
    assert not queue.is_busy
