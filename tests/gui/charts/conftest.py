from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.events import Epoch, Step
from mpt_studio.flips import Rates
from mpt_studio.gui.charts.curves import CurvesPanel

from ..conftest import seen

pytestmark = pytest.mark.gui
NONE = np.empty(0)


@pytest.fixture
def panel(qtbot: QtBot) -> CurvesPanel:
    return seen(qtbot, CurvesPanel(), 1000, 600)


def step(number: int, loss: float | None = None) -> Step:
    value = 2.0 / number if loss is None else loss
    return Step(
        time=float(number),
        step=number,
        epoch=number / 10,
        losses={"loss": value, "cross_entropy": value},
        learning_rate=0.1,
        images_per_second=100.0,
        eta_seconds=1.0,
    )


def epoch(number: int) -> Epoch:
    rates = Rates(both_right=80, negative_flips=8, positive_flips=6, both_wrong=6, answers_changed=15, intrusions=4)
    figures = {subset: rates.to_json() for subset in ("all", "old_classes", "new_classes")}
    return Epoch(
        time=float(number * 10), step=number * 10, epoch=number, losses={}, train_accuracy=0.8, validation=figures
    )


def fill(panel: CurvesPanel, run: str = "a", label: str = "MPT_KL", color: int = 0) -> None:
    panel.add_run(run, label, color)
    panel.feed(run, [step(i) for i in range(1, 31)])
    panel.feed(run, [epoch(i) for i in range(1, 4)])
    panel.redraw()


def items(panel: CurvesPanel, plot: str) -> dict:
    return panel.plots[plot]._items
