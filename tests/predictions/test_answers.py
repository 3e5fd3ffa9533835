"""Predictions: saved as arrays that can be memory-mapped, read from others' .npz files, checked on the way."""

from __future__ import annotations

import json
import os
import pickle
import re
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions, is_predictions, read_predictions


def small(**changes: Any) -> Predictions:
    values: dict[str, Any] = {
        "sample_ids": np.array(["test/1", "test/κ"]),
        "labels": np.array([1, 2]),
        "label_names": ("a", "b", "c"),
        "logits": np.array([[0.0, 2.0], [3.0, 1.0]], dtype=np.float32),
        "class_names": ("a", "b"),
        "data": "builtin test",
        "data_fingerprint": "ff",
        "version": "v1",
    }
    return Predictions(**(values | changes))


def npz(folder: Path, **arrays: Any) -> Path:
    defaults = {
        "sample_ids": np.array(["x", "y"]), "labels": np.array([0, 1]), "logits": np.eye(2), "class_names": ["a", "b"],
    }  # fmt: skip
    kept = {name: value for name, value in (defaults | arrays).items() if value is not None}
    np.savez(folder / "v.npz", **kept)
    return folder / "v.npz"


def test_that_predictions_read_back_memory_mapped_as_they_were_saved(tmp_path: Path) -> None:
    small().save(tmp_path)
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
    empty.save(tmp_path)
    assert len(read_predictions(tmp_path)) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=2))
def test_that_any_names_survive(tmp_path: Path, names: list[str]) -> None:
    names = [f"{name}{i}" for i, name in enumerate(names)]
    small(sample_ids=np.array(names), class_names=tuple(names)).save(tmp_path)
    read = read_predictions(tmp_path)
    assert (read.class_names, read.sample_ids.tolist()) == (tuple(names), names)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"logits": np.zeros((2, 3), np.float32)}, r"of v1 have 2 sample ids and 2 class names, but logits of shape"),
        ({"logits": np.zeros(2, np.float32)}, "logits of shape"),
        ({"labels": np.array([1])}, "have 2 sample ids but 1 labels"),
        ({"labels": np.array([0, 3])}, "labels outside of their 3 names"),
        ({"labels": np.array([0, -2])}, "labels outside of their 3 names"),
        ({"class_names": ("a", "a")}, "list the class name 'a' more than once"),
        ({"label_names": ("a", "b", "b")}, "list the label name 'b' more than once"),
        ({"class_names": (), "logits": np.zeros((2, 0), np.float32)}, "have no classes"),
    ],
)
def test_that_arrays_that_do_not_fit_together_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        small(**changes)


@pytest.mark.parametrize("name", ["meta.json", "sample_ids.npy", "labels.npy", "logits.npy"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x93NUMPY\x01\x00", b"[" * 50_000, None])
def test_that_a_damaged_folder_is_refused_with_a_sentence(tmp_path: Path, name: str, content: bytes | None) -> None:
    small().save(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=r"damaged|is missing"):
        read_predictions(tmp_path)


def test_that_a_damaged_folder_is_never_answered_with_advice_on_unpickling(tmp_path: Path) -> None:
    small().save(tmp_path)
    (tmp_path / "labels.npy").write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"are damaged\.$"):
        read_predictions(tmp_path)


def test_that_a_newer_format_is_refused(tmp_path: Path) -> None:
    small().save(tmp_path)
    meta = json.loads((tmp_path / "meta.json").read_text())
    (tmp_path / "meta.json").write_text(json.dumps(meta | {"format": 99}))
    with pytest.raises(UserError, match="newer MPT Studio"):
        read_predictions(tmp_path)


def test_that_overwriting_cut_short_leaves_no_mixture_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small().save(tmp_path)
    from mpt_studio.predictions import folder

    monkeypatch.setattr(folder, "_save_array", lambda *a: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(UserError, match=rf"could not be written to {re.escape(str(tmp_path))} \(full\)"):
        small().save(tmp_path)
    assert not is_predictions(tmp_path)


@pytest.mark.parametrize("place", ["answers", "answers/below"])
def test_that_saving_over_a_file_is_refused_and_leaves_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "answers").write_text("mine")
    with pytest.raises(UserError, match=rf"{place}: that is, or lies below, a file; choose another folder"):
        small().save(tmp_path / place)
    assert (tmp_path / "answers").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that its user cannot write")
def test_that_saving_where_one_may_not_write_names_the_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match=r"answers \(Permission denied\); put that right or choose another folder"):
            small().save(tmp_path / "answers")
    finally:
        tmp_path.chmod(0o700)


def test_that_an_npz_with_labels_as_indices_reads(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path))
    assert (read.labels.tolist(), read.label_names, read.class_names) == ([0, 1], ("a", "b"), ("a", "b"))
    assert read.logits.dtype == np.float32
    assert read.version == "v"


