"""Images listed in a CSV file."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mpt_studio.data import decode, manifest, open_dataset
from mpt_studio.data.manifest_table import is_manifest
from mpt_studio.data.sources import parse_spec
from mpt_studio.errors import UserError

from .conftest import SLOW_MACHINE, plain, write


def reasons(file: Path) -> dict[str, str]:
    return {s.sample_id: s.reason for s in open_dataset(f"manifest:{file}").skipped}


def test_that_parts_and_further_columns_are_read(images: Path) -> None:
    part = ["train", "Train", "training", "dev", "TEST"]
    rows = [f"{c}{n}.png,{c},{part[n]},{n}0 °C" for c in "ab" for n in range(5)]
    data = open_dataset(f"manifest:{write(images, 'File Name,Class,Split,taken', *rows)}")
    assert data.class_names == ("a", "b")
    assert data.sample_ids[data.train].tolist() == ["a0.png", "a1.png", "a2.png", "b0.png", "b1.png", "b2.png"]
    assert data.sample_ids[data.validation].tolist() == ["a3.png", "b3.png"]
    assert data.sample_ids[data.test].tolist() == ["a4.png", "b4.png"]
    assert data.metadata["taken"][:2] == ("00 °C", "10 °C")
    assert len(data.metadata["taken"]) == len(data) == 10
    assert data.image(9).tolist() == np.full((4, 4, 3), 9).tolist()


def test_that_without_parts_a_fifth_is_the_test_part(images: Path) -> None:
    data = open_dataset(f"manifest:{write(images, 'path,label', *plain())}")
    assert sorted([*data.train.tolist(), *data.test.tolist()]) == list(range(10))
    assert np.bincount(data.labels[data.test], minlength=2).min() >= 1


def test_that_quotes_commas_and_line_breaks_keep_the_line_numbers(images: Path) -> None:
    rows = ['a0.png,a,"a comment,', 'over two lines"', "gone.png,a,", *(f"{row}," for row in plain()[1:])]
    data = open_dataset(f"manifest:{write(images, 'path,label,comment', *rows)}")
    assert [(s.sample_id, s.reason) for s in data.skipped] == [("gone.png", "line 4: no such file")]
    assert data.metadata["comment"].count("a comment,\nover two lines") == 1


def test_that_every_unusable_line_is_listed_with_its_number(images: Path) -> None:
    (images / "folder.png").mkdir()
    (images / "empty.png").write_bytes(b"")
    rows = [
        "a0.png,a,train", "a1.png,a,test", "b0.png,b,train", "b1.png,b,test",
        ",a,train", "a2.png,,train", "a3.png,a,", "a4.png,a,unused", "nowhere.png,a,train",
        "./a0.png,a,train", "b2.png,b,train", "b2.png,a,train", "b3.png,b,train", "b3.png,b,test",
        "https://example.org/x.png,a,train", "folder.png,a,train", "empty.png,b,train", "b4.png",
    ]  # fmt: skip
    file = write(images, "path,label,part", *rows)
    assert reasons(file) == {
        "(no path)": "line 6: no path",
        "a2.png": "line 7: no label",
        "a3.png": "line 8: no part",
        "a4.png": "line 9: the part 'unused' is none of train, val, test",
        "nowhere.png": "line 10: no such file",
        "./a0.png": "line 11: listed already in line 2",
        "b2.png": "line 13: lines 12, 13 give this file different labels",
        "b3.png": "line 15: lines 14, 15 give this file different parts",
        "https://example.org/x.png": "line 16: a web address, not a file",
        "folder.png": "line 17: a folder, not a file",
        "empty.png": "line 18: empty file",
        "b4.png": "line 19: no label",
    }
    assert open_dataset(f"manifest:{file}").sample_ids.tolist() == ["a0.png", "b0.png", "a1.png", "b1.png"]


def test_that_absolute_paths_and_foreign_separators_lead_to_the_same_samples(images: Path, tmp_path: Path) -> None:
    (images / "x").mkdir()
    (images / "a0.png").rename(images / "x" / "a0.png")
    rows = ["x/a0.png,a", *plain()[1:]]
    relative = open_dataset(f"manifest:{write(images, 'path,label', *rows)}")
    there = open_dataset(f"manifest:{write(images, 'path,label', *(f'{images}/{row}' for row in rows))}")
    file = write(images, "path,label", "x\\a0.png,a", *rows[1:])
    windows = open_dataset(f"manifest:{file}")
    assert relative.fingerprint == there.fingerprint == windows.fingerprint


def test_that_files_elsewhere_keep_their_absolute_path_as_id(images: Path, tmp_path: Path) -> None:
    place = tmp_path / "lists"
    place.mkdir()
    data = open_dataset(f"manifest:{write(place, 'path,label', *(f'../{row}' for row in plain()))}")
    assert str(images / "a0.png") in data.sample_ids.tolist()
    assert data.image(0).shape == (4, 4, 3)


def test_that_labels_in_two_unicode_forms_are_one_class(images: Path) -> None:
    both = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD", "NFC", "NFD", "NFD"))
    rows = [*(f"a{n}.png,{label}" for n, label in enumerate(both)), *plain()[5:]]
    assert open_dataset(f"manifest:{write(images, 'path,label', *rows)}").class_names == ("b", "é")


def test_that_labels_that_differ_by_case_are_refused_with_both_lines(images: Path) -> None:
    file = write(images, "path,label", *plain(), "a4.png,A")
    with pytest.raises(UserError, match=r"'a', 'A' in lines 2 and 12 of .* differ only by"):
        open_dataset(f"manifest:{file}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column of paths"),
        (b"path,label\n", "lists no images"),
        (b"file,size\na,1\n", "no column of labels but 'file', 'size'; name one label or class"),
        (b"path,label\na0.png,caf\xe9\n", "line 2, is not UTF-8"),
        (b'path,label\na0.png,a\n"a1.png,a\n', "line 3, is not CSV"),
        (b"path,label,x,x\na0.png,a,1,2\n", "more than one column 'x'"),
        (b"path,label\na0.png,a\na1.png,a\n", "only one class, 'a'"),
        (b"path,label\na0.png,a\na1.png,a\ngone.png,b\n", "'b' in .* fewer than two"),
        (b"path,label,split\na0.png,a,train\nb0.png,b,train\n", "training images only"),
        (b"path,label,split\na0.png,a,train\nb0.png,b,test\na1.png,a,test", "'b' has no readable images in the train"),
    ],
)
def test_that_what_is_no_manifest_is_a_sentence(images: Path, content: bytes, says: str) -> None:
    (images / "list.csv").write_bytes(content)
    with pytest.raises(UserError, match=says):
        open_dataset(f"manifest:{images / 'list.csv'}")


def test_that_test_lines_alone_can_be_evaluated_on(images: Path) -> None:
    data = open_dataset(f"manifest:{write(images, 'path,label,split', *plain(',test'))}")
    assert (len(data.train), len(data.test)) == (0, 10)


def test_that_validation_lines_are_the_test_part_where_there_is_no_other(images: Path) -> None:
    rows = [f"{c}{n}.png,{c},{'train' if n else 'val'}" for c in "ab" for n in range(5)]
    data = open_dataset(f"manifest:{write(images, 'path,label,split', *rows)}")
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 0, 2)


def test_that_a_table_of_paths_named_alone_is_a_manifest(images: Path) -> None:
    file = write(images, "path,label", *plain())
    assert parse_spec(str(file)) == ("manifest", file)
    other = images / "answers.csv"
    other.write_text("id,label,logit_a\n1,a,0.5\n")
    assert not is_manifest(other)
    with pytest.raises(UserError, match="There is no data set"):
        parse_spec(str(other))


@pytest.mark.parametrize(
    ("spec", "says"), [("manifest:", "write manifest:FILE.csv"), ("manifest:/gone.csv", "no file")]
)
def test_that_a_manifest_that_is_not_there_is_a_sentence(spec: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        open_dataset(spec)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_that_a_pipe_in_place_of_the_manifest_or_of_an_image_is_never_waited_for(images: Path) -> None:
    os.mkfifo(images / "pipe.png")
    assert reasons(write(images, "path,label", *plain(), "pipe.png,a", "/dev/zero,a")) == {
        "pipe.png": "line 12: a pipe, not a file",
        "/dev/zero": "line 13: a device, not a file",
    }
    os.mkfifo(images / "list2.csv")
    with pytest.raises(UserError, match="a pipe, not a file"):
        open_dataset(f"manifest:{images / 'list2.csv'}")


def test_that_a_second_opening_notices_what_changed_and_reads_nothing_else(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(images, "path,label,camera", *(f"{row},x{i}" for i, row in enumerate(plain())), "late.png,a,y")
    first = open_dataset(f"manifest:{file}")
    looked_at: list[bytes] = []
    check = decode.check
    monkeypatch.setattr(decode, "check", lambda content: looked_at.append(content) or check(content))
    monkeypatch.setattr(manifest, "read_table", None)
    second = open_dataset(f"manifest:{file}")
    assert (second.fingerprint, second.metadata, second.skipped) == (first.fingerprint, first.metadata, first.skipped)
    monkeypatch.undo()
    monkeypatch.setattr(decode, "check", lambda content: looked_at.append(content) or check(content))
    Image.new("RGB", (5, 5)).save(images / "late.png")
    assert len(open_dataset(f"manifest:{file}")) == 11
    assert len(looked_at) == 1
    Image.new("RGB", (6, 6)).save(images / "a0.png")
    assert open_dataset(f"manifest:{file}").fingerprint != first.fingerprint


FIELDS = st.sampled_from(
    ["a0.png", "b0.png", "", "path", "label", "split", "train", "test", "a", "b", "A", "\0", "..", "é"]
)
"""What tables are made of, so that some get far."""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a0.png", "b0.png"):
            Image.new("RGB", (2, 2)).save(Path(folder) / name)
        yield Path(folder)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW_MACHINE)
@given(
    rows=st.lists(st.lists(FIELDS, max_size=5), max_size=6),
    junk=st.binary(max_size=30),
    delimiter=st.sampled_from(",;\t"),
)
def test_that_no_table_raises_anything_but_a_sentence(
    place: Path, rows: list[list[str]], junk: bytes, delimiter: str
) -> None:
    file = place / "list.csv"
    text = "\n".join(["path,label,split".replace(",", delimiter), *(delimiter.join(row) for row in rows)])
    for content in (junk, text.encode() + junk, text.encode()):
        file.write_bytes(content)
        with contextlib.suppress(UserError):
            data = open_dataset(f"manifest:{file}")
            assert len(data) == len(set(data.sample_ids.tolist())) > 0
