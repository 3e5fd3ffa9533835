"""Following events: complete lines once each, in order, whenever one begins to look."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpt_studio.events import Ended, Epoch, Event, Note, Stage, Step, to_line
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.store import EventTail, JobTail, Store

names = st.text(st.characters(exclude_categories=()), max_size=12)
notes = st.builds(Note, time=st.floats(0, 1e9), text=names, detail=names)
steps = st.builds(
    Step,
    step=st.integers(0, 9),
    epoch=st.floats(0, 9),
    losses=st.dictionaries(names, st.floats(-9, 9)),
    learning_rate=st.just(0.1),
    images_per_second=st.just(1.0),
    eta_seconds=st.just(1.0),
)
epochs = st.builds(
    Epoch,
    step=st.just(3),
    epoch=st.just(1),
    losses=st.just({}),
    train_accuracy=st.floats(0, 1),
    flipped=st.lists(names).map(tuple),
)
events = st.lists(st.one_of(notes, steps, epochs, st.builds(Ended, outcome=st.just("done"))), max_size=6)
fresh = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def encoded(found: list[Event]) -> bytes:
    return b"".join(to_line(event).encode("utf-8", "backslashreplace") + b"\n" for event in found)


@fresh
@given(written=events, share=st.floats(0, 1))
def test_that_any_byte_prefix_reads_as_a_prefix_of_the_events(
    tmp_path: Path, written: list[Event], share: float
) -> None:
    content, path = encoded(written), tmp_path / "events.jsonl"
    path.write_bytes(content[: int(share * len(content))])
    read = list(EventTail(path).read())
    assert read == written[: len(read)]
    assert len(read) == content[: int(share * len(content))].count(b"\n")


@fresh
@given(written=events, cuts=st.lists(st.floats(0, 1), max_size=5))
def test_that_a_tail_reads_every_event_once_however_the_bytes_arrive(
    tmp_path: Path, written: list[Event], cuts: list[float]
) -> None:
    content, path = encoded(written), tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    tail, read = EventTail(path), []
    for share in [*sorted(cuts), 1.0]:
        path.write_bytes(content[: int(share * len(content))])
        read += tail.read()
    assert read == written


@fresh
@given(written=events, junk=st.binary(max_size=30))
def test_that_a_line_that_is_no_event_is_passed_over(tmp_path: Path, written: list[Event], junk: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(encoded(written) + b"?" + junk + b"\n" + encoded(written))
    assert list(EventTail(path).read()) == written * 2


def test_that_a_missing_log_has_no_events_until_it_appears(tmp_path: Path) -> None:
    tail = EventTail(tmp_path / "events.jsonl")
    assert list(tail.read()) == []
    (tmp_path / "events.jsonl").write_bytes(encoded([note("now")]))
    assert list(tail.read()) == [note("now")]


def note(text: str) -> Note:
    return Note(time=1.0, text=text)


def stage(run: str, index: int) -> Stage:
    return Stage(time=1.0, run=run, role="candidate", method="MPT_KL", label="MPT_KL", index=index, count=2)


def test_that_a_late_reader_of_an_update_gets_the_order_of_one_who_was_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = store.create_update(UpdateRecipe())
    early = JobTail(store, update.id)
    seen: list[tuple[str, Event]] = list(early.read())
    ids: list[str] = []
    with store.write_update(update.id) as writer:
        for index in range(2):
            with store.create_run(Recipe(data="builtin"), update=update.id) as run:
                ids.append(run.id)
                writer.append(stage(run.id, index))
                seen += list(early.read())
                for text in "ab":
                    run.append(note(text))
                    seen += list(early.read())
                run.finish("done")
        writer.finish("done")
    seen += list(early.read())
    assert list(JobTail(store, update.id).read()) == seen
    assert [(run and ids.index(run), getattr(event, "text", event.kind)) for run, event in seen] == [
        ("", "asked"), ("", "stage"), (0, "a"), (0, "b"), (0, "ended"),
        ("", "stage"), (1, "a"), (1, "b"), (1, "ended"),
        ("", "ended"),
    ]  # fmt: skip


def test_that_a_run_which_an_update_names_again_on_resuming_is_not_read_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = store.create_update(UpdateRecipe())
    with store.write_update(update.id) as writer, store.create_run(Recipe(data="builtin")) as run:
        writer.append(stage(run.id, 0))
        run.append(note("first"))
        writer.append(stage(run.id, 0))
        run.append(note("second"))
        tail = JobTail(store, update.id)
        assert [event.text for _, event in tail.read() if isinstance(event, Note)] == ["first", "second"]
        assert list(tail.read()) == []
        run.finish("done")
        writer.finish("done")


def test_that_a_run_that_was_deleted_meanwhile_does_not_stop_the_reader(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = store.create_update(UpdateRecipe())
    with store.write_update(update.id) as writer:
        writer.append(stage("20250101-000000_gone_000000", 0))
        writer.finish("done")
    assert [event.kind for _, event in JobTail(store, update.id).read()] == ["asked", "stage", "ended"]


def test_that_events_are_read_as_they_are_taken(tmp_path: Path) -> None:
    """A log of a week is never held as a whole."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(encoded([note("a"), note("b"), note("c")]))
    tail = EventTail(path)
    assert next(tail.read()) == note("a")
    assert list(tail.read()) == [note("b"), note("c")]
