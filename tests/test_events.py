"""Events: one JSON line each, read by older and newer programs alike."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio import events
from mpt_studio.events import Asked, Ended, Epoch, Event, Note, Paused, Stage, Started, Step, Tried, from_line, to_line

STEP = Step(
    step=3, epoch=0.5, losses={"loss": 1.25, "ce": 1.0}, learning_rate=0.1, images_per_second=100.0, eta_seconds=9.0
)
EPOCH = Epoch(
    step=6,
    epoch=1,
    losses={"loss": 1.0},
    train_accuracy=0.5,
    validation={"all": {"samples": 4, "nfr": None, "nfr_ci95": [0.1, 0.2]}},
    flipped=("test/1", "κ"),
)
EVERY: list[Event] = [
    Started(device="cpu", epochs=1, steps=6, train_samples=9, validation_samples=1, parameters=7, settings={"a": [1]}),
    STEP,
    EPOCH,
    Note(text="line\nbreak", level="warning", detail="trace"),
    Stage(run="r", role="old", method="No_Treatment", label="old", index=0, count=2),
    Asked(title="Letters", recipe={"data": "builtin"}),
    Tried(trial={"number": 1, "nfr": None}, found={"envelope": [[0.1, 0.9, 0.0, 0.0, 1.0]]}),
    Paused(paused=True),
    Ended(outcome="done", message="ok"),
]


@pytest.mark.parametrize("event", EVERY, ids=lambda event: event.kind)
def test_that_every_kind_of_event_survives_its_line(event: Event) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert from_line(line) == event


def test_that_every_kind_is_tested_here() -> None:
    assert {type(event) for event in EVERY} == set(events._KINDS.values())


def test_that_not_a_number_comes_back_as_such_in_a_number_and_as_none_elsewhere() -> None:
    step = Step(step=1, epoch=1, losses={"loss": math.nan, "kl": math.inf}, learning_rate=math.nan,
                images_per_second=1.0, eta_seconds=-math.inf)  # fmt: skip
    line = to_line(step)
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    read = from_line(line)
    assert isinstance(read, Step)
    assert all(math.isnan(v) for v in (*read.losses.values(), read.learning_rate, read.eta_seconds))
    epoch = from_line(to_line(EPOCH))
    assert isinstance(epoch, Epoch)
    assert epoch.validation["all"]["nfr"] is None  # undefined, which is not the same


def test_that_unknown_fields_are_left_out_and_missing_ones_take_their_default() -> None:
    assert from_line('{"event":"note","time":1,"text":"x","colour":"red"}') == Note(time=1, text="x")


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "3", "null", "{}", '{"event":"unheard of"}', '{"event":["note"]}', '{"event":"note"}',
        to_line(STEP)[:-1], "[" * 100_000,
    ],
)  # fmt: skip
def test_that_a_torn_or_unknown_line_is_nothing(line: str) -> None:
    assert from_line(line) is None


@given(text=st.text(), detail=st.text(st.characters(exclude_categories=())))
def test_that_any_text_survives(text: str, detail: str) -> None:
    note = Note(text=text, detail=detail)
    assert from_line(to_line(note)) == note


@given(st.binary(max_size=60))
def test_that_no_bytes_make_the_reader_fail(content: bytes) -> None:
    from_line(content.decode("utf-8", "replace"))
