from __future__ import annotations

import pytest

from mpt_studio.events import Ended, Epoch, Note, Paused, Stage, Started, Step
from mpt_studio.gui.train.state import UpdateState, Wish, time_left
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store.disk import waits_for

RECIPE = UpdateRecipe(methods="none,mpt_kl:1,pct_kl")


def stage(index: int, run: str, role: str = "candidate", label: str = "x") -> Stage:
    return Stage(run=run, role=role, method="m", label=label, index=index, count=4)


def started(at: float = 0.0, step: int = 0) -> Started:
    return Started(
        time=at, device="cpu", epochs=2, steps=100, step=step, train_samples=1, validation_samples=1, parameters=1
    )


def step(number: int, at: float, eta: float) -> Step:
    return Step(
        time=at, step=number, epoch=number / 50, losses={}, learning_rate=0.1, images_per_second=1.0, eta_seconds=eta
    )


def test_that_the_plan_is_known_before_anything_happens_with_a_colour_per_version() -> None:
    plan = [(v.label, v.role, v.color) for v in UpdateState(RECIPE).versions]
    assert plan == [
        ("Old model", "old", -1),
        ("No_Treatment", "reference", 0),
        ("MPT_KL b=1", "candidate", 1),
        ("PCT_KL", "candidate", 2),
    ]


def test_that_candidates_have_the_colours_that_they_have_on_compare() -> None:
    """So members of an ensemble have the old model's, and the noise floor one of its own."""
    state = UpdateState(UpdateRecipe(old="x", methods="elodi", ensemble_size=2, noise_floor=True))
    assert [v.color for v in state.versions] == [0, -2, -1, -1, 1]


def test_that_progress_counts_every_version_alike() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    for event in (started(), step(50, 10.0, 10.0)):
        state.feed("a", event)
    assert state.fraction == pytest.approx(0.5 / 4)
    state.feed("a", Ended(outcome="done"))
    assert state.fraction == pytest.approx(1 / 4)


def test_that_what_is_trained_at_once_takes_its_share_of_the_time_that_is_left() -> None:
    state = UpdateState(RECIPE)
    for index, run in enumerate("ab"):
        state.feed("", stage(index, run, label=f"version {run}"))
    for run, eta in (("a", 30.0), ("b", 10.0)):
        for event in (started(), step(50, 20.0, eta)):
            state.feed(run, event)
    assert state.told_of("a") == "version a, epoch 1 of 2"
    assert state.told_of("z") == ""
    one = 20.0 + 30.0  # a version to come is as long as the first
    assert state.eta == pytest.approx((30 + 10 + 2 * one) / 2)


def test_that_of_versions_trained_at_once_each_runs_from_its_own_first_word_on() -> None:
    state = UpdateState(RECIPE)
    for index, run in enumerate("abc"):
        state.feed("", stage(index, run))
    assert [v.state for v in state.versions] == ["running", "waiting", "waiting", "waiting"]
    for run in "ba":
        state.feed(run, started())
    assert [v.state for v in state.versions] == ["running", "running", "waiting", "waiting"]
    state.feed("a", Ended(outcome="done"))
    assert state.current is state.versions[0]
    state.feed("b", step(50, 10.0, 10.0))
    assert state.current is state.versions[1]
    assert [v.state for v in state.versions] == ["done", "running", "waiting", "waiting"]


def test_that_a_version_that_failed_is_not_counted_as_done() -> None:
    state = UpdateState(RECIPE)
    for index, (run, outcome) in enumerate((("a", "done"), ("b", "failed"))):
        state.feed("", stage(index, run))
        for event in (started(), Ended(outcome=outcome)):  # type: ignore[arg-type]
            state.feed(run, event)
    assert state.fraction == pytest.approx(1 / 3)  # one of the three that will be there


def test_that_a_pause_is_no_working_time() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a"))
    for event in (started(0.0), step(10, 5.0, 5.0), Paused(time=6.0, paused=True), Paused(time=600.0, paused=False)):
        state.feed("a", event)
    assert state.versions[0].seconds == pytest.approx(6.0)


def test_that_time_left_expects_of_later_versions_what_earlier_ones_took() -> None:
    state = UpdateState(RECIPE)
    assert state.eta is None
    state.feed("", stage(1, "b", "reference"))
    state.versions[0].state = "done"
    for event in (started(0.0), step(100, 40.0, 0.0), Ended(time=40.0, outcome="done")):
        state.feed("b", event)
    state.feed("", stage(2, "c"))
    for event in (started(50.0), step(50, 60.0, 12.0)):
        state.feed("c", event)
    assert state.eta == pytest.approx(12.0 + 40.0)


