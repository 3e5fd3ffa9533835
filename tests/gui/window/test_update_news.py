from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.events import Ended
from mpt_studio.gui.train.state import UpdateState
from mpt_studio.gui.train.status import GLYPHS, RunStatus
from mpt_studio.gui.window.update_news import UpdateProgress

from ..train.test_state import RECIPE, stage, started, step

pytestmark = pytest.mark.gui


def test_that_the_log_counts_epochs_as_the_train_page_does(qtbot: QtBot) -> None:
    progress, status, state = UpdateProgress("Try it now", lambda: None), RunStatus(), UpdateState(RECIPE)
    qtbot.addWidget(status)
    told: list[str] = []
    progress.progressed.connect(lambda sentence, _: told.append(sentence))
    for run, event in (("", stage(0, "a", "old", "Old model")), ("a", started()), ("a", step(15, 1.0, 1.0))):
        progress.take([(run, event)])
        state.feed(run, event)
    status.show_state(state, active=True)
    assert told[-1] == "Old model (1 of 4), epoch 1 of 2"
    assert status._epoch_name.text() == "Epoch 1 of 2"


def test_that_the_last_step_is_still_of_the_last_epoch(qtbot: QtBot) -> None:
    progress = UpdateProgress("Try it now", lambda: None)
    with qtbot.waitSignal(progress.progressed) as heard:
        progress.take([("", stage(0, "a", "old", "Old model")), ("a", started()), ("a", step(100, 9.0, 0.0))])
    assert heard.args[0] == "Old model (1 of 4), epoch 2 of 2"


def test_that_an_epoch_that_was_stopped_midway_does_not_look_complete(qtbot: QtBot) -> None:
    status, state = RunStatus(), UpdateState(RECIPE)
    qtbot.addWidget(status)
    state.feed("", stage(0, "a", "old"))
    for event in (started(), step(15, 1.0, 1.0), Ended(outcome="stopped")):
        state.feed("a", event)
    status.show_state(state, active=False, outcome="Stopped early.")
    assert status.epoch_bar.value() == round(0.3 * status.epoch_bar.maximum())


def test_that_every_state_has_a_sign_that_common_fonts_have() -> None:
    """Media keys such as U+23F8 are in no common text font: they were drawn as an empty box."""
    assert not any(0x23CF <= ord(letter) <= 0x23FF for sign in GLYPHS.values() for letter in sign)
