"""The class doctor: classes side by side, what explains a difference, and what blocks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare.matching.class_map import ClassMap
from mpt_studio.compare.matching.doctor import Row, diagnose
from mpt_studio.errors import UserError


def rows(old: list[str], new: list[str], *pairs: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [(row.old, row.new, row.kind) for row in diagnose(old, new, ClassMap(pairs)).rows]


def test_that_equal_added_and_reordered_names_are_told_apart() -> None:
    found = diagnose(["a", "b", "c"], ["a", "x", "c", "b"])
    assert [(row.old, row.new, row.kind) for row in found.rows] == [
        ("a", "a", "same"), ("b", "b", "reordered"), ("c", "c", "reordered"), ("", "x", "added"),
    ]  # fmt: skip
    assert not found.blocked
    assert found.counts() == {"same": 1, "reordered": 2, "added": 1}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Cat", "cat"), ("T-shirt", "t shirt"), ("ice_cream", "Ice Cream"), ("icecream", "ice-cream"),
        (unicodedata.normalize("NFD", "café"), "café"), ("STRASSE", "straße"), ("class_1", "class 1"),
    ],
)  # fmt: skip
def test_that_a_name_spelled_otherwise_is_the_same_class(ours: str, theirs: str) -> None:
    found = diagnose([ours, "dog"], ["dog", theirs])
    assert found.renames == {ours: theirs}
    assert not found.blocked
    assert found.sentences() == [f"Spelled otherwise: {ours} → {theirs}."]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["1-1", "b"], ["11", "b"]),  # digits apart are another number
        (["-1", "1"], ["1", "2"]),
        (["Cat", "b"], ["cat", "CAT", "b"]),  # which one?
        (["Cat", "CAT", "b"], ["cat", "b"]),
        (["cat", "Cat", "b"], ["cat", "b"]),
        (["car"], ["cars"]),
    ],
)
def test_that_an_ambiguous_or_other_spelling_blocks(old: list[str], new: list[str]) -> None:
    assert diagnose(old, new).blocked


def test_that_an_unexplained_class_blocks_with_the_list_and_a_suggestion() -> None:
    found = diagnose(["cat", "sport car", "bus"], ["cat", "sports car", "dog"])
    assert found.unexplained == ("sport car", "bus")
    assert found.suggestions == {"sport car": "sports car"}
    with pytest.raises(
        UserError, match=r"2 of the old model's classes without .*: sport car, bus \(is 'sport car' its"
    ):
        found.refuse()


def test_that_a_class_map_explains_and_drops() -> None:
    assert rows(["kitty", "bus"], ["cat", "dog"], ("kitty", "cat"), ("bus", "")) == [
        ("kitty", "cat", "mapped"), ("bus", "", "dropped"), ("", "dog", "added"),
    ]  # fmt: skip
    assert not diagnose(["kitty", "bus"], ["cat"], ClassMap((("Kitty", "CAT"), ("bus", "")))).blocked


def test_that_a_class_map_goes_before_equal_names() -> None:
    found = diagnose(["a", "b"], ["a", "b"], ClassMap((("a", "b"), ("b", "a"))))
    assert found.renames == {"a": "b", "b": "a"}
    assert not found.blocked


def test_that_mistakes_in_a_class_map_block_or_are_noted() -> None:
    with pytest.raises(UserError, match="turns 'a' into 'nope', which is not in the update"):
        diagnose(["a"], ["b"], ClassMap((("a", "nope"),))).refuse()
    with pytest.raises(UserError, match="classes a, b are both to be the update's 'b'"):
        diagnose(["a", "b"], ["b", "c"], ClassMap((("a", "b"),))).refuse()
    found = diagnose(["a"], ["a"], ClassMap((("zebra", "a"),)))
    assert not found.blocked
    assert found.notes == ("The class map names classes that the old model does not have: zebra.",)


@pytest.mark.parametrize(("old", "new"), [("012", "abc"), ("abc", "012")])
def test_that_numbers_against_names_block_and_say_what_to_do(old: str, new: str) -> None:
    with pytest.raises(UserError, match=r"classes are numbers \(0, 1, 2\).*names \(a, b, c\); list the names"):
        diagnose(list(old), list(new)).refuse()


def test_that_numbers_from_0_against_numbers_from_1_block() -> None:
    found = diagnose([str(i) for i in range(12)], [str(i) for i in range(1, 13)])
    assert found.unexplained == ("0",)
    assert found.blocked


def test_that_digits_and_letters_are_fine_where_every_old_one_is_there() -> None:
    assert not diagnose(list("0123456789"), list("ABC9876543210")).blocked


def test_that_a_missing_middle_and_an_extra_class_never_shift_the_others() -> None:
    found = diagnose(list("abcde"), list("abde"))
    assert found.unexplained == ("c",)
    assert [row for row in found.rows if row.kind == "same"] == [Row(n, n, "same") for n in "abde"]
    assert not diagnose(list("abde"), list("abcde")).blocked


def test_that_a_name_given_twice_blocks() -> None:
    for old, new, side in ((["a", "a"], ["a"], "old model"), (["a"], ["a", "a"], "update")):
        with pytest.raises(UserError, match=f"The {side} lists the class 'a' more than once"):
            diagnose(old, new).refuse()


words = st.text("aAbB _-1é", max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.lists(words, max_size=6), st.lists(words, max_size=6), st.lists(st.tuples(words, words), max_size=3))
def test_that_every_old_class_has_one_row_and_no_two_share_a_counterpart(
    old: list[str], new: list[str], pairs: list[tuple[str, str]]
) -> None:
    try:
        class_map = ClassMap(tuple(pairs))
    except UserError:
        return
    found = diagnose(old, new, class_map)
    if not found.rows:
        return
    assert [row.old for row in found.rows if row.kind != "added"] == old
    assert {row.new for row in found.rows} - {""} <= set(new)
    if not found.blocked:
        partners = [row.new for row in found.rows if row.new]
        assert sorted(partners) == sorted(set(new) - ({""} if "" in new else set())) or "" in new
        assert not found.unexplained
    assert all(problem.isprintable() for problem in found.problems)


@settings(max_examples=100, deadline=None)
@given(st.permutations(list("abcdef")), st.permutations(list("abcdef")))
def test_that_permuted_lists_match_by_name_whatever_their_order(old: list[str], new: list[str]) -> None:
    found = diagnose(old, new)
    assert not found.blocked
    assert not found.renames
    assert {row.old: row.new for row in found.rows} == {name: name for name in "abcdef"}
