from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import compare
from mpt_studio.compare.figures.history import Fate, History, history
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions


def versions(strips: list[str]) -> list[Predictions]:
    """One version per column; each string is a sample's way, "+" right and "-" wrong. The truth is always class a."""
    ids = np.array([f"s{i:03d}" for i in range(len(strips))])
    labels = np.zeros(len(strips), np.int64)
    found = []
    for v in range(len(strips[0])):
        right = np.array([strip[v] == "+" for strip in strips])
        logits = np.stack([right, ~right], axis=1).astype(np.float32)
        found.append(Predictions(ids, labels, ("a", "b"), logits, ("a", "b"), version=f"v{v}"))
    return found


def made(strips: list[str]) -> History:
    old, *updates = versions(strips)
    return history([compare(old, update) for update in updates])


@pytest.mark.parametrize(
    ("strip", "fate"),
    [
        ("++++", Fate.ALWAYS_RIGHT), ("----", Fate.ALWAYS_WRONG), ("--++", Fate.GAINED), ("+---", Fate.LOST),
        ("+++-", Fate.LOST), ("+--+", Fate.RECOVERED), ("-+--", Fate.FLAKY), ("+-+-", Fate.FLAKY),
        ("-+-+", Fate.FLAKY), ("+-++", Fate.RECOVERED),
    ],
)  # fmt: skip
def test_that_each_way_has_its_fate(strip: str, fate: Fate) -> None:
    found = made([strip])
    assert found.fates.tolist() == [fate]
    assert "".join("+" if ok else "-" for ok in found.strip(0)) == strip


def test_that_the_pairs_nfr_is_counted_both_ways() -> None:
    found = made(["++-", "+--", "-++", "+++"])
    assert found.versions == ("v0", "v1", "v2")
    assert found.flip_counts.tolist() == [[0, 1, 2], [1, 0, 1], [1, 0, 0]]
    assert found.nfr(0, 2) == 0.5
    assert found.flips(0, 2).tolist() == [0, 1]
    assert found.samples(Fate.LOST).tolist() == [0, 1]
    assert found.counts()[Fate.GAINED] == 1
    assert [found.strip(2), found.strip(0)] == [(False, True, True), (True, True, False)]


def test_that_only_shared_samples_count_and_rows_are_the_last_comparisons() -> None:
    old, one, two = versions(["++-", "+--", "-++"])
    part = dataclasses.replace(
        two, sample_ids=two.sample_ids[[2, 0]], labels=two.labels[[2, 0]], logits=two.logits[[2, 0]]
    )
    found = history([compare(old, one), compare(old, part)])
    assert found.rows.tolist() == [0, 1]
    assert [found.strip(i) for i in range(2)] == [(False, True, True), (True, True, False)]


def test_that_too_few_and_too_many_versions_are_refused() -> None:
    with pytest.raises(UserError, match="2 to 64 versions; 1 were"):
        history([])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("+-", min_size=5, max_size=5), min_size=1, max_size=20))
def test_that_nfr_of_neighbours_is_that_of_their_comparison(strips: list[str]) -> None:
    found, every = made(strips), versions(strips)
    assert sum(found.counts().values()) == len(strips)
    for old in range(5):
        for new in range(5):
            assert found.nfr(old, new) == compare(every[old], every[new]).rates("all").nfr
