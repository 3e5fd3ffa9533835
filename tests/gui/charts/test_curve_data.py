from __future__ import annotations

import csv
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.events import Epoch, Note, Paused, Started, Step
from mpt_studio.flips import Rates
from mpt_studio.gui.charts.curve_data import (
    LOW,
    MOST_ROWS,
    SECONDS,
    STEP,
    VALUE,
    RunCurves,
    Table,
    nearest,
    smooth,
    write_csv,
)


def started(at: float = 0.0, step: int = 0) -> Started:
    return Started(
        time=at, device="cpu", epochs=3, steps=300, step=step, train_samples=10, validation_samples=10, parameters=1
    )


def step(number: int, at: float = 0.0, **losses: float) -> Step:
    return Step(
        time=at,
        step=number,
        epoch=number / 100,
        losses=losses or {"loss": 1.0},
        learning_rate=0.1,
        images_per_second=50.0,
        eta_seconds=1.0,
    )


def test_that_a_step_makes_one_point_in_the_series_of_each_loss_term() -> None:
    curves = RunCurves()
    curves.add(step(10, loss=2.0, cross_entropy=1.5))
    assert curves.series["loss", "loss"].column(VALUE).tolist() == [2.0]
    assert curves.series["loss", "cross_entropy"].column(VALUE).tolist() == [1.5]
    assert curves.series["learning_rate", "learning rate"].column(STEP).tolist() == [10.0]


def test_that_an_epoch_gives_accuracy_per_subset_and_flips_with_the_interval_of_wilson() -> None:
    old = Rates(both_right=80, negative_flips=10, positive_flips=5, both_wrong=5, answers_changed=16, intrusions=4)
    curves = RunCurves()
    figures = {"all": old.to_json(), "old_classes": old.to_json(), "new_classes": {"samples": 0, "accuracy_new": None}}
    curves.add(Epoch(step=100, epoch=1, losses={"loss": 1.0}, train_accuracy=0.5, validation=figures))
    assert curves.series["accuracy", "all"].column(VALUE).tolist() == [85.0]
    assert ("accuracy", "new classes") not in curves.series
    assert curves.series["nfr", "old classes"].column(VALUE).tolist() == [10.0]
    assert curves.series["nfr", "old classes"].column(LOW)[0] == pytest.approx(100 * Rates.nfr.interval(old)[0])
    relative = curves.series["relative_nfr", "old classes"]
    assert relative.column(VALUE)[0] == pytest.approx(old.relative_nfr)
    assert relative.column(LOW)[0] == pytest.approx(old.relative_nfr * Rates.nfr.interval(old)[0] / 0.10)


def test_that_an_epoch_without_an_old_model_draws_no_flips() -> None:
    curves = RunCurves()
    only = {"all": {"samples": 5, "accuracy_new": 0.4}}
    curves.add(Epoch(step=1, epoch=1, losses={}, train_accuracy=0.5, validation=only))
    assert {plot for plot, _ in curves.series} == {"accuracy"}


def test_that_a_resumed_run_replaces_the_points_it_does_again() -> None:
    curves = RunCurves()
    for event in (
        started(),
        step(1, loss=1.0),
        step(2, loss=2.0),
        step(3, loss=3.0),
        started(step=2),
        step(3, loss=9.0),
    ):
        curves.add(event)
    assert curves.series["loss", "loss"].column(VALUE).tolist() == [1.0, 2.0, 9.0]


def test_that_pauses_and_the_time_between_kill_and_resume_do_not_count() -> None:
    curves = RunCurves()
    for event in (
        started(100.0),
        step(1, 110.0),
        Paused(time=120.0, paused=True),
        Paused(time=520.0, paused=False),
        step(2, 530.0),
        started(9000.0, step=2),
        step(3, 9010.0),
    ):
        curves.add(event)
    assert curves.series["loss", "loss"].column(SECONDS).tolist() == [10.0, 30.0, 40.0]


def test_that_notes_change_no_curve() -> None:
    assert not RunCurves().add(Note(text="hello"))


def test_that_a_loss_that_is_null_on_disk_is_a_gap() -> None:
    curves = RunCurves()
    curves.add(step(1, loss=None))  # type: ignore[arg-type]
    assert math.isnan(curves.series["loss", "loss"].column(VALUE)[0])


def test_that_a_table_keeps_every_row_while_it_grows() -> None:
    table = Table()
    for i in range(1000):
        table.append((i, 0, 0, i * i, 0, 0))
    assert len(table) == 1000
    assert table.column(VALUE)[999] == 999**2


def slow_average(values: list[float], amount: float) -> list[float]:
    total = weight = 0.0
    result = []
    for value in values:
        known = math.isfinite(value)
        total = amount * total + (value if known else 0.0)
        weight = amount * weight + known
        result.append(total / weight if weight else math.nan)
    return result