def test_that_time_left_weighs_what_is_to_come_by_the_estimate_and_the_pace_so_far() -> None:
    guess = {"Old model": 10.0, "No_Treatment": 20.0, "MPT_KL b=1": 40.0, "PCT_KL": 30.0}
    state = UpdateState(RECIPE, estimate=guess)
    state.feed("", stage(0, "a", "old", "Old model"))
    for event in (started(0.0), step(50, 10.0, 10.0)):
        state.feed("a", event)
    assert state.eta == pytest.approx(10.0 + 2 * (20.0 + 40.0 + 30.0))  # it takes twice as long as estimated
    assert state.fraction == pytest.approx(0.5 * 10 / 100)


def test_that_an_estimate_of_other_versions_changes_nothing() -> None:
    state = UpdateState(RECIPE, estimate={"ELODI": 3.0})
    state.feed("", stage(0, "a", "old", "Old model"))
    for event in (started(0.0), step(50, 10.0, 10.0)):
        state.feed("a", event)
    assert state.eta == pytest.approx(10.0 + 3 * 20.0)
    assert state.fraction == pytest.approx(0.5 / 4)


def test_that_a_pause_shows_and_goes() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    state.feed("a", started())
    state.feed("a", Paused(paused=True))
    assert state.is_paused
    state.feed("a", Paused(paused=False))
    assert not state.is_paused


def test_that_waiting_for_the_disk_shows_as_that_until_training_goes_on() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    state.feed("a", started())
    for event in waits_for("There is no space left."):
        state.feed("a", event)
    assert (state.waits, state.is_paused) == (True, True)
    assert state.refused == state.notes[-1].text
    state.feed("a", Paused(paused=False, by_disk=True))
    assert (state.waits, state.is_paused) == (False, False)
    state.feed("a", Paused(paused=True))
    assert (state.waits, state.is_paused) == (False, True)


def test_that_the_epoch_fraction_is_full_at_its_end() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    state.feed("a", started())
    for number, expected in ((25, 0.5), (50, 1.0), (75, 0.5)):
        state.feed("a", step(number, 1.0, 1.0))
        assert state.versions[0].epoch_fraction == pytest.approx(expected)


def test_that_the_epoch_fraction_is_full_where_its_last_steps_were_not_told() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    for event, text, expected in (
        (started(), "epoch 1 of 2", 0.0),
        (step(45, 1.0, 1.0), "epoch 1 of 2", 0.9),
        (Epoch(step=50, epoch=1, losses={}, train_accuracy=0.5), "epoch 2 of 2", 0.0),
        (step(98, 1.0, 1.0), "epoch 2 of 2", 0.96),
        (Epoch(step=100, epoch=2, losses={}, train_accuracy=0.5), "epoch 2 of 2", 1.0),
    ):
        state.feed("a", event)
        assert (state.versions[0].epoch_text, state.versions[0].epoch_fraction) == (text, pytest.approx(expected))


def test_that_a_stage_beyond_the_plan_is_taken_in() -> None:
    state = UpdateState(RECIPE)
    state.feed("", Stage(run="z", role="candidate", method="m", label="More", index=5, count=6))
    assert [v.label for v in state.versions][-1] == "More"
    assert len(state.versions) == 6


def test_that_information_becomes_the_status_and_warnings_are_kept() -> None:
    state = UpdateState(RECIPE)
    state.feed("", Note(text="Reading images"))
    state.feed("", Note(text="Two are unreadable", level="warning"))
    assert state.status == "Reading images"
    assert [note.text for note in state.notes] == ["Two are unreadable"]


def test_that_nothing_runs_after_the_end() -> None:
    state = UpdateState(RECIPE)
    state.feed("", stage(0, "a", "old"))
    state.end("failed")
    assert state.versions[0].state == "interrupted"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.2, "0 s left"), (42.4, "42 s left"), (180, "3 min left"), (9000, "2 h 30 min left")],
)
def test_that_time_left_is_short(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text


def test_that_a_wish_is_told_until_it_has_happened() -> None:
    wish = Wish()
    assert wish.after("running") == ""
    wish.text = "Pausing…"
    assert wish.after("running") == "Pausing…"
    assert wish.after("paused") == ""
