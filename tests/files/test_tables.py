"""Tables as spreadsheets and scripts write them, read alike by every door."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.errors import UserError
from mpt_studio.files.tables import (
    ID_COLUMNS,
    cells_of,
    decoded,
    position_of,
    refuse_doubles,
    rows_of,
    separator_of,
    shielded,
    table_of,
    text_of,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_that_utf_8_and_marked_utf_16_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_text("id,ü\n", encoding=encoding)
    assert text_of(tmp_path / "t.csv", "t.csv") == "id,ü\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"id,label\n1,caf\xe9\n", r"^t\.csv, line 2, is not UTF-8 text; save it as UTF-8\.$"),
        (b"PK\x03\x04\0\0", "is not a text file"),
        ("id,label\n".encode("utf-16-le"), "is not a text file"),
        (b"\xff\xfei", "is not UTF-8"),
    ],
)
def test_that_what_is_no_text_is_refused_with_its_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        text_of(tmp_path / "t.csv", "t.csv")


def test_that_the_beginning_of_a_file_may_end_inside_of_a_character() -> None:
    whole = "id,é".encode()
    assert decoded(whole[:-1], "t.csv", cut=True) == "id,"
    with pytest.raises(UserError, match="line 1"):
        decoded(whole[:-1], "t.csv")


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("id,a", ","),
        ("id;a,b;c", ";"),
        ("Sample ID\ta,b,c", "\t"),
        ("\n\n id|a", "|"),
        ('"id";"a,b,c,d"', ";"),
        ("x;y;z", ";"),
        ("alone", ","),
    ],
)
def test_that_the_separator_is_told_by_known_names_then_by_number(header: str, separator: str) -> None:
    assert separator_of(f"{header}\n1;2;3;4;5\n", ID_COLUMNS) == separator


def test_that_columns_are_found_whatever_their_spelling_the_first_wanted_name_first() -> None:
    assert position_of(("x", " File-Name ", "SAMPLE ID"), ID_COLUMNS) == 2
    assert position_of(("x", '"Image Path"'), ID_COLUMNS) == 1
    assert position_of(("x",), ID_COLUMNS) == -1


def test_that_two_columns_of_one_name_are_refused() -> None:
    refuse_doubles(("a", "b"), "t.csv")
    with pytest.raises(UserError, match=r"t\.csv has more than one column 'a'"):
        refuse_doubles(("a", "b", "a"), "t.csv")


def test_that_rows_come_with_the_line_where_they_begin_and_bad_quotes_are_named() -> None:
    text = 'id,a\n\n1,"two\nlines"\n2,x\n3,"open\n'
    rows = table_of(text, ID_COLUMNS, "t.csv")
    assert [next(rows) for _ in range(3)] == [(1, ["id", "a"]), (3, ["1", "two\nlines"]), (5, ["2", "x"])]
    with pytest.raises(UserError, match=r"t\.csv, line 6, is not CSV"):
        next(rows)


@given(st.lists(st.text("ab,\";' é", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=5))
def test_that_the_cells_of_a_line_come_back_as_they_were(cells: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    assert cells_of(line.getvalue()) == cells


def test_that_a_line_with_open_quotes_is_refused() -> None:
    with pytest.raises(UserError, match="is not CSV"):
        cells_of('a,"b')


def test_that_pipes_folders_and_large_files_are_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x" * (2 << 20))
    for path, reason in (
        (tmp_path, "a folder"),
        (tmp_path / "t.csv", "larger than 1 MB"),
        (tmp_path / "no", "No such"),
    ):
        with pytest.raises(UserError, match=f"t could not be read .*{reason}"):
            text_of(path, "t", most=1 << 20)


@given(st.text(st.sampled_from("'=+-@\t\rab1"), max_size=5))
def test_that_a_shielded_text_is_read_back_and_begins_with_no_sign_of_a_formula(text: str) -> None:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(["first", shielded(text)])
    assert [row for _, row in rows_of(io.StringIO(line.getvalue(), newline=""), ",", "x")] == [["first", text]]
    assert shielded(text)[:1] not in set("=+-@\t\r")
    assert shielded("plain") == "plain"


@pytest.mark.parametrize("first", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n', "sep=;;;\n"])
def test_that_excel_s_first_line_says_the_separator_and_is_no_row(first: str) -> None:
    assert [row for _, row in table_of(f"{first}id;a,b,c\n1;2\n", ID_COLUMNS, "t")] == [["id", "a,b,c"], ["1", "2"]]
