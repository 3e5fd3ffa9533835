"""Predictions: saved as arrays that can be memory-mapped, read from others' .npz files, checked on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions


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
