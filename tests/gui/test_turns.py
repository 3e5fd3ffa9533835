from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.turns import Turns

pytestmark = pytest.mark.gui


def test_that_parts_come_in_order_with_turns_of_the_event_loop_in_between(qtbot: QtBot) -> None:
    done: list[int] = []

    def parts() -> Iterator[None]:
        for number in range(3):
            done.append(number)
            yield

    turns = Turns(parts)
    turns.want()
    assert done == []
    qtbot.waitUntil(lambda: len(done) == 1, timeout=1000)
    qtbot.waitUntil(lambda: not turns.is_busy)
    assert done == [0, 1, 2]


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
