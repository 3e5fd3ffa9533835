"""What a run's writer leaves on disk: events, weights, predictions, and what a full disk does to them."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.events import Ended, Note
from mpt_studio.predictions import Predictions, read_predictions
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import RunWriter, Store


@pytest.fixture
def writer(tmp_path: Path) -> RunWriter:
    return Store(tmp_path).create_run(Recipe(data="builtin"))


def texts(writer: RunWriter) -> list[str]:
    return [event.text for event in writer.run.events() if isinstance(event, Note)]


def fill(content: bytes):  # type: ignore[no-untyped-def]
    return lambda path: path.write_bytes(content)


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_disk_for(name: str, rename=paths._rename):  # type: ignore[no-untyped-def]
    return lambda before, after: full_disk() if after.name == name else rename(before, after)


def test_that_an_event_is_on_disk_when_append_returns(writer: RunWriter) -> None:
    writer.append(Note(text="one"))
    assert texts(writer) == ["one"]


def test_that_a_name_which_is_no_text_survives_in_an_event(writer: RunWriter) -> None:
    writer.append(Note(text="file \udcff.png 手"))
    assert texts(writer) == ["file \udcff.png 手"]


def test_that_a_torn_last_line_does_not_swallow_the_next_event(writer: RunWriter, tmp_path: Path) -> None:
    writer.append(Note(text="one"))
    writer.close()
    with (writer.folder / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event":"note","text":"to')
    again = Store(tmp_path).write_run(writer.id)
    again.append(Note(text="two"))
    assert texts(again) == ["one", "two"]


def test_that_an_event_torn_by_a_full_disk_does_not_swallow_the_next(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = writer._log
    real = log._stream

    class HalfFull:
        written = 0

        def write(self, content: bytes) -> int:
            if self.written:
                full_disk()
            self.written = real.write(content[:10])
            return self.written

    with monkeypatch.context() as patched:
        patched.setattr(log, "_stream", HalfFull())
        with pytest.raises(UserError, match="no space left"):
            writer.append(Note(text="lost"))
    writer.append(Note(text="kept"))
    assert texts(writer) == ["kept"]


def test_that_saved_weights_are_noted_with_their_hash(writer: RunWriter) -> None:
    writer.save_weights(fill(b"first"))
    writer.save_weights(fill(b"second"))
    noted = writer.run.checkpoints["last"]
    assert noted == {
        "sha256": hashlib.sha256(b"second").hexdigest(),
        "bytes": 6,
        "previous": hashlib.sha256(b"first").hexdigest(),
    }
    writer.run.check()


def test_that_changed_weights_are_noticed(writer: RunWriter) -> None:
    path = writer.save_weights(fill(b"weights"))
    path.write_bytes(b"weightz")
    with pytest.raises(UserError, match="has changed since it was saved"):
        writer.run.check()


def test_that_a_kill_between_noting_and_renaming_leaves_weights_that_pass(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.save_weights(fill(b"first"))
    with monkeypatch.context() as patched:
        patched.setattr(writer, "_note_checkpoint", lambda *a: (RunWriter._note_checkpoint(writer, *a), full_disk()))
        for content in (b"second", b"third"):
            with pytest.raises(UserError, match="no space left"):
                writer.save_weights(fill(content))
    assert (writer.folder / "checkpoints" / "last.safetensors").read_bytes() == b"first"
    writer.run.check()


def test_that_kills_between_noting_and_renaming_in_one_writer_after_the_other_leave_weights_that_pass(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    writer.save_weights(fill(b"first"))
    writer.close()
    monkeypatch.setattr(paths, "_rename", full_disk_for("last.safetensors"))
    for content in (b"second", b"third"):
        again = Store(tmp_path).write_run(writer.id)
        with pytest.raises(UserError, match="no space left"):
            again.save_weights(fill(content))
        again.close()
        again.run.check()


def test_that_a_full_disk_keeps_the_last_good_weights_and_says_so(writer: RunWriter) -> None:
    path = writer.save_weights(fill(b"good"))

    def half(temporary: Path) -> None:
        temporary.write_bytes(b"ba")
        full_disk()

    with pytest.raises(UserError, match="no space left"):
        writer.save_weights(half)
    assert path.read_bytes() == b"good"
    assert os.listdir(path.parent) == ["last.safetensors"]


def test_that_a_full_disk_at_a_change_of_the_record_keeps_the_record(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(paths, "_flush_to_disk", full_disk)
        with pytest.raises(UserError, match="no space left"):
            writer.set(label="never")
    assert writer.run.label == ""
    writer.set(message="later")
    assert (writer.run.label, writer.run.message) == ("", "later")


def test_that_files_left_half_written_by_a_killed_writer_are_swept(writer: RunWriter, tmp_path: Path) -> None:
    writer.save_weights(fill(b"good"))
    writer.close()
    litter = writer.folder / "checkpoints" / ".resume.safetensors.1234.tmp"
    litter.write_bytes(b"half")
    Store(tmp_path).write_run(writer.id).close()
    assert not litter.exists()


def test_that_a_done_run_needs_no_resume_state_and_a_stopped_one_keeps_it(writer: RunWriter, tmp_path: Path) -> None:
    assert writer.run.resume_states == []
    writer.save_state(fill(b"state"))
    writer.finish("stopped")
    assert [path.name for path in writer.run.resume_states] == ["resume_000001.safetensors"]
    writer.close()
    with Store(tmp_path).write_run(writer.id) as again:
        again.finish("done")
    assert again.run.resume_states == []


def test_that_the_last_two_resume_states_are_kept_and_a_lost_one_is_known(writer: RunWriter) -> None:
    saved = [writer.save_state(fill(str(number).encode())) for number in range(4)]
    assert writer.run.resume_states == [saved[3], saved[2]]
    assert writer.run.lost_state is None
    saved[3].unlink()
    assert writer.run.lost_state == saved[3]
    assert writer.save_state(fill(b"next")) not in saved
    assert writer.run.lost_state is None


def test_that_a_state_saved_but_not_noted_by_a_killed_writer_is_the_newest(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.save_state(fill(b"first"))
    with monkeypatch.context() as patched:
        patched.setattr(writer, "set", full_disk)
        with pytest.raises(OSError, match="No space"):
            writer.save_state(fill(b"second"))
    assert [path.read_bytes() for path in writer.run.resume_states] == [b"second", b"first"]
    assert writer.run.lost_state is None


def test_that_finishing_twice_writes_one_last_event(writer: RunWriter) -> None:
    writer.finish("done", figures={"a": 1})
    writer.finish("done", figures={"b": 2})
    assert [type(event) for event in writer.run.events()] == [Ended]
    assert writer.run.figures == {"a": 1, "b": 2}


def test_that_predictions_are_found_once_they_are_whole(writer: RunWriter) -> None:
    answers = Predictions(
        np.array(["a", "b"]), np.array([0, 1]), ("x", "y"), np.eye(2, dtype=np.float32), ("x", "y"), version="v"
    )
    assert writer.run.predictions() is None
    folder = writer.save_predictions(answers)
    assert writer.run.predictions() == folder
    assert writer.run.predictions("validation") is None
    assert read_predictions(folder).predicted.tolist() == [0, 1]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_that_files_get_the_permissions_that_the_user_gives_new_files(writer: RunWriter) -> None:
    plain = writer.folder / "plain"
    plain.touch()
    assert stat.S_IMODE((writer.folder / "run.json").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("training", [Training(keep="best"), Training(patience=3)])
def test_that_the_version_of_a_run_that_keeps_the_best_is_the_best(training: Training, tmp_path: Path) -> None:
    writer = Store(tmp_path).create_run(Recipe(data="builtin", training=training))
    kept = writer.save_weights(fill(b"weights"), training.keeps)
    assert writer.run.checkpoint == kept
