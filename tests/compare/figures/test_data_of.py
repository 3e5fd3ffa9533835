"""Which data samples belong to, where predictions do not say it."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from mpt_studio.compare import Comparison, at_offset, compare
from mpt_studio.compare.figures import data_of as module
from mpt_studio.compare.figures.data_of import data_of
from mpt_studio.predictions import Predictions


def test_that_the_samples_digest_is_that_of_their_sorted_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["b", "a", "ß", "🦊", "aa", "\ud800", "Z"]
    made = Predictions(np.array(names), np.zeros(7, np.int64), ("x",), np.zeros((7, 1), np.float32), ("x",))
    plain = hashlib.blake2b("\n".join(sorted(names)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    monkeypatch.setattr(module, "BLOCK", 3)
    found = compare(made, made)
    assert data_of(found) == f"ids:7:{plain}"
    ordered = dataclasses.replace(made, sample_ids=np.array(sorted(names)))
    assert data_of(compare(ordered, ordered)) == f"ids:7:{plain}"


def test_that_a_view_under_an_offset_has_the_data_of_its_base(worked: Comparison) -> None:
    view = at_offset(worked, 1.0)
    assert data_of(view) == data_of(worked)
    assert ("data",) not in view.memo.kept
