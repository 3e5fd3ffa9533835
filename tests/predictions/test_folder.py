"""Predictions as a folder of arrays that can be memory-mapped, checked on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpt_studio import paths
from mpt_studio.errors import Damaged, UserError
from mpt_studio.predictions import folder, is_predictions, read_predictions, write_predictions

from .test_answers import small


def test_that_predictions_read_back_memory_mapped_as_they_were_saved(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    read = read_predictions(tmp_path)
    assert isinstance(read.logits, np.memmap)
    for name in ("sample_ids", "labels", "logits"):
        assert np.array_equal(getattr(read, name), getattr(small(), name))
    for name in ("class_names", "label_names", "data", "data_fingerprint", "version"):
        assert getattr(read, name) == getattr(small(), name)
    assert read.predicted.tolist() == [1, 0]
    assert len(read) == 2
    assert is_predictions(tmp_path)


def test_that_no_samples_are_fine(tmp_path: Path) -> None:
    empty = small(sample_ids=np.array([], dtype="U1"), labels=np.zeros(0, int), logits=np.zeros((0, 2), np.float32))
    write_predictions(empty, tmp_path)
    assert len(read_predictions(tmp_path)) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=2))
def test_that_any_names_survive(tmp_path: Path, names: list[str]) -> None:
    names = [f"{name}{i}" for i, name in enumerate(names)]
    write_predictions(small(sample_ids=np.array(names), class_names=tuple(names)), tmp_path)
    read = read_predictions(tmp_path)
    assert (read.class_names, read.sample_ids.tolist()) == (tuple(names), names)


@pytest.mark.parametrize("name", ["meta.json", "sample_ids.npy", "labels.npy", "logits.npy"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x93NUMPY\x01\x00", b"[" * 50_000, None])
def test_that_a_damaged_folder_is_refused_with_a_sentence(tmp_path: Path, name: str, content: bytes | None) -> None:
    write_predictions(small(), tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=r"damaged|is missing"):
        read_predictions(tmp_path)


def test_that_a_damaged_folder_is_never_answered_with_advice_on_unpickling(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    (tmp_path / "labels.npy").write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"are damaged\.$"):
        read_predictions(tmp_path)


def test_that_a_newer_format_is_refused(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    meta = json.loads((tmp_path / "meta.json").read_text())
    (tmp_path / "meta.json").write_text(json.dumps(meta | {"format": 99}))
    with pytest.raises(UserError, match="newer MPT Studio"):
        read_predictions(tmp_path)


def test_that_overwriting_cut_short_leaves_no_mixture_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_predictions(small(), tmp_path)
    monkeypatch.setattr(paths, "write_array", lambda *a: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(UserError, match=rf"could not be written to {re.escape(str(tmp_path))} \(full\)"):
        write_predictions(small(), tmp_path)
    assert not is_predictions(tmp_path)


@pytest.mark.parametrize("place", ["answers", "answers/below"])
def test_that_saving_over_a_file_is_refused_and_leaves_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "answers").write_text("mine")
    with pytest.raises(UserError, match=rf"{place}: that is, or lies below, a file; choose another folder"):
        write_predictions(small(), tmp_path / place)
    assert (tmp_path / "answers").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that its user cannot write")
def test_that_saving_where_one_may_not_write_names_the_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match=r"answers \(Permission denied\); put that right or choose another folder"):
            write_predictions(small(), tmp_path / "answers")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_that_arrays_are_read_through_their_folder_only(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path / "mine")
    (tmp_path / "mine" / "logits.npy").rename(tmp_path / "elsewhere.npy")
    (tmp_path / "mine" / "logits.npy").symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(UserError, match=r"logits\.npy is a link that leaves the folder"):
        read_predictions(tmp_path / "mine")


def test_that_what_changed_after_it_was_written_is_found_by_its_checksum(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    assert folder.check(tmp_path)
    content = bytearray((tmp_path / "logits.npy").read_bytes())
    content[-1] ^= 1  # reads like any other logit
    (tmp_path / "logits.npy").write_bytes(content)
    with pytest.raises(Damaged, match=r"logits\.npy changed after"):
        folder.check(tmp_path)


def test_that_predictions_from_before_checksums_are_told_from_checked_ones(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    (tmp_path / "SHA256SUMS").unlink()
    assert not folder.check(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
def test_that_a_pipe_among_the_arrays_is_not_waited_for(tmp_path: Path) -> None:
    write_predictions(small(), tmp_path)
    (tmp_path / "labels.npy").unlink()
    os.mkfifo(tmp_path / "labels.npy")
    with pytest.raises(UserError, match="damaged"):
        read_predictions(tmp_path)
