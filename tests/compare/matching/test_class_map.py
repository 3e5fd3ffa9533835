"""The class map: a file of pairs, read with the line of every mistake, and kept for the lists it was given for."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpt_studio.compare.matching.class_map import ClassMap, keep_map, kept_map
from mpt_studio.errors import UserError

in_tmp = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def written(folder: Path, text: str) -> Path:
    (folder / "map.txt").write_text(text, encoding="utf-8")
    return folder / "map.txt"


def test_that_arrows_csv_comments_and_a_header_read_alike(tmp_path: Path) -> None:
    expected = ClassMap((("kitty", "cat"), ("T-shirt, white", "shirt"), ("bus", "")))
    lines = '# ours to theirs\n\nkitty -> cat\n"T-shirt, white",shirt\nbus ->\n'
    assert ClassMap.read(written(tmp_path, lines)) == expected
    assert (
        ClassMap.read(written(tmp_path, '\ufeffold,new\r\nkitty, cat\r\n"T-shirt, white",shirt\r\nbus,\r\n'))
        == expected
    )
    assert ClassMap.read(written(tmp_path, "T-shirt, white → shirt\n")).pairs == (("T-shirt, white", "shirt"),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a -> b\nwhat is this\n", r"map\.txt, line 2: 'what is this' is neither"),
        ("a,b,c\n", "line 1"),
        (",b\n", "line 1"),
        ("-> b\n", "has no old name for 'b'"),
        ("a -> b\na -> c\n", "turns 'a' into 'b' and into 'c'; keep one"),
        ("# nothing\n", "has no lines"),
        ("", "has no lines"),
    ],
)
def test_that_what_cannot_be_understood_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        ClassMap.read(written(tmp_path, text))


def test_that_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        ClassMap.read(tmp_path / "m")
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UserError, match="could not be read"):
            ClassMap.read(path)


names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=8).map(str.strip)


@in_tmp
@given(st.dictionaries(names.filter(lambda n: n and n[0] != "#"), names, min_size=1, max_size=6))
def test_that_a_map_reads_back_as_it_was_written(tmp_path: Path, pairs: dict[str, str]) -> None:
    found = ClassMap(tuple(pairs.items()))
    if any(arrow in text for pair in found.pairs for text in pair for arrow in ("->", "→")):
        return
    found.write(tmp_path / "m.csv")
    assert ClassMap.read(tmp_path / "m.csv") == found


@in_tmp
@given(st.binary(max_size=200))
def test_that_junk_is_read_or_refused_with_a_sentence(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "junk").write_bytes(junk)
    with contextlib.suppress(UserError):
        ClassMap.read(tmp_path / "junk")


def test_that_a_map_is_kept_for_its_pair_of_lists_in_any_order(tmp_path: Path) -> None:
    found = ClassMap((("kitty", "cat"), ("bus", "")))
    keep_map(tmp_path, ["kitty", "bus"], ["cat", "dog"], found)
    assert kept_map(tmp_path, ["bus", "kitty"], ["dog", "cat"]) == found
    assert not kept_map(tmp_path, ["bus", "kitty"], ["dog", "cat", "cow"])
    next((tmp_path / "class-maps").iterdir()).write_text("{")
    assert not kept_map(tmp_path, ["kitty", "bus"], ["cat", "dog"])
