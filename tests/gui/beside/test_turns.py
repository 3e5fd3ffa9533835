from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.jobs import Turns

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
