"""CSV as people write it: columns are told by their names, mistakes by line and column."""

from __future__ import annotations

import codecs
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
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


@pytest.mark.parametrize(
    ("ids", "truth", "answer"),
    [
        ("sample_id", "label", "prediction"), ("id", "Truth", "predicted"), ("Image", "target", "y_pred"),
        ("path", "class", "Answer"), ("File Name", "y_true", "pred"), ("filename", "true-label", "Predicted Class"),
    ],
)  # fmt: skip
def test_that_the_usual_names_of_columns_are_known(tmp_path: Path, ids: str, truth: str, answer: str) -> None:
    path = write(tmp_path / "v.csv", [(answer, "note", truth, ids), ("dog", "?", "cat", 7), ("cat", "!", "cat", 8)])
    assert is_predictions(path)
    found = read_predictions(path)
    assert by_id(found) == {"7": ("cat", "dog", {}), "8": ("cat", "cat", {})}
    assert (found.scores, found.open_ended) == ("answers", True)
    assert "Columns that are not read: 'note'." in found.notes


@pytest.mark.parametrize("prefix", ["logit_", "logits.", "prob_", "p_", "score_", "Probability:"])
def test_that_prefixes_are_no_part_of_a_name_and_other_numbers_are_left_alone(tmp_path: Path, prefix: str) -> None:
    header = ("id", "label", "brightness", f"{prefix}cat", f"{prefix}big dog")
    found = read_predictions(write(tmp_path / "v.csv", [header, (1, "cat", 9, 0.25, 0.75), (2, "cat", 8, 0.5, 0.5)]))
    assert found.class_names == ("cat", "big dog")
    assert found.scores == ("logits" if prefix.startswith("logit") else "probabilities")


def test_that_a_prefix_that_belongs_to_the_names_stays(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "p_a", "p_b"), (1, "p_a", 3, 4)]))
    assert found.class_names == ("p_a", "p_b")


def test_that_numbered_columns_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = [f"logits_{i}" for i in range(11)]
    random.Random(1).shuffle(names)
    row = [int(name.split("_")[1]) for name in names]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", *names), ("a", 3, *row)]))
    assert found.logits.tolist() == [[float(i) for i in range(11)]]
    assert found.class_names == tuple(map(str, range(11)))
    listed = read_predictions(tmp_path / "v.csv", tuple("abcdefghijk"))
    assert (listed.class_names, listed.label_names[listed.labels[0]]) == (tuple("abcdefghijk"), "d")


def test_that_lists_beside_the_file_name_numbered_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [("id", "label", "logits_0", "logits_1"), ("a", 1, 0, 2)])
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    assert read_predictions(path).class_names == ("0", "1")  # another number of names
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    found = read_predictions(path)
    assert (found.class_names, found.label_names[found.labels[0]]) == (("cat", "dog"), "dog")
    assert "The class names are those of labels.txt beside the file." in found.notes
    (tmp_path / "v.classes.txt").write_text("dog\ncat\n")
    assert read_predictions(path).class_names == ("dog", "cat")


def test_that_listed_classes_choose_the_columns_and_their_order(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [("id", "label", "blur", "cat", "dog"), ("a", "Dog", 9, 1, 2)])
    found = read_predictions(path, ("dog", "cat"))
    assert (found.class_names, found.logits.tolist()) == (("dog", "cat"), [[2.0, 1.0]])
    assert found.label_names[found.labels[0]] == "dog"
    with pytest.raises(UserError, match=r"v\.csv has no column of scores for 'cow'"):
        read_predictions(path, ("dog", "cow"))


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
        ("id,p_a,p_b\n1,0.2,0.3\n", r"the probabilities of '1' add up to 0\.5, not 1; call the columns score_"),
        ("id,prob_a,prob_b\n1,20,80\n", r"has probabilities from 20 to 80; call the columns logit_"),
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
    with pytest.raises(UserError, match=r"UTF-8|no text file|no column|no rows"):
        read_predictions(tmp_path / "v.csv")
    assert not is_predictions(tmp_path / "v.csv")


def test_that_a_bad_byte_far_down_is_refused(tmp_path: Path) -> None:
    rows = b"".join(b"%d,a,1,2\n" % i for i in range(400_000))
    (tmp_path / "v.csv").write_bytes(b"id,label,a,b\n" + rows + b"x,\xff,1,2\n")
    with pytest.raises(UserError, match="is not UTF-8 after line"):
        read_predictions(tmp_path / "v.csv")


def test_that_probabilities_become_logarithms_and_margins_are_exact(tmp_path: Path) -> None:
    rows = [("a", "x", 0.7, 0.2, 0.1), ("b", "y", 0.0, 1e-9, 1 - 1e-9), ("c", "z", 0.25, 0.25, 0.5)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "x", "y", "z"), *rows]))
    assert found.scores == "probabilities"
    assert float(found.logits[0, 0] - found.logits[0, 1]) == pytest.approx(math.log(0.7 / 0.2), abs=1e-6)
    assert float(found.logits[1, 0]) < float(found.logits[1, 1])  # 0 stays below every other probability
    assert "1 probability of 0 was taken as 5e-10." in found.notes


