"""CSV as people write it: columns are told by their names, mistakes by line and column."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mpt_studio.errors import UserError
from mpt_studio.predictions import is_predictions, read_predictions
from mpt_studio.predictions.csv_file import _by_arrow, _by_row, read_layout, roles_of

from .conftest import by_id, write

in_tmp = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
HEADER = ("id", "label", "cat", "dog")
ROWS = [("x/1.png", "cat", 2.5, -1), ("x/2.png", "dog", 0, 1e-3)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [False, True])
@pytest.mark.usefixtures("reader")
def test_that_any_delimiter_reads_with_and_without_a_byte_order_mark(tmp_path: Path, delimiter: str, bom: bool) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [HEADER, *ROWS], delimiter, bom=bom))
    assert found.sample_ids.tolist() == ["x/1.png", "x/2.png"]
    assert found.class_names == found.label_names == ("cat", "dog")
    assert found.labels.tolist() == [0, 1]
    assert np.array_equal(found.logits, np.array([[2.5, -1], [0, 1e-3]], np.float32))
    assert (found.scores, found.version, found.has_truth) == ("logits", "v", True)
    assert isinstance(found.logits, np.memmap)


@pytest.mark.usefixtures("reader")
def test_that_quotes_line_breaks_and_decimal_commas_read(tmp_path: Path) -> None:
    text = 'id;label;"a;b";c\n"one\ntwo";"a;b";1,5;-2\n" 3 ";c;0;"1,25"\n'
    (tmp_path / "v.csv").write_text(text)
    found = read_predictions(tmp_path / "v.csv")
    assert found.sample_ids.tolist() == ["one\ntwo", "3"]
    assert found.class_names == ("a;b", "c")
    assert found.logits.tolist() == [[1.5, -2.0], [0.0, 1.25]]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,label,cat,dog\n1,cat,1,2\n2,dog,1,x\n", r"v\.csv, line 3, column 'dog': 'x' is no number"),
        ("id,label,cat,dog\n1,cat,1,2\n2,cat,1,\n", r"line 3, column 'dog': '' is no number"),
        ("id,label,cat,dog\n1,cat,1,nan\n", r"line 2, column 'dog': a score has to be finite"),
        ("id,label,cat,dog\n1,cat,1,inf\n", r"line 2, column 'dog': a score has to be finite"),
        ("id,label,cat,dog\n1,cat,1\n", r"line 2, has 3 cells; the header has 4"),
        ("id,label,cat,dog\n1,cat,1,2\n,cat,1,2\n", r"line 3, column 'id', has no sample id"),
        ('id,label,cat,dog\n"a\nb",cat,1,2\n3,cat,1,x\n', r"line 4, column 'dog'"),
        ("id,prediction\n1,cat\n2,\n", r"line 3, column 'prediction', has no answer"),
        ("id,label,cat,dog\n", r"has no rows"),
        ("", r"v\.csv has no header"),
        ("name,label,cat,dog\n1,cat,1,2\n", r"no column of sample ids; call one sample_id, id"),
        ("id,label\n1,cat\n", r"neither scores .* nor a column of answers"),
        ("id,cat,cat\n1,2,3\n", r"more than one column 'cat'"),
        ("id,label,cat,dog\n1,cat,1,2\n1,cat,1,2\n2,dog,1,2\n", r"has 1 sample id more than once \('1'\); ids tell"),
        (
            "id,p_a,p_b\n1,0.2,0.3\n",
            r"v\.csv: the scores of '1' add up to 0\.5, not 1; say .* --scores sigmoid or prob",
        ),
        ("id,prob_a,prob_b\n1,-2,8\n", r"v\.csv: the probabilities go from -2 to 8; say .* --scores logits"),
        ("id,label,logit_0,logit_1\n1,1,3,4\n2,2,3,4\n", r"labels from 1 to 2, but its 2 columns .* counted from 0"),
        ("id,label,cat,cow,dog\n1,cat,1,2,N/A\n2,cow,1,2,3\n", r"line 2, column 'dog': 'N/A' is no number"),
        ("id,label,logit_a,logit_b\n1,a,1,x\n", r"line 2, column 'logit_b': 'x' is no number"),
        ("id,label,prediction\n1,cat,0\n2,dog,1\n", r"answers as numbers and labels as names; list the class names"),
        ("id,label,prediction\n1,0,cat\n2,1,dog\n", r"labels as numbers and answers as names; list the class names"),
        ("id,label,prediction,cat,dog\n1,cat,dog,2,1\n2,cat,dog,2,1\n", r"answers are not the classes .* in 2 of 2 s"),
        ("id,label,prediction,cat,dog\n1,cat,cow,2,1\n", r"answers that are no class of the version: 'cow'"),
        ("id,label,cat,dog\n1,7,2,1\n", r"label 7, but 2 class names, counted from 0"),
    ],
)
def test_that_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "v.csv").write_text(text)
    with pytest.raises(UserError, match=sentence) as refused:
        read_predictions(tmp_path / "v.csv")
    assert len(str(refused.value)) <= 200


@pytest.mark.parametrize("content", [b"\xff\xfei\0d\0", b"id,label,cat,dog\n1,caf\xe9,1,2\n", b"PK\x03\x04", b"id\0"])
def test_that_other_encodings_and_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"UTF-8|not a text file|no column|no rows"):
        read_predictions(tmp_path / "v.csv")
    assert not is_predictions(tmp_path / "v.csv")


def test_that_a_bad_byte_far_down_is_refused(tmp_path: Path) -> None:
    rows = b"".join(b"%d,a,1,2\n" % i for i in range(400_000))
    (tmp_path / "v.csv").write_bytes(b"id,label,a,b\n" + rows + b"x,\xff,1,2\n")
    with pytest.raises(UserError, match="is not UTF-8 after line"):
        read_predictions(tmp_path / "v.csv")


letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
names = st.text(letters, min_size=1, max_size=6).map(str.strip)
classes = st.lists(
    names.filter(lambda n: n and not n.replace(".", "").lstrip("+-").isdigit()), min_size=2, max_size=5, unique=True
)


@in_tmp
@given(st.data())
def test_that_a_table_reads_back_whatever_the_order_of_rows_and_columns(tmp_path: Path, data: st.DataObject) -> None:
    every = [f"class {name}" for name in data.draw(classes)]
    ids = data.draw(st.lists(names.filter(bool), min_size=1, max_size=6, unique=True))
    truths = [data.draw(st.sampled_from(every)) for _ in ids]
    score = st.floats(-50, 50, width=32)
    scores = [[data.draw(score) for _ in every] for _ in ids]
    scores[0][0] = 1.5  # so that they are no probabilities
    header = ["id", "label", *(f"logit_{name}" for name in every)]
    rows = [[name, truth, *map(repr, values)] for name, truth, values in zip(ids, truths, scores, strict=True)]
    found = by_id(read_predictions(write(tmp_path / "v.csv", [header, *rows])))
    for name, truth, values in zip(ids, truths, scores, strict=True):
        assert found[name][0] == truth
        assert found[name][2] == dict(zip(every, values, strict=True))
    columns, places = data.draw(st.permutations(range(len(header)))), data.draw(st.permutations(range(len(rows))))
    shuffled = [[header[c] for c in columns], *([rows[r][c] for c in columns] for r in places)]
    delimiter = data.draw(st.sampled_from(",;\t"))
    assert by_id(read_predictions(write(tmp_path / "w.csv", shuffled, delimiter))) == found


cell = st.one_of(
    st.text(max_size=4), st.sampled_from(["1", "2", "nan", "", "-inf", "1e400", "0.5", "a", '"', "é", "1_0"])
)
header_cell = st.sampled_from(["id", "label", "prediction", "a", "b", "p_a", "p_b", "logits_0", "logits_1", "", "x y"])


@in_tmp
@given(st.lists(header_cell, min_size=1, max_size=5), st.lists(st.lists(cell, max_size=5), max_size=4))
def test_that_both_readers_agree_on_any_table(tmp_path: Path, header: list[str], rows: list[list[str]]) -> None:
    path = write(tmp_path / "v.csv", [header, *rows])

    def outcome(read: object) -> object:
        try:
            layout = read_layout(path)
            roles = roles_of(layout)
            if not roles.scores and roles.answers < 0:
                return "nothing"
            table = read(layout, roles, lambda *_: None)  # type: ignore[operator]
        except UserError as error:
            return str(error)
        scores = None if table.scores is None else np.nan_to_num(table.scores, neginf=-9e9).tolist()
        coded = [None if c is None else [(*c.values, None)[i] for i in c.codes] for c in (table.labels, table.answers)]
        return table.ids.tolist(), coded, scores

    def arrow_first(*args: object) -> object:
        from mpt_studio.predictions.csv_file import _Odd

        try:
            return _by_arrow(*args)  # type: ignore[arg-type]
        except _Odd:
            return _by_row(*args)  # type: ignore[arg-type]

    pytest.importorskip("pyarrow")
    assert outcome(arrow_first) == outcome(_by_row)


@in_tmp
@given(
    st.one_of(st.binary(max_size=300), st.text('id,label;\n\t"019.e-', max_size=200).map(lambda t: ("id" + t).encode()))
)
@example(b'\x01\t""\x01')  # the delimiter is part of what Python's reader says
def test_that_junk_raises_nothing_but_our_own_error(tmp_path: Path, junk: bytes) -> None:
    for suffix in ("csv", "tsv", "npz", "parquet"):
        path = tmp_path / f"junk.{suffix}"
        path.write_bytes(junk)
        is_predictions(path)
        try:
            read_predictions(path)
        except UserError as error:
            text = str(error)
            assert text.isprintable(), text
            assert len(text) <= 250, text


def test_that_utf_8_with_a_mark_and_carriage_returns_reads(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_bytes(codecs.BOM_UTF8 + "id,label,κ,dog\r\n1,κ,2,1\r\n\r\n".encode())
    assert read_predictions(tmp_path / "v.csv").class_names == ("κ", "dog")


@pytest.mark.usefixtures("reader")
def test_that_marked_utf_16_and_bars_read(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("id|label|\u00e9|b\n1|\u00e9|1,5|2\n", encoding="utf-16")
    found = read_predictions(tmp_path / "v.csv")
    assert (found.class_names, found.logits.tolist()) == (("\u00e9", "b"), [[1.5, 2.0]])


@pytest.mark.usefixtures("reader")
def test_that_excel_s_separator_line_percent_cells_and_decimal_commas_read(tmp_path: Path) -> None:
    rows = '1;cat;"87,5%";12,5%\n2;dog;7,5%;92,5%\n'
    (tmp_path / "v.csv").write_text("sep=;\nid;label;cat;dog\n" + rows)
    found = read_predictions(tmp_path / "v.csv")
    assert (found.scores, found.sample_ids.tolist()) == ("probabilities", ["1", "2"])
    assert np.allclose(np.exp(found.logits), [[0.875, 0.125], [0.075, 0.925]])
    (tmp_path / "w.csv").write_text('id,label,cat,dog\n1,cat,"1,5","-0,5"\n')
    assert read_predictions(tmp_path / "w.csv").logits.tolist() == [[1.5, -0.5]]


def test_that_small_files_that_ask_for_much_are_refused_at_once(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(60_000))
    (tmp_path / "wide.csv").write_text(f"id,{names}\n")
    with pytest.raises(UserError, match=r"has 60,001 columns; at most 50,000"):
        read_layout_and_roles(tmp_path / "wide.csv")
    rows = "".join(f"{i},1,2\n" for i in range(1000))
    (tmp_path / "long.csv").write_text(f"id,a,b\n{'x' * 900_000},1,2\n{rows}")
    with pytest.raises(UserError, match=r"with ids of up to 900,000 characters; make the ids shorter"):
        read_predictions(tmp_path / "long.csv")


def read_layout_and_roles(path: Path) -> object:
    return roles_of(read_layout(path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs the system as files")
@pytest.mark.parametrize(
    "target", ["/proc/self/pagemap", "/proc/self/environ", "/sys/kernel/mm/transparent_hugepage/enabled"]
)
def test_that_the_system_s_own_files_are_not_read(tmp_path: Path, target: str) -> None:
    (tmp_path / "v.csv").symlink_to(target)
    assert not is_predictions(tmp_path / "v.csv")
    with pytest.raises(UserError, match="a part of the system, not a file"):
        read_predictions(tmp_path / "v.csv")
