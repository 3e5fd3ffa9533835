"""The page: which search is on show, what its buttons do, what it says at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.events import Tried
from mpt_studio.gui.beside.engine_thread import EngineThread
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.search.page import SearchPage
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Store
from mpt_studio.store.compute import Compute

from ..conftest import seen
from ..fake_worker import FakeWorker
from .conftest import PLAIN, found, made, trial

pytestmark = pytest.mark.gui


class Still(EngineThread):
    """Follows without starting anything, until it is let go."""

    def run(self) -> None:
        while not self.isInterruptionRequested():
            self.msleep(5)


@pytest.fixture
def page(qtbot: QtBot, empty_workspace: Workspace) -> Iterator[SearchPage]:
    empty_workspace.worker = FakeWorker()  # type: ignore[assignment]
    queue = RunQueue(empty_workspace.store, make_thread=lambda store, job, attach, _: Still(store, job, attach=attach))
    shown = seen(qtbot, SearchPage(empty_workspace, queue), 1100, 700)
    shown.base_on(UpdateRecipe(data="builtin"))
    yield shown
    queue.close()
    shown.close_page()
    empty_workspace.close()


def visible(page: SearchPage) -> set[str]:
    return {key for key, button in page.view.status.buttons.items() if not button.isHidden()}


def show(qtbot: QtBot, page: SearchPage, search: str) -> None:
    page.show_search(search)
    qtbot.waitUntil(lambda: page.view.live is not None and page.view.live.id == search and not page._read.is_busy)


def test_that_without_searches_one_is_set_up(page: SearchPage) -> None:
    assert page.stack.currentWidget() is page.setup


def test_that_whoever_comes_back_sees_the_latest_and_can_choose_an_earlier_one(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    store = empty_workspace.store
    first = made(store, PLAIN, trial(1), outcome="interrupted")
    second = made(store, PLAIN, trial(1), trial(2, 0.03), found=found(2, sentence="The second."))
    page.renew()
    qtbot.waitUntil(lambda: page.shown == second.id and page.stack.currentWidget() is page.view)
    assert page.view.status.sentence.text() == "The second."
    assert page.view.table.model.rowCount() == 3
    assert visible(page) == {"more"}
    assert "interrupted, 1 of 4 trials" in page.choice.itemText(2)
    page._choose(2)
    qtbot.waitUntil(lambda: page.view.live is not None and page.view.live.id == first.id)
    assert visible(page) == {"resume"}


def test_that_a_search_begins_grows_and_is_controlled(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    started = page.start_search(SearchRecipe(update=UpdateRecipe(data="builtin", methods="none")))
    assert page.queue.current == started
    qtbot.waitUntil(lambda: page.view.live is not None and page.stack.currentWidget() is page.view)
    qtbot.waitUntil(lambda: not page._read.is_busy)
    assert visible(page) == {"pause", "stop"}
    page._take(started, [("", Tried(trial=trial(1).to_json(), found=found(1)))])
    qtbot.waitUntil(lambda: page.view.plot.picture.best == 1)
    assert page.view.status.sentence.text() == "After so many trials it is #1."
    page.view.status.buttons["stop"].click()
    page._take(started, [("", Tried(trial=trial(2).to_json(), found=found(1)))])
    assert page.view.status.doing.text() == "Stopping…"  # until it has stopped


def test_that_who_works_for_a_search_on_a_cluster_is_shown_while_it_runs(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    page.start_search(SearchRecipe(update=UpdateRecipe(data="builtin", methods="none")))
    qtbot.waitUntil(lambda: page.view.live is not None and not page._read.is_busy)
    assert page.view.compute.isHidden()
    page.queue._on_computed(Compute("desk"))
    assert page.view.compute.summary.text().startswith("desk:  0 workers")
    assert not page.view.compute.isHidden()
    page.queue.close()
    page._show_status()
    assert page.view.compute.isHidden()


def test_that_no_search_is_put_on_disk_where_none_can_run(page: SearchPage, empty_workspace: Workspace) -> None:
    empty_workspace.run_on.choose("gone")
    assert not page.setup.start.isEnabled()
    assert page.start_search(SearchRecipe(update=UpdateRecipe(data="builtin", methods="none"))) == ""
    assert page.errors.sentence.text().startswith("There is no cluster 'gone' in ")
    assert empty_workspace.store.searches() == []


def test_that_events_of_a_search_that_is_being_read_are_not_lost(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    search = made(empty_workspace.store, PLAIN, outcome="running")
    page.show_search(search.id)
    page._take(search.id, [("", Tried(trial=trial(1).to_json(), found=found(1)))])
    qtbot.waitUntil(lambda: page.view.live is not None and len(page.view.live.state.trials) == 2)


def test_that_more_trials_line_the_search_up_again(qtbot: QtBot, page: SearchPage, empty_workspace: Workspace) -> None:
    search = made(empty_workspace.store, PLAIN, trial(1))
    show(qtbot, page, search.id)
    page.add_trials(5)
    assert page.queue.current == search.id
    assert empty_workspace.store.search(search.id).recipe.budget.trials == 9
    assert empty_workspace.store.search(search.id).outcome == "queued"


def test_that_hundreds_of_trials_come_in_one_drawing(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    search = made(empty_workspace.store, PLAIN, outcome="running")
    show(qtbot, page, search.id)
    drawn: list[int] = []
    draw = page.view.plot.draw
    page.view.plot.draw = lambda picture: (drawn.append(len(picture.numbers)), draw(picture))  # type: ignore[method-assign]
    for number in range(1, 301):
        page._take(search.id, [("", Tried(trial=trial(number).to_json(), found=found(1)))])
    qtbot.waitUntil(lambda: bool(drawn) and drawn[-1] == 301)
    assert len(drawn) <= 3


def test_that_a_trial_without_answers_is_refused_in_a_sentence(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    search = made(empty_workspace.store, PLAIN, trial(1))
    show(qtbot, page, search.id)
    with qtbot.waitSignal(empty_workspace.message) as said:
        page.view.trial_opened.emit(1)
    assert "no version to look at" in said.args[1]


def test_that_a_search_that_is_gone_says_so(qtbot: QtBot, page: SearchPage, store: Store) -> None:
    page.show_search("nothing")
    qtbot.waitUntil(page.errors.isVisible)
    assert "nothing" in page.errors.sentence.text()


def test_that_nothing_clearly_better_is_told_first_with_intervals_and_spreads(
    qtbot: QtBot, page: SearchPage, empty_workspace: Workspace
) -> None:
    rates = {"samples": 50, "nfr": 0.06, "nfr_ci95": [0.02, 0.16], "accuracy_new": 0.8, "accuracy_new_ci95": [0.7, 0.9]}
    row = {"number": 1, "label": "#1 MPT_KL with γ = 1.2", "old_classes": rates, "all": rates}
    result = {
        "test": [{**row, "number": 0, "label": "No_Treatment"}, row],
        "best": row,
        "finalists": [
            {
                "label": "#1 MPT_KL",
                "nfr": [0.05, 0.07],
                "mean_nfr": 0.06,
                "spread_nfr": 0.014,
                "mean_accuracy": 0.8,
                "holds": True,
            }
        ],
        "noise_floor": {"old_classes": {"nfr": 0.04}},
        "against_plain": {"nfr_difference": -0.02, "mcnemar_p": 0.4},
        "test_looks": 1,
        "fusion": {"weight": 0.3, "nfr_old_classes": 0.025},
        "control": {"sentence": "#1 MPT_KL keeps no more than with shuffled teachers."},
    }
    nothing = "Nothing clearly beats plain training with a logit offset here."
    search = made(empty_workspace.store, PLAIN, trial(1), found=found(1, sentence=nothing), result=result)
    show(qtbot, page, search.id)
    assert page.view.status.sentence.text() == nothing
    assert visible(page) == {"open", "export", "more"}
    qtbot.waitUntil(lambda: any("Noise floor" in text for text in page.view.outcome.texts()))
    told = " ".join(page.view.outcome.texts())
    for part in (
        "★ #1 Margin (MPT_KL) with γ = 1.2",
        "2.0–16.0",
        "6.0 % ± 1.4",
        "−2.0 points of NFR",
        "p = 0.400",
        "(fusion) would have an NFR of 2.5 %",
        "#1 Margin (MPT_KL) keeps no more than with shuffled teachers.",
    ):
        assert part in told
