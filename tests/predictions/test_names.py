"""When two class names are one, spelled otherwise; and names that are numbers."""

from __future__ import annotations

import unicodedata

import pytest

from mpt_studio.predictions.names import all_whole, any_whole, respelled, spelling, whole


@pytest.mark.parametrize(
    ("one", "other"),
    [("T-shirt", "t shirt"), ("ice_cream", "IceCream"), ("Ä", unicodedata.normalize("NFD", "ä")), ("a-1", "a1")],
)
def test_that_case_signs_and_accents_do_not_tell_names_apart(one: str, other: str) -> None:
    assert spelling(one) == spelling(other)


@pytest.mark.parametrize(("one", "other"), [("1-1", "11"), ("-1", "1"), ("cat", "cats")])
def test_that_numbers_and_other_letters_do(one: str, other: str) -> None:
    assert spelling(one) != spelling(other)


def test_that_only_names_that_are_the_only_ones_of_their_kind_are_respelled() -> None:
    assert respelled(("Cat", "dog", "A", "a"), ("cat", "dog", "a")) == {"Cat": "cat"}


def test_that_whole_numbers_are_known() -> None:
    assert [whole(text) for text in ("3", "3.0", "-1", "3.5", "x", "")] == [3, 3, -1, None, None, None]
    assert all_whole(["1", "2.0"])
    assert not all_whole([])
    assert any_whole(["a", "1"])
