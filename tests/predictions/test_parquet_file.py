"""Parquet: the same columns as CSV, and lists of scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mpt_studio.errors import UserError
from mpt_studio.predictions import is_predictions, read_predictions

from .conftest import by_id, write

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def table(path: Path, /, **columns: Any) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def test_that_parquet_and_csv_of_the_same_table_are_equal(tmp_path: Path) -> None:
    columns = {"id": [7, 8, 9], "label": ["cat", "dog", None], "note": ["x", "y", "z"]}
    columns |= {"cat": [1.5, 2, 3], "dog": [0, -1, 9]}
    found = read_predictions(table(tmp_path / "v.parquet", **columns))
    rows = [["" if cell is None else cell for cell in row] for row in zip(*columns.values(), strict=True)]
    assert by_id(found) == by_id(read_predictions(write(tmp_path / "v.csv", [tuple(columns), *rows])))
    assert found.labels.tolist() == [0, 1, -1]
    assert is_predictions(tmp_path / "v.parquet")


@pytest.mark.parametrize("name", ["logits", "probabilities", "scores"])
def test_that_scores_may_be_lists(tmp_path: Path, name: str) -> None:
    scores = [[0.25, 0.75], [0.5, 0.5]]
    path = table(tmp_path / "v.parquet", path=["a", "b"], label=[1, 0], **{name: scores})
    found = read_predictions(path, ("cat", "dog"))
    assert found.scores == ("logits" if name == "logits" else "probabilities")
    assert [found.label_names[i] for i in found.labels] == ["dog", "cat"]
    expected = np.array(scores) if name == "logits" else np.log(scores)
    assert np.allclose(found.logits, expected)


def test_that_answers_may_be_dictionaries_and_whole_numbers_floats(tmp_path: Path) -> None:
    answers = pa.array(["cat", "dog", "cat"]).dictionary_encode()
    found = read_predictions(
        table(tmp_path / "v.parquet", id=["a", "b", "c"], y_true=["dog", "dog", "cat"], y_pred=answers)
    )
    assert [answer for _, answer, _ in by_id(found).values()] == ["cat", "dog", "cat"]
    numbers = table(tmp_path / "w.parquet", id=["a", "b"], label=[1.0, 0.0], pred=[1, 1])
    assert read_predictions(numbers, ("cat", "dog")).predicted.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"label": ["a"], "a": [1.0], "b": [2.0]}, "no column of sample ids"),
        ({"id": ["x"], "label": ["a"]}, "neither scores .* nor a column of answers"),
        ({"id": ["x", "x"], "pred": ["a", "b"]}, r"1 sample id more than once \('x'\)"),
        ({"id": ["x", None], "pred": ["a", "b"]}, "row 2, has no sample id"),
        ({"id": ["x", "y"], "pred": ["a", None]}, "row 2, has no answer"),
        ({"id": ["x", "y"], "label": ["a", "b"], "a": [1.0, None], "b": [0.0, 1.0]}, "row 2: a score is missing"),
        ({"id": ["x", "y"], "logits": [[1.0], [1.0, 2.0]]}, "lists of scores of different lengths"),
        ({"id": ["x", "y"], "logits": [[1.0], None]}, "lists of scores of different lengths"),
        ({"id": [], "pred": []}, "has no rows"),
    ],
)
def test_that_what_is_wrong_is_said(tmp_path: Path, columns: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as refused:
        read_predictions(table(tmp_path / "v.parquet", **columns))
    assert len(str(refused.value)) <= 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 10_000))
@example(382, 0, 0)  # asked for a column of these, pyarrow 26 ended the process
@example(416, 38, 0)
@example(497, 76, 0)
def test_that_a_damaged_file_is_read_or_refused(tmp_path: Path, at: int, byte: int, cut: int) -> None:
    path = table(tmp_path / "v.parquet", id=["a", "b", "c"], label=["x", "y", "x"], x=[1.0, 2, 3], y=[3.0, 2, 1])
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content[: max(1, len(content) - cut % 40)])
    try:
        read_predictions(path)
    except UserError as error:
        assert str(error).isprintable()  # noqa: PT017


def test_that_small_files_that_unpack_to_gigabytes_are_refused(tmp_path: Path) -> None:
    ids, zeros = pa.array(range(1_500_000)), np.zeros(1_500_000, np.float32)
    packed = tmp_path / "v.parquet"
    parquet.write_table(pa.table({"id": ids, **{f"logit_{i}": zeros for i in range(60)}}), packed, compression="zstd")
    with pytest.raises(UserError, match=r"would unpack to 91,500,000 values .* save it without compression"):
        read_predictions(packed)
    one = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["x" * 1_000_000]))
    with pytest.raises(UserError, match="texts of more than 4,096 characters"):
        read_predictions(table(packed, id=["a", "b"], label=one, logit_a=[1.0, 2], logit_b=[-1.0, 2]))
    row = pa.ListArray.from_arrays([0, 60_000], pa.array(np.zeros(60_000)))
    with pytest.raises(UserError, match="60,000 columns; at most"):
        read_predictions(table(packed, id=["a"], logits=row))
