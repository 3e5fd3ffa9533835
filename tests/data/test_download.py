"""Downloads are checked, reported, and say what to do where there is no network."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mpt_studio.data import download
from mpt_studio.errors import UserError


def heard(told: list[float | None]) -> object:
    return lambda sentence, fraction: told.append(fraction)


def test_that_a_download_is_checked_and_reported(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"published")
    told: list[float | None] = []
    md5 = hashlib.md5(b"published").hexdigest()
    download.fetch(source.as_uri(), tmp_path / "cache" / "got", 9, md5, heard(told))
    assert (tmp_path / "cache" / "got").read_bytes() == b"published"
    assert told == [1.0]


def test_that_a_download_of_something_else_is_refused_and_not_kept(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"a login page of a hotel")
    with pytest.raises(UserError, match="did not give the published file"):
        download.fetch(source.as_uri(), tmp_path / "cache" / "got", 9, "0" * 32, heard([]))
    assert list((tmp_path / "cache").iterdir()) == []


def test_that_being_offline_is_a_sentence_with_ways_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dataset-fashion-mnist, or name a folder"):
        download.fashion_mnist(tmp_path, heard([]), mirror="http://127.0.0.1:9/")
