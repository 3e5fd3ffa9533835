"""What a caller names means the same from any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.errors import Interrupted, UserError
from mpt_studio.jobs.session import Session, absolute_classes, absolute_file, absolute_spec
from mpt_studio.store import Store


def test_that_progress_is_shown_and_then_ends_what_was_interrupted(tmp_path: Path) -> None:
    shown: list[tuple[str, float | None]] = []
    session = Session(Store(tmp_path), show=lambda *told: shown.append(told), interrupted=lambda: len(shown) > 1)
    session.progress("one", 0.5)
    with pytest.raises(Interrupted):
        session.progress("two", None)
    assert shown == [("one", 0.5), ("two", None)]


def test_that_names_of_files_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "classes.txt").touch()
    assert absolute_spec("folder:.") == absolute_spec(".") == f"folder:{tmp_path}"
    assert absolute_file("classes.txt") == str(tmp_path / "classes.txt")
    assert absolute_classes("classes.txt") == str(tmp_path / "classes.txt")


def test_that_what_names_no_file_stays() -> None:
    assert absolute_spec(" builtin ") == "builtin"
    assert absolute_file("") == ""
    assert [absolute_classes(text) for text in ("", "10", "cat,dog")] == ["", "10", "cat,dog"]


def test_that_what_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        absolute_file(str(tmp_path / "old.safetensors"))
    with pytest.raises(UserError, match="No data are named"):
        absolute_spec(" ")
