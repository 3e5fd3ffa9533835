"""The list of compute on the screen."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.compute.view import ComputeView
from mpt_studio.store.compute import Compute, Waiting, Worker

from ..conftest import seen

pytestmark = pytest.mark.gui
WORKERS = (Worker("0", "node17", "GPU 0", "run", "a", 1.0), Worker("1", "node17", "GPU 1", since=1.0))
WAITING = (Waiting("MPT_KL", ("No_Treatment",), 2.0), Waiting("<b>x</b>", (), 2.0))


def cells(view: ComputeView, table: str) -> list[tuple[str, ...]]:
    model = getattr(view, table).model()
    rows, columns = range(model.rowCount()), range(model.columnCount())
    return [tuple(model.data(model.index(row, column)) for column in columns) for row in rows]


def test_that_it_is_there_only_while_there_is_a_cluster(qtbot: QtBot) -> None:
    view = seen(qtbot, ComputeView(), 900, 200)
    view.show_compute(None, str)
    assert view.isHidden()
    view.show_compute(Compute("desk", WORKERS, WAITING), lambda run: {"a": "MPT (KL), epoch 2 of 9"}[run])
    assert not view.isHidden()
    assert view.summary.text() == "desk:  2 workers, 1 of them free  ·  2 versions wait  ·  0 trained"
    assert [row[:3] for row in cells(view, "workers")] == [
        ("0", "node17, GPU 0", "MPT (KL), epoch 2 of 9"),
        ("1", "node17, GPU 1", "free"),
    ]
    assert [row[:2] for row in cells(view, "waiting")] == [
        ("Margin (MPT_KL)", "Plain training"),
        ("<b>x</b>", "a worker"),
    ]


def test_that_what_is_below_does_not_move_when_there_is_less_to_show(qtbot: QtBot) -> None:
    view = seen(qtbot, ComputeView(), 900, 300)
    view.show_compute(Compute("desk", WORKERS * 2, WAITING), str)
    height = view.sizeHint().height()
    view.show_compute(Compute("desk", WORKERS[:1]), str)
    assert view.sizeHint().height() == height
    many = tuple(Worker(str(number)) for number in range(1000))
    view.show_compute(Compute("desk", many), str)
    assert view.sizeHint().height() < 2 * height  # the rest is scrolled to
    view.fold.setChecked(False)
    assert view.sizeHint().height() < height // 2
