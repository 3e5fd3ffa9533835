"""Lists of ids: read as text and as CSV, written and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.compare.files.id_list import read_ids, write_ids
from mpt_studio.errors import UserError


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "# blockers\na\n\n  b c \na\n"),
        ("list.csv", "a\nb c\n"),
        ("list.csv", "note,sample_id\nfirst,a\n,b c\n"),
        ("list.csv", '\ufeffsample_id\n"a"\n"b c"\n'),
    ],
)
def test_that_lists_are_read_as_text_or_csv(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert read_ids(tmp_path / name) == ("a", "b c")


@pytest.mark.parametrize(("content", "sentence"), [(b"\n#\n", "no ids"), (b"a\0b", "not a text file")])
def test_that_a_list_without_ids_is_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        read_ids(tmp_path / "list.txt")
    with pytest.raises(UserError, match="could not be read"):
        read_ids(tmp_path / "missing.txt")


def test_that_a_written_list_is_read_back(tmp_path: Path) -> None:
    for name in ("list.txt", "list.csv"):
        write_ids(tmp_path / name, ["test/b", "ü, x"], {"test/b": "look, here"})
        assert read_ids(tmp_path / name) == ("test/b", "ü, x")
    odd = (" spaced", "#1", "=1+1", "-5", "@x", "'=x")
    write_ids(tmp_path / "odd.csv", odd, {"#1": "=HYPERLINK(1)"})
    assert read_ids(tmp_path / "odd.csv") == odd
    assert ",=" not in (tmp_path / "odd.csv").read_text()
    with pytest.raises(UserError, match=r"write a \.csv file"):
        write_ids(tmp_path / "odd.txt", ["#1"])
