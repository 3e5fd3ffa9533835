"""Hostile files that are dropped on the window: its own process only looks at them, and hands them to the worker."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
SECONDS = 0.5
"""For one file, of this process alone."""


def test_that_a_dropped_hostile_file_is_refused_or_left_to_the_worker(
    empty_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "engine" / "intake"))
    from hostile import corpus
    from hostile.case import Listener, laid

    worker = empty_workspace.worker = FakeWorker()
    listener, wrong, arrived = Listener(), {}, 0
    for i, case in enumerate(corpus()):
        if i % 5 and case.group not in ("no file", "odd names", "leads elsewhere", "ONNX"):
            continue
        home = tmp_path / str(i)
        canary, path = laid(case, home, listener.port)
        asked, began = len(worker.asked), time.process_time()
        empty_workspace.opening.open([path])
        took = time.process_time() - began
        item = empty_workspace.opening.items[-1]
        arrived += len(worker.asked) - asked
        if canary.has_sung() or listener.knocks():
            wrong[case.name] = "was obeyed"
        elif not item.problem and len(worker.asked) == asked:
            wrong[case.name] = "neither refused nor handed on"
        elif item.problem and not (item.told.isprintable() and item.told.endswith((".", "…"))):
            wrong[case.name] = f"said {item.told!r}"
        elif took > SECONDS:
            wrong[case.name] = f"held the window up for {took:.1f} s"
        shutil.rmtree(home)
    listener.close()
    assert wrong == {}
    assert arrived > 50
    assert empty_workspace.versions == []