def test_that_scores_of_0_and_1_alone_are_answers(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [HEADER, ("1", "cat", 1, 0), ("2", "cat", 0, 1)]))
    assert (found.scores, found.open_ended, found.class_names) == ("answers", False, ("cat", "dog"))
    assert found.predicted.tolist() == [0, 1]


def test_that_a_few_answers_may_differ_from_the_scores_and_are_noted(tmp_path: Path) -> None:
    rows = [(i, "cat", "dog" if i == 7 else "cat", 2, 1) for i in range(200)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "pred", "cat", "dog"), *rows]))
    assert found.predicted.tolist() == [0] * 200
    assert any(
        note.startswith("The answers differ from the largest scores in 1 of 200 samples") for note in found.notes
    )


def test_that_missing_labels_are_counted_and_floats_are_whole_numbers(tmp_path: Path) -> None:
    rows = [("a", "1.0", 1, 2), ("b", "", 1, 2), ("c", "0.0", 1, 2)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "cat", "dog"), *rows]))
    assert found.labels.tolist() == [1, -1, 0]
    assert "1 sample has no label." in found.notes
    silent = read_predictions(write(tmp_path / "w.csv", [("id", "cat", "dog"), ("a", 1, 2)]))
    assert not silent.has_truth
    assert "The file does not tell the true classes." in silent.notes


def test_that_digits_are_names_where_the_columns_are_called_so(tmp_path: Path) -> None:
    names = [str(i) for i in range(1, 13)]  # 1..12, as folders are called
    rows = [(f"s{i}", i, *(int(j == i) * 3 - 0.5 for j in range(1, 13))) for i in range(1, 13)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", *names), *rows]))
    assert found.class_names == tuple(names)
    assert all(truth == answer for truth, answer, _ in by_id(found).values())


def test_that_tables_of_other_things_are_not_taken_for_predictions(tmp_path: Path) -> None:
    for header, row in (
        (("id", "camera", "brightness", "blur"), ("1", "front", 3, 4)),
        (("path", "label"), ("a.png", "cat")),
        (("path", "label", "width", "age"), ("a.png", "cat", 3, 4)),
        (("sample_id", "true_class", "old_answer", "margin_drop", "new_margin"), ("1", "a", "b", 1, 2)),
    ):
        assert not is_predictions(write(tmp_path / "t.csv", [header, row])), header
    assert is_predictions(write(tmp_path / "t.csv", [HEADER, *ROWS]))


letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
names = st.text(letters, min_size=1, max_size=6).map(str.strip)
classes = st.lists(
    names.filter(lambda n: n and not n.replace(".", "").lstrip("+-").isdigit()), min_size=2, max_size=5, unique=True
)


def test_that_a_bracket_ends_a_name_only_where_one_opened_it(tmp_path: Path) -> None:
    rows = [["a", "x]", "1.5", "0.0"], ["b", "y", "0.0", "2.5"]]
    found = read_predictions(write(tmp_path / "v.csv", [["id", "label", "logit_x]", "logit[y]"], *rows]))
    assert found.class_names == ("x]", "y")


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


def test_that_a_file_is_imported_once_and_anew_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path / "v.csv", [HEADER, *ROWS])
    first = read_predictions(path)
    monkeypatch.setattr("mpt_studio.predictions.importing.to_predictions", None)  # it is not asked again
    (tmp_path / "other name.csv").write_bytes(path.read_bytes())
    again = read_predictions(tmp_path / "other name.csv")
    assert (by_id(again), again.version) == (by_id(first), "other name")
    monkeypatch.undo()
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    write(path, [HEADER, *ROWS[:1]])
    assert len(read_predictions(path)) == 1


def test_that_a_cache_that_cannot_be_written_only_costs_the_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "file"))
    assert len(read_predictions(write(tmp_path / "v.csv", [HEADER, *ROWS]))) == 2


def test_that_progress_is_told_and_may_cancel(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [HEADER, *((i, "cat", i, -i) for i in range(3000))])
    told: list[float | None] = []
    read_predictions(path, progress=lambda sentence, fraction: told.append(fraction))
    assert told

    def stop(sentence: str, fraction: float | None) -> None:
        raise KeyboardInterrupt

    write(path, [HEADER, *((i, "dog", i, -i) for i in range(3000))])
    with pytest.raises(KeyboardInterrupt):
        read_predictions(path, progress=stop)


def test_that_utf_8_with_a_mark_and_carriage_returns_reads(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_bytes(codecs.BOM_UTF8 + "id,label,κ,dog\r\n1,κ,2,1\r\n\r\n".encode())
    assert read_predictions(tmp_path / "v.csv").class_names == ("κ", "dog")
