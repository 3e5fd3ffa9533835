from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.compare import at_offset, compare, open_comparison, record_of, sort_rows
from mpt_studio.compare.answers import Columns
from mpt_studio.compare.files import kept
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions, read_predictions, write_predictions

from ..conftest import random_pair

Pair = tuple[Predictions, Predictions]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    for name, version in zip(("old", "new"), random_pair(7), strict=True):
        write_predictions(version, tmp_path / name)
    return read_predictions(tmp_path / "old"), read_predictions(tmp_path / "new")


def test_that_a_kept_comparison_equals_a_fresh_one(pair: Pair, tmp_path: Path) -> None:
    fresh = open_comparison(*pair, tmp_path / "kept")
    again = open_comparison(*pair, tmp_path / "kept")
    assert isinstance(again.columns.truth.base, np.memmap)
    for field in dataclasses.fields(Columns):
        assert np.array_equal(getattr(fresh.columns, field.name), getattr(again.columns, field.name), equal_nan=True)
    assert record_of(again) == record_of(fresh)
    assert record_of(at_offset(again, 0.5)) == record_of(at_offset(fresh, 0.5))
    assert again.lower_ids.tolist() == fresh.lower_ids.tolist()
    rows = np.arange(len(fresh))
    assert sort_rows(again, rows, "id").tolist() == sort_rows(fresh, rows, "id").tolist()
    assert again.top("new", 3) == fresh.top("new", 3)


def test_that_rows_that_do_not_match_one_to_one_are_kept_too(tmp_path: Path) -> None:
    old, new = random_pair(11)
    fewer = dataclasses.replace(old, sample_ids=old.sample_ids[5:], labels=old.labels[5:], logits=old.logits[5:])
    fresh = open_comparison(fewer, new, tmp_path)
    again = open_comparison(fewer, new, tmp_path)
    assert record_of(again) == record_of(fresh)
    assert again.sample_ids.tolist() == fresh.sample_ids.tolist()
    assert again.top("old", 2) == fresh.top("old", 2)


def test_that_changed_predictions_are_compared_anew(pair: Pair, tmp_path: Path) -> None:
    open_comparison(*pair, tmp_path / "kept")
    changed = dataclasses.replace(pair[1], logits=-np.asarray(pair[1].logits))
    write_predictions(changed, tmp_path / "new")
    again = open_comparison(pair[0], read_predictions(tmp_path / "new"), tmp_path / "kept")
    assert record_of(again) == record_of(compare(pair[0], changed))


def test_that_a_kept_comparison_does_not_let_other_data_pass(pair: Pair, tmp_path: Path) -> None:
    old, new = (dataclasses.replace(version, data_fingerprint="aa11") for version in pair)
    open_comparison(old, new, tmp_path / "kept")
    with pytest.raises(UserError, match="fingerprints are aa11 and bb22"):
        open_comparison(old, dataclasses.replace(new, data_fingerprint="bb22"), tmp_path / "kept")


@pytest.mark.parametrize("damage", ["truncate", "remove", "meta"])
def test_that_a_damaged_one_is_made_anew(pair: Pair, tmp_path: Path, damage: str) -> None:
    fresh = open_comparison(*pair, tmp_path / "kept")
    folder = next((tmp_path / "kept").iterdir())
    if damage == "truncate":
        os.truncate(folder / "kinds.npy", 100)
    elif damage == "remove":
        (folder / "new_margin.npy").unlink()
    else:
        (folder / "meta.json").write_text("{}")
    with pytest.raises(UserError, match="kept comparison"):
        kept.load(folder, *pair)
    assert record_of(open_comparison(*pair, tmp_path / "kept")) == record_of(fresh)
    assert record_of(kept.load(folder, *pair)) == record_of(fresh)


def test_that_a_comparison_of_others_is_refused(pair: Pair, tmp_path: Path) -> None:
    kept.save(compare(*pair), tmp_path / "one")
    old, new = random_pair(7, classes=6)
    with pytest.raises(UserError, match="other predictions"):
        kept.load(tmp_path / "one", old, new)


def test_that_a_root_that_cannot_be_written_costs_only_the_keeping(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert record_of(open_comparison(*pair, tmp_path / "file" / "kept")) == record_of(compare(*pair))


def test_that_old_ones_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_FOLDERS", 2)
    for seed in range(4):
        open_comparison(*random_pair(seed), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
