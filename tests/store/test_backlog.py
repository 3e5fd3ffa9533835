"""Long event logs: what is left out is steps only, and never the least or the greatest loss of a stretch."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.events import Epoch, Event, Note, Step, from_line, to_line
from mpt_studio.store import EventTail
from mpt_studio.store.backlog import blocks, extremes, stretch_for, worth_reading


def step(number: int, loss: float) -> Step:
    return Step(
        time=1.0,
        step=number,
        epoch=number / 7,
        losses={"loss": loss, "cross_entropy": loss / 3},
        learning_rate=1e-5,
        images_per_second=10.0,
        eta_seconds=1.0,
    )


def lines_of(events: list[Event]) -> bytes:
    return b"".join(to_line(event).encode() + b"\n" for event in events)


def read(block: bytes, stretch: int) -> list[Event | None]:
    return [from_line(line.decode()) for line in worth_reading(block, stretch)]


losses = st.floats(allow_nan=True, allow_infinity=False)
events = st.lists(
    st.one_of(
        st.builds(step, st.integers(0, 10**9), losses),
        st.builds(Note, time=st.just(1.0), text=st.text(max_size=30)),
        st.builds(Epoch, time=st.just(1.0), step=st.just(3), epoch=st.just(1), losses=st.just({"loss": 1.0}),
                  train_accuracy=st.floats(0, 1)),
    ),
    min_size=1,
)  # fmt: skip


@given(written=events, stretch=st.integers(3, 12))
def test_that_only_steps_are_left_out_and_order_stays(written: list[Event], stretch: int) -> None:
    kept = [to_line(event) for event in read(lines_of(written), stretch) if event is not None]
    every = [to_line(event) for event in written]
    rest = iter(every)
    assert all(line in rest for line in kept)  # a subsequence
    assert [line for line in kept if '"step"' not in line[:20]] == [line for line in every if '"step"' not in line[:20]]


@given(written=events, stretch=st.integers(3, 12))
def test_that_every_stretch_keeps_its_least_and_its_greatest_loss(written: list[Event], stretch: int) -> None:
    def totals(found: list[Event]) -> list[float]:
        return [math.inf if math.isnan(e.losses["loss"]) else e.losses["loss"] for e in found if isinstance(e, Step)]

    every = totals(written)
    kept = totals([event for event in read(lines_of(written), stretch) if event is not None])
    expected = [extreme(every[at : at + stretch]) for at in range(0, len(every), stretch) for extreme in (min, max)]
    assert set(expected) == set(kept)
    assert len(kept) <= len(expected)


def test_that_of_seven_steps_four_are_read_by_hand() -> None:
    values = [3.0, 1.0, 2.0, 1e-7, 5.0, 4.0, 9.0]  # stretches (3, 1, 2), (1e-7, 5, 4), (9)
    found = read(lines_of([step(i, value) for i, value in enumerate(values)]), 3)
    assert [event.step for event in found if isinstance(event, Step)] == [0, 1, 3, 4, 6]


def test_that_a_step_without_a_number_is_kept_as_are_lines_of_others() -> None:
    written = lines_of([step(0, 1.0), step(1, math.nan), step(2, 0.5), step(3, 2.0)])
    found = list(worth_reading(written + b'{"event":"step"}\n{"event":"step","losses":{}}\n?\n\n{torn\n', 6))
    assert [line[:40] for line in found[2:]] == [b"?", b"{torn"]
    assert [from_line(line.decode()).step for line in found[:2]] == [1, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 1.0], [1.0, 1.0, 1.0, 1.0], [math.nan] * 4])
def test_that_extremes_are_ascending_places(values: list[float]) -> None:
    found = extremes(np.array(values), 3)
    assert found.tolist() == sorted(set(found.tolist()))
    assert len(found) <= 4


@given(content=st.binary(max_size=60))
def test_that_blocks_are_whole_lines_and_nothing_else(content: bytes) -> None:
    assert b"".join(blocks(io.BytesIO(content))) == content[: content.rfind(b"\n") + 1]


def test_that_lines_longer_than_a_block_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpt_studio.store.backlog._BLOCK", 4)
    assert list(blocks(io.BytesIO(b"a\nlong line\nb\ntorn"))) == [b"a\n", b"long line\n", b"b\n"]


def test_that_a_long_log_is_read_thinned_and_what_follows_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines_of([step(i, float(i % 97)) for i in range(20_000)]))
    tail = EventTail(path, most_steps=100)
    first = tail.read()
    assert 80 <= len(first) <= 150
    with path.open("ab") as stream:
        stream.write(lines_of([step(20_000 + i, 1.0) for i in range(5)]))
    assert [event.step for event in tail.read() if isinstance(event, Step)] == list(range(20_000, 20_005))
    assert len(EventTail(path).read()) == 20_005


def test_that_short_logs_are_read_whole() -> None:
    assert stretch_for(300_000, 4000) < 3
    assert stretch_for(300_000_000, 4000) == 500
