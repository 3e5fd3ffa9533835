from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from mpt_studio.compare.blocks import Cancelled
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import Job, Latest, PoolJob, StoppableJob, Turns

pytestmark = pytest.mark.gui


def test_that_parts_come_in_order_with_turns_of_the_event_loop_in_between(qtbot: QtBot) -> None:
    done: list[tuple[int, int]] = []
    ticks = [0]
    ticking = QTimer(interval=0)
    ticking.timeout.connect(lambda: ticks.append(len(ticks)))
    ticking.start()

    def parts() -> Iterator[None]:
        for number in range(3):
            done.append((number, len(ticks)))
            yield

    turns = Turns(parts)
    turns.want()
    assert done == []
    qtbot.waitUntil(lambda: not turns.is_busy)
    ticking.stop()
    assert [number for number, _ in done] == [0, 1, 2]
    assert done[0][1] < done[1][1] < done[2][1]  # others had their turn


def test_that_a_wish_during_the_work_repeats_it_once(qtbot: QtBot) -> None:
    begun: list[int] = []

    def parts() -> Iterator[None]:
        begun.append(len(begun))
        if len(begun) == 1:
            turns.want()
            turns.want()
        yield

    turns = Turns(parts)
    turns.want()
    qtbot.waitUntil(lambda: len(begun) == 2)
    qtbot.waitUntil(lambda: not turns.is_busy)
    assert begun == [0, 1]


def test_that_work_without_parts_ends(qtbot: QtBot) -> None:
    turns = Turns(lambda: iter(()))
    turns.want()
    qtbot.waitUntil(lambda: not turns.is_busy)


class Heard:
    """What a job told."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.errors: list[tuple[str, str]] = []

    def fail(self, sentence: str, detail: str) -> None:
        self.errors.append((sentence, detail))


def test_that_a_job_ends_once_whether_it_is_cancelled_or_not(qtbot: QtBot) -> None:
    job, ends = Job("Counting"), []
    job.finished.connect(lambda: ends.append(1))
    job.cancel()
    job.finish()
    assert (ends, job.is_cancelled) == ([1], True)


def test_that_a_result_arrives_in_the_windows_thread(qtbot: QtBot) -> None:
    heard, here = Heard(), threading.get_ident()
    job = PoolJob("Adding", lambda: (1 + 1, threading.get_ident()), heard.results.append, heard.fail)
    with qtbot.waitSignal(job.finished):
        job.start()
    ((total, where),) = heard.results
    assert total == 2
    assert where != here


@pytest.mark.parametrize(
    ("error", "told"),
    [(UserError("There is no such file."), "There is no such file."), (KeyError("x"), "Reading failed (KeyError).")],
)
def test_that_only_an_error_of_ours_comes_with_its_trace(qtbot: QtBot, error: Exception, told: str) -> None:
    def work() -> None:
        raise error

    heard = Heard()
    job = PoolJob("Reading", work, heard.results.append, heard.fail)
    with qtbot.waitSignal(job.finished):
        job.start()
    ((sentence, detail),) = heard.errors
    assert sentence == told
    assert ("Traceback" in detail) == isinstance(error, KeyError)


def test_that_nobody_hears_of_a_cancelled_job_and_it_is_asked_to_stop(qtbot: QtBot) -> None:
    heard, begun, asked = Heard(), threading.Event(), threading.Event()

    def work(tell: Any, stop: Any) -> int:
        begun.set()
        while not stop():
            pass
        asked.set()
        raise Cancelled

    job = StoppableJob("Waiting", work, heard.results.append, heard.fail)
    job.start()
    assert begun.wait(5)
    job.cancel()
    assert asked.wait(5)
    qtbot.wait(50)
    assert (heard.results, heard.errors) == ([], [])


def test_that_only_the_newest_request_is_answered(qtbot: QtBot) -> None:
    heard, go = Heard(), threading.Event()
    latest = Latest(heard.fail)
    latest.ask(lambda stop: go.wait(5) and "first", heard.results.append, beside=True)
    latest.ask(lambda stop: "second", heard.results.append, beside=True)
    go.set()
    qtbot.waitUntil(lambda: not latest.is_busy)
    qtbot.wait(50)
    assert heard.results == ["second"]


def test_that_a_small_request_is_answered_before_it_returns(qtbot: QtBot) -> None:
    heard = Heard()
    latest = Latest(heard.fail)
    latest.ask(lambda stop: 3, heard.results.append, beside=False)
    assert (heard.results, latest.is_busy) == ([3], False)
