"""One folder has one writer, and a writer that is gone is noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Ended, Note, Paused
from mpt_studio.store import Store, control

from .conftest import RECIPE, finished_run


def test_that_a_second_writer_is_refused(store: Store) -> None:
    with store.create_run(RECIPE) as writer:
        with pytest.raises(UserError, match="being written by another process"):
            store.write_run(writer.id)
        writer.finish("stopped")
    with store.write_run(writer.id) as again:
        assert again.run.outcome == "running"
        again.finish("done")
    assert store.run(writer.id).outcome == "done"


def test_that_a_run_opened_without_resuming_keeps_its_outcome(store: Store) -> None:
    run = finished_run(store)
    with store.write_run(run.id, resume=False) as writer:
        writer.set(label="renamed")
    read = store.run(run.id)
    assert (read.outcome, read.label) == ("done", "renamed")
    assert len(list(read.events())) == 1


CHILD = """
    import sys, time
    from pathlib import Path
    from mpt_studio.events import Note
    from mpt_studio.recipe import Recipe
    from mpt_studio.store import Store
    writer = Store(Path(sys.argv[1])).create_run(Recipe(data="builtin"))
    writer.append(Note(text="before the kill"))
    print(writer.id, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_that_a_run_whose_process_was_killed_reads_as_interrupted_and_can_be_resumed(store: Store) -> None:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(store.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        assert store.run(run_id).outcome == "running"
        assert store.run(run_id).is_active
        with pytest.raises(UserError, match="while it is running"):
            store.delete(run_id)
        child.send_signal(signal.SIGKILL)
        child.wait()
    run = store.run(run_id)
    assert run.outcome == "interrupted"
    assert not run.is_active
    assert [event.text for event in run.events() if isinstance(event, Note)] == ["before the kill"]
    with store.write_run(run_id) as writer:
        writer.finish("done")
    assert store.run(run_id).outcome == "done"


def test_that_a_paused_run_shows_it_until_it_goes_on(store: Store) -> None:
    with store.create_run(RECIPE) as writer:
        writer.append(Paused(paused=True))
        assert store.run(writer.id).outcome == "paused"
        writer.append(Paused(paused=False))
        assert store.run(writer.id).outcome == "running"
        writer.finish("done")


@pytest.mark.parametrize(
    ("error", "outcome", "message"),
    [
        (UserError("The data are gone."), "failed", "The data are gone."),
        (ValueError("broken\nbadly"), "failed", "ValueError: broken badly"),
        (Interrupted(), "interrupted", ""),
        (KeyboardInterrupt(), "interrupted", ""),
    ],
)
def test_that_a_writer_left_by_an_error_records_it(
    store: Store, error: BaseException, outcome: str, message: str
) -> None:
    with pytest.raises(type(error)), store.create_run(RECIPE) as writer:
        raise error
    run = store.run(writer.id)
    assert (run.outcome, run.message) == (outcome, message)
    last = list(run.events())[-1]
    assert isinstance(last, Ended)
    assert last.outcome == outcome


def test_that_what_was_asked_of_a_gone_process_does_not_stop_the_next(store: Store) -> None:
    with store.create_run(RECIPE) as writer:
        writer.finish("stopped")
    control.send_command(writer.folder, "stop")
    with store.write_run(writer.id) as again:
        assert control.read_command(again.folder) == "run"
        again.finish("done")