@given(
    st.lists(st.one_of(st.floats(0.01, 1000), st.just(math.nan)), min_size=1, max_size=300),
    st.sampled_from([0.01, 0.3, 0.9, 0.99, 0.999]),
)
def test_that_smoothing_equals_the_recurrence_done_value_by_value(values: list[float], amount: float) -> None:
    if all(math.isnan(v) for v in values[:40]):
        return
    smoothed = smooth(np.array(values), amount)
    expected = np.array(slow_average(values, amount))
    both = np.isfinite(smoothed) & np.isfinite(expected)
    np.testing.assert_allclose(smoothed[both], expected[both], rtol=1e-6)


def test_that_smoothing_over_many_blocks_equals_the_recurrence() -> None:
    values = np.random.default_rng(0).random(20_000)
    np.testing.assert_allclose(smooth(values, 0.97), slow_average(values.tolist(), 0.97), rtol=1e-9)


def test_that_no_smoothing_returns_the_values_themselves() -> None:
    values = np.array([1.0, 2.0])
    assert smooth(values, 0.0) is values


def test_that_smoothing_a_million_points_takes_a_moment() -> None:
    values = np.random.default_rng(0).random(1_000_000)
    smooth(values, 0.9)
    begin = time.thread_time()
    smooth(values, 0.99)
    assert time.thread_time() - begin < 0.5


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(-2e6, 2e6))
def test_that_the_nearest_entry_is_the_nearest(xs: list[float], x: float) -> None:
    ascending = np.sort(np.array(xs))
    found = nearest(ascending, x)
    assert found is not None
    assert abs(ascending[found] - x) == pytest.approx(np.abs(ascending - x).min())


def test_that_nothing_is_nearest_where_there_is_nothing() -> None:
    assert nearest(np.array([]), 1.0) is None


def test_that_exported_rows_carry_run_series_and_full_precision(tmp_path: Path) -> None:
    curves = RunCurves()
    curves.add(step(7, loss=1 / 3))
    write_csv(tmp_path / "out.csv", [("MPT_KL", curves)], plot="loss")
    with (tmp_path / "out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1
    assert (rows[0]["run"], rows[0]["series"], rows[0]["low"]) == ("MPT_KL", "loss", "")
    assert float(rows[0]["value"]) == 1 / 3


def filled(values: list[float]) -> Table:
    table = Table()
    for number, value in enumerate(values):
        table.append((float(number), number / 10, float(number), value, math.nan, math.nan))
    return table


def test_that_a_table_that_is_full_keeps_the_extremes_of_every_four_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.gui.charts.curve_data.MOST_ROWS", 8)
    table = filled([1.0, 9.0, 2.0, 3.0, 5.0, 5.0, 0.0, 4.0])
    assert len(table) == 8
    table.append((8.0, 0.8, 8.0, 7.0, math.nan, math.nan))
    assert table.column(VALUE).tolist() == [1.0, 9.0, 5.0, 0.0, 7.0]
    for number, value in ((9, 8.0), (10, 6.0), (11, 7.5)):  # with the last of four rows two stay
        table.append((float(number), number / 10, float(number), value, math.nan, math.nan))
    assert table.column(VALUE).tolist() == [1.0, 9.0, 5.0, 0.0, 8.0, 6.0]
    assert table.column(STEP).tolist() == [0.0, 1.0, 4.0, 6.0, 9.0, 10.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400))
def test_that_a_long_series_stays_short_in_order_and_keeps_its_peaks(values: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mpt_studio.gui.charts.curve_data.MOST_ROWS", 16)
        table = filled(values)
    assert len(table) <= 16
    assert np.all(np.diff(table.column(STEP)) > 0)
    assert table.column(VALUE).min() == min(values)
    assert table.column(VALUE).max() == max(values)
    assert all(values[int(step)] == value for step, value in zip(table.column(STEP), table.column(VALUE), strict=True))


def test_that_what_is_on_screen_stays_while_a_table_makes_room() -> None:
    table = filled([float(i % 7) for i in range(MOST_ROWS)])
    shown = table.column(VALUE)
    before = shown.copy()
    table.append((1e6, 1.0, 1.0, 1.0, math.nan, math.nan))
    assert len(table) < MOST_ROWS
    assert np.array_equal(shown, before)


def test_that_a_resumed_run_can_go_back_in_a_series_that_was_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.gui.charts.curve_data.MOST_ROWS", 16)
    table = filled([float(i) for i in range(100)])
    table.truncate_after(50)
    assert table.column(STEP)[-1] <= 50
    for number in range(51, 200):
        table.append((float(number), 0.0, 0.0, float(number), math.nan, math.nan))
    assert len(table) <= 16
    assert table.column(STEP)[-1] == 199
    assert np.all(np.diff(table.column(STEP)) > 0)
