"""Which classes the old model knows, and names that are too alike."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.data.classes import check_no_twins, natural_key, old_classes_text, resolve_old_classes
from mpt_studio.errors import UserError

NAMES = ("cat", "dog", "bird, small", "Ärmel", "7")


def test_that_a_count_takes_the_first_classes() -> None:
    assert resolve_old_classes("2", NAMES) == ("cat", "dog")
    assert resolve_old_classes(" 5 ", NAMES) == NAMES


def test_that_names_come_back_in_the_datas_order_and_once() -> None:
    assert resolve_old_classes("dog, cat,dog", NAMES) == ("cat", "dog")


def test_that_a_name_may_hold_a_comma_or_be_a_number() -> None:
    assert resolve_old_classes('"bird, small",cat', NAMES) == ("cat", "bird, small")
    assert resolve_old_classes("7,", NAMES) == ("7",)


def test_that_a_name_is_found_whatever_its_unicode_form() -> None:
    assert resolve_old_classes(unicodedata.normalize("NFD", "Ärmel"), NAMES) == ("Ärmel",)


def test_that_a_file_with_one_name_per_line_is_read(tmp_path: Path) -> None:
    listing = tmp_path / "old.txt"
    listing.write_bytes("\ufeffdog\r\n\r\nbird, small\r\n".encode())
    assert resolve_old_classes(str(listing), NAMES) == ("dog", "bird, small")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Say which classes"),
        ("0", "cannot know 0 classes; the data have 5"),
        ("6", "cannot know 6 classes"),
        ("-1", "cannot know -1 classes"),
        ("cat,dgo", "no class 'dgo', named in the list of old classes; did you mean 'dog'?"),
        ("xyz", "they have 'cat', 'dog'"),
        ("x" * 5000, "no class"),
    ],
)
def test_that_a_wrong_choice_is_answered_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_old_classes(text, NAMES)
    assert says in str(caught.value)


def test_that_an_unknown_name_in_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    listing = tmp_path / "old.txt"
    listing.write_text("dog\nfish\n")
    with pytest.raises(UserError, match=r"no class 'fish', named in .*old\.txt"):
        resolve_old_classes(str(listing), NAMES)


def test_that_a_binary_file_is_refused(tmp_path: Path) -> None:
    listing = tmp_path / "old.txt"
    listing.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8 text"):
        resolve_old_classes(str(listing), NAMES)


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_that_any_subset_listed_by_name_is_found_again(chosen: set[str]) -> None:
    text = ",".join(f'"{name}"' for name in chosen) + ","
    assert set(resolve_old_classes(text, NAMES)) == chosen


def test_that_numbers_in_names_sort_as_numbers() -> None:
    names = ["class10", "class2", "Class1", "a", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "Class1", "class2", "class10"]


@pytest.mark.parametrize("twin", ["CAT", "cat", unicodedata.normalize("NFD", "Ärmel"), "ärmel"])
def test_that_names_alike_but_for_case_or_normal_form_are_refused(twin: str) -> None:
    with pytest.raises(UserError, match="differ only by"):
        check_no_twins([*NAMES, twin], "the data")


NAME = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17F, blacklist_categories=["Cc", "Cs", "Zs"]), min_size=1
)
"""Odd ones, but none that a spreadsheet would take for a formula with its shield on."""


@given(
    st.lists(NAME.filter(lambda name: name[0] != "'"), min_size=1, max_size=8, unique_by=lambda n: n.casefold()),
    st.data(),
)
def test_that_picked_classes_come_back_from_their_text(names: list[str], data: st.DataObject) -> None:
    names = list(dict.fromkeys(unicodedata.normalize("NFC", name) for name in names))
    picked = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    text = old_classes_text(picked, tuple(names))
    assert set(resolve_old_classes(text, tuple(names))) == set(picked)


def test_that_the_first_classes_are_a_count_and_a_number_stays_a_name() -> None:
    names = ("0", "1", "2, three", "four")
    assert old_classes_text(("0", "1"), names) == "2"
    assert old_classes_text(("1",), names) == "1,"
    assert old_classes_text(("four", "2, three"), names) == '"2, three",four'
    assert old_classes_text((), names) == ""
