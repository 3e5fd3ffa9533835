"""Lists of class names: an order is never guessed, and every door reads the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.errors import UsageError, UserError
from mpt_studio.files.class_lists import (
    USUAL,
    agreed,
    beside,
    class_list,
    lists_in,
    names_in,
    names_in_lines,
    names_in_value,
    told_apart,
)

PETS = ("ant", "bee", "cat")


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("labels.txt", "ant\nbee, the small\n\nκ\n", ("ant", "bee, the small", "κ")),
        ("labels.txt", "0 ant\n2: cat\n1 bee\n", PETS),
        ("labels.txt", "1 ant\n2 bee\n", ("1 ant", "2 bee")),
        ("pets.names", "\ufeffant\r\nbee\r\n", ("ant", "bee")),
        ("labels.csv", 'ant\n"bee, the small"\n', ("ant", "bee, the small")),
        ("labels.csv", "ant\nbee, the small\n", ("ant", "bee, the small")),
        ("labels.csv", "class\nant\nbee\n", ("ant", "bee")),
        ("labels.csv", "1,bee\n0,ant\n2,cat\n", PETS),
        ("labels.csv", "bee;1\nant;0\ncat;2\n", PETS),
        ("labels.tsv", "Index\tName\tcolour\n1\tbee\tred\n0\tant\tblue\n", ("ant", "bee")),
        ("labels.csv", "id,name\nn01,ant\nn02,bee\n", ("ant", "bee")),
        ("labels.csv", "ant,bee,cat\n", PETS),
        ("labels.json", '["b", "a"]', ("b", "a")),
        ("class_to_idx.json", '{"b": 1, "a": 0}', ("a", "b")),
        ("id2label.json", '{"1": "b", "0": "a", "2": "c"}', ("a", "b", "c")),
    ],
)
def test_that_class_names_come_from_a_file(tmp_path: Path, name: str, content: str, names: tuple[str, ...]) -> None:
    (tmp_path / name).write_text(content, "utf-8", newline="")
    assert class_list(str(tmp_path / name)) == names


def test_that_class_names_come_from_the_command_line() -> None:
    assert class_list('ant, "bee, small",cat') == ("ant", "bee, small", "cat")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a,b,a", "'a' twice"), (",", "There is no file"), ("absent.txt", "There is no file absent.txt")],
)
def test_that_a_class_list_that_cannot_be_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        class_list(text)


@pytest.mark.parametrize("content", ['{"a": 0, "b": 2}', "[1, 2]", '"a"', "{", "[" * 100_000])
def test_that_a_file_of_names_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "names.json").write_text(content)
    with pytest.raises(UserError, match=r"holds no list of class names; it needs JSON|is not JSON"):
        class_list(str(tmp_path / "names.json"))


@pytest.mark.parametrize(
    "value",
    [
        {"ant": 0, "bee": 1, "cat": 2},
        {"cat": 2, "bee": 1, "ant": 0},
        {"0": "ant", "1": "bee", "2": "cat"},
        {0: "ant", 2: "cat", 1: "bee"},
        {"2": "cat", "0": "ant", "1": "bee"},
    ],
)
def test_that_a_mapping_says_the_order_in_either_direction(value):
    assert names_in_value(value) == PETS


@pytest.mark.parametrize(
    "value",
    [
        {"ant": 1, "bee": 2, "cat": 3},
        {"ant": 0, "bee": 0, "cat": 2},
        {0: "ant", 2: "cat"},
        [1, 2, 3],
        "abc",
        {},
        [],
        None,
    ],
)
def test_that_what_does_not_say_an_order_is_no_list_of_names(value):
    assert names_in_value(value) is None


def test_that_a_wrong_usage_has_its_own_exit_code() -> None:
    with pytest.raises(UsageError):
        class_list("a,a")


@given(
    st.lists(st.text(st.characters(whitelist_categories=("L", "N")), min_size=1), min_size=1, max_size=20, unique=True)
)
def test_that_both_directions_of_a_mapping_give_one_order(names):
    forward = names_in_value({name: i for i, name in enumerate(names)})
    backward = names_in_value({str(i): name for i, name in enumerate(names)})
    assert forward == backward or all(name.isdecimal() for name in names)


@given(st.lists(st.text(st.characters(whitelist_categories=("Lu", "Ll")), min_size=1), min_size=1, max_size=20))
def test_that_lines_are_names_in_their_order(names):
    assert names_in_lines("\n".join(names)) == tuple(names)


@pytest.mark.parametrize(
    "text", ["1,ant\n2,bee\n", "index,name\n0,ant\n2,bee\n", "name,size\nant\nbee,2\n", "", ",,\n"]
)
def test_that_a_table_that_says_no_order_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=r"labels\.csv holds no list of class names"):
        names_in(tmp_path / "labels.csv")


def test_that_prose_and_other_encodings_are_no_lists(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("word " * 50)
    with pytest.raises(UserError, match="a name a line"):
        names_in(tmp_path / "labels.txt")
    (tmp_path / "labels.txt").write_bytes(b"ant\ncaf\xe9\n")
    with pytest.raises(UserError, match=r"labels\.txt, line 2, is not UTF-8"):
        names_in(tmp_path / "labels.txt")
    (tmp_path / "labels.txt").write_text("ant\nbee\n", encoding="utf-16")
    assert names_in(tmp_path / "labels.txt") == ("ant", "bee")


def test_that_numbers_stay_where_they_are_part_of_known_names(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("0 ant\n1 bee\n")
    assert names_in(tmp_path / "labels.txt", ("0 ant", "1 bee", "2 cat")) == ("0 ant", "1 bee")
    assert names_in(tmp_path / "labels.txt", PETS) == ("ant", "bee")


def test_that_every_usual_list_beside_weights_is_found(tmp_path: Path) -> None:
    (tmp_path / "pets.names").touch()
    names = [path.name for path in beside(tmp_path / "model.v2.pth")]
    assert {*USUAL, "model.txt", "model_labels.txt", "pets.names"} <= set(names)
    assert [path.name for path in beside(tmp_path)] == [*USUAL, "pets.names"]


def test_that_lists_beside_count_where_they_agree(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("ant\nbee\n")
    (tmp_path / "classes.txt").write_text("ant\nbee\ncat\n")
    (tmp_path / "labels.json").write_text("nonsense")
    lists = lists_in(beside(tmp_path))
    assert lists == {"labels.txt": ("ant", "bee"), "classes.txt": PETS}
    assert agreed(lists, 3) == (PETS, "classes.txt", "")
    assert agreed(lists, 4) == ((), "", "")
    assert agreed({**lists, "x": ("a", "b")}, 2) == ((), "", "labels.txt and x beside it disagree, so none was used.")


def test_that_names_that_stand_twice_are_told_apart_by_their_index() -> None:
    assert told_apart(("crane", "bee", "crane")) == ("crane (0)", "bee", "crane (2)")
