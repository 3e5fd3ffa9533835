"""A writer killed at any moment leaves a run that reads, resumes, and whose weights are whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mpt_studio.events import Note
from mpt_studio.store import Store

WRITER = """
    import sys
    from pathlib import Path
    from mpt_studio.events import Note
    from mpt_studio.recipe import Recipe
    from mpt_studio.store import Store
    store = Store(Path(sys.argv[1]))
    runs = store.runs()
    writer = store.write_run(runs[0].id) if runs else store.create_run(Recipe(data="builtin"))
    print("ready", flush=True)
    for i in range(10**9):
        writer.append(Note(text=f"{i} " + "x" * (i * 997 % 20_000)))
        writer.save_weights(lambda path: path.write_bytes(bytes([i % 256]) * 100_000))
        writer.save_state(lambda path: path.write_bytes(bytes([i % 256]) * 50_000))
        writer.set(figures={"i": i})
"""


def killed_writer(root: Path, after: float) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(after)
        child.send_signal(signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_that_a_writer_killed_at_any_moment_leaves_a_whole_run(tmp_path: Path) -> None:
    store, moments, events = Store(tmp_path), random.Random(0), 0
    for _ in range(8):
        killed_writer(tmp_path, moments.uniform(0, 0.1))
        (run,) = store.runs()
        assert store.problems == []
        assert run.outcome == "interrupted"
        found = list(run.events())
        assert len(found) >= events
        assert all(isinstance(event, Note) for event in found)
        events = len(found)
        for path, size in ((run.checkpoint, 100_000), *((state, 50_000) for state in run.resume_states)):
            if path is not None:
                content = path.read_bytes()
                assert content == content[:1] * size
        if run.checkpoint is not None:
            run.check()
    with store.write_run(run.id) as writer:
        writer.finish("done")
    assert not list(tmp_path.rglob("*.tmp"))
    assert store.run(run.id).outcome == "done"
