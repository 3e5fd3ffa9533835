from __future__ import annotations

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.estimates import REST_MS, Estimates
from mpt_studio.recipe import UpdateRecipe, to_json

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
ONE, TWO = UpdateRecipe(methods="none"), UpdateRecipe(methods="none,pct_kl")
ANSWER = {"seconds": 7300.0, "device": "cpu (2 threads)", "versions": [{"label": "No_Treatment", "seconds": 7300.0}]}


@pytest.fixture
def worker() -> FakeWorker:
    return FakeWorker()


@pytest.fixture
def estimates(qapp: object, worker: FakeWorker) -> Estimates:
    return Estimates(worker)  # type: ignore[arg-type]


def test_that_a_recipe_is_asked_about_once_it_has_rested_and_only_the_last_one(
    qtbot: QtBot, estimates: Estimates, worker: FakeWorker
) -> None:
    estimates.want(ONE)
    qtbot.wait(REST_MS // 2)
    estimates.want(TWO)
    assert estimates.text == "Estimating the time…"
    qtbot.waitUntil(lambda: bool(worker.asked), timeout=4 * REST_MS)
    assert [request.args for request in worker.asked] == [{"recipe": to_json(TWO)}]
    worker.last.answer(ANSWER)
    assert estimates.text == "About 2 h 2 min on the CPU (2 threads)"
    assert estimates.detail == "Plain training: about 2 h 2 min"
    assert estimates.versions_of(TWO) == {"No_Treatment": 7300.0}
    assert estimates.versions_of(ONE) == {}


def test_that_a_recipe_that_is_known_is_not_asked_about_again(
    qtbot: QtBot, estimates: Estimates, worker: FakeWorker
) -> None:
    estimates.want(ONE)
    estimates._ask()
    worker.last.answer(ANSWER)
    estimates.want(TWO)
    estimates.want(dataclasses.replace(ONE))
    assert estimates.text.startswith("About")
    assert not estimates._rest.isActive()


def test_that_why_there_is_none_is_said_and_forgotten_with_the_recipe(estimates: Estimates, worker: FakeWorker) -> None:
    estimates.want(ONE)
    estimates._ask()
    worker.last.fail("There is no folder /pets.")
    assert estimates.text == "Time not known: There is no folder /pets."
    estimates.want(None)
    assert (estimates.text, estimates.detail) == ("", "")


def test_that_nothing_is_said_where_there_is_no_worker(qapp: object) -> None:
    estimates = Estimates(None)
    estimates.want(ONE)
    assert estimates.text == ""


def test_that_whoever_closes_is_answered_no_more(estimates: Estimates, worker: FakeWorker) -> None:
    estimates.want(ONE)
    estimates._ask()
    estimates.close()
    assert worker.last.is_cancelled
