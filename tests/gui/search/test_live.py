"""What is on disk and what is told since."""

from __future__ import annotations

import dataclasses

from mpt_studio.events import Ended, Paused, Stage, Started, Step, Tried
from mpt_studio.gui.search.live import LiveSearch
from mpt_studio.store import Store

from .conftest import PLAIN, found, made, trial


def stage(index: int, run: str, label: str) -> Stage:
    return Stage(run=run, role="candidate", method="MPT_KL", label=label, index=index, count=6)


def test_that_a_judged_trial_changes_the_picture_and_a_step_does_not(store: Store) -> None:
    live = LiveSearch(made(store, PLAIN, outcome="running"))
    step = Step(step=1, epoch=0.5, losses={}, learning_rate=0.1, images_per_second=1, eta_seconds=9)
    assert not live.feed("r", step)
    assert live.feed("", Tried(trial=trial(1).to_json(), found=found(1)))
    assert [each.number for each in live.state.trials] == [0, 1]
    assert live.state.best == trial(1)
    assert live.state.floor == 0.79
    assert live.state.envelope[0].trial == 1


def test_that_a_trial_that_begins_is_there_without_figures_and_takes_no_finding_away(store: Store) -> None:
    live = LiveSearch(made(store, PLAIN, trial(1), outcome="running"))
    begun = dataclasses.replace(trial(2, nfr=None, accuracy=None), outcome="running", shortfall=None)
    assert live.feed("", Tried(trial=begun.to_json()))
    assert live.state.trials[-1].outcome == "running"
    assert live.state.best == trial(1)


def test_that_it_says_what_is_trained_and_what_for(store: Store) -> None:
    live = LiveSearch(made(store, outcome="running"))
    live.feed("", stage(1, "plain", "No_Treatment"))
    assert live.doing() == "Plain training first"
    live.feed("plain", Ended(outcome="done"))
    live.feed("", stage(3, "second", "#2 MPT_KL"))
    started = Started(device="cpu", epochs=2, steps=10, train_samples=9, validation_samples=9, parameters=1)
    live.feed("second", started)
    assert live.doing() == "Trial 2 of 4: #2 Margin (MPT_KL), epoch 1 of 2"
    live.feed("second", Paused(paused=True))
    assert live.doing().endswith("paused")


def test_that_with_more_trials_nothing_is_told_of_the_finalists_before(store: Store) -> None:
    live = LiveSearch(made(store, PLAIN, trial(1), outcome="queued"))
    for index, run in ((2, "first"), (3, "again")):  # all that happened before is told once more
        live.feed("", stage(index, run, "#1 MPT_KL, seed 2"))
        live.feed(run, Ended(outcome="done"))
    assert live.progress.fraction == 4 / 6
    live.feed("", Ended(outcome="done"))
    assert live.doing() == "Waits for its turn"
    assert live.progress.fraction == 3 / 6
    live.feed("", stage(3, "second", "#2 MPT_KL"))
    assert live.doing() == "Trial 2 of 4: #2 Margin (MPT_KL)"


def test_that_what_is_there_counts_as_done(store: Store) -> None:
    live = LiveSearch(made(store, PLAIN, trial(1), outcome="interrupted"))
    assert live.progress.fraction == 3 / 6  # old model, plain training, one of four trials
    assert not live.is_alive