def test_that_an_npz_with_labels_as_names_may_know_classes_that_the_version_does_not(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, labels=np.array(["z", "b"])))
    assert [read.label_names[i] for i in read.labels] == ["z", "b"]
    assert read.class_names == ("a", "b")


def test_that_an_npz_with_label_names_takes_indices_into_them(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, labels=np.array([2, 0]), label_names=["z", "a", "b"]))
    assert [read.label_names[i] for i in read.labels] == ["b", "z"]


def test_that_names_as_bytes_are_text(tmp_path: Path) -> None:
    names = np.array(["κ".encode(), b"b"])
    read = read_predictions(npz(tmp_path, class_names=names, labels=names, sample_ids=names))
    assert read.class_names == ("κ", "b")
    assert read.sample_ids.tolist() == ["κ", "b"]
    assert [read.label_names[i] for i in read.labels] == ["κ", "b"]


def test_that_whole_numbers_serve_as_ids_and_logits(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, sample_ids=np.array([10, 2]), logits=np.eye(2, dtype=np.int64)))
    assert read.sample_ids.tolist() == ["10", "2"]


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"logits": None}, "lacks logits"),
        ({"logits": None, "sample_ids": None}, "lacks sample_ids"),
        ({"labels": np.array([0.0, 1.0])}, "labels in .* are float64"),
        ({"logits": np.array([["x", "y"]] * 2)}, "have to be numbers"),
        ({"sample_ids": np.array([{}, {}])}, "holds Python objects, which MPT Studio does not read; save plain arrays"),
        ({"labels": np.array([0, 7])}, "label 7, but 2 class names, .* labels as names, or add an array label_names"),
        ({"labels": np.array([0, -1])}, "label -1, but 2 class names"),
        ({"labels": np.array([0, 3]), "label_names": ["a", "b", "c"]}, "label 3, but 3 label names"),
    ],
)
def test_that_an_npz_that_lacks_something_is_refused(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_predictions(npz(tmp_path, **arrays))


def test_that_an_npz_with_logits_beyond_float32_reads_without_a_warning(tmp_path: Path) -> None:
    path = npz(tmp_path, logits=np.array([[1e300, 0.0], [0.0, 1.0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isposinf(read_predictions(path).logits[0, 0])


def test_that_what_an_npz_holds_besides_is_left_alone(tmp_path: Path) -> None:
    assert len(read_predictions(npz(tmp_path, notes=np.array([{}])))) == 2


def test_that_an_npz_with_something_else_than_arrays_is_refused(tmp_path: Path) -> None:
    path = npz(tmp_path, logits=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("logits", "x")
    with pytest.raises(UserError, match=r"not a readable \.npz file \(logits is not an array\)"):
        read_predictions(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", pickle.dumps({})])
def test_that_a_broken_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"not a readable \.npz") as refused:
        read_predictions(tmp_path / "v.npz")
    assert "pickle" not in str(refused.value)


def test_that_what_is_not_there_or_of_another_kind_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_predictions(tmp_path / "nothing.npz")
    with pytest.raises(UserError, match="neither a predictions folder nor"):
        read_predictions(tmp_path / "nothing.txt")
    with pytest.raises(UserError, match=r"meta\.json is missing"):
        read_predictions(tmp_path)
    assert not is_predictions(tmp_path)
    assert not is_predictions(tmp_path / "nothing.npz")
