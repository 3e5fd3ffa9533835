"""The files of a report, and what is refused before anything is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.errors import UserError
from mpt_studio.jobs import Asked
from mpt_studio.predictions import Predictions, write_predictions
from mpt_studio.report import Files, write_report
from mpt_studio.store import Store


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    ids, labels = np.array(["x", "y"]), np.array([0, 1])
    for name in ("old", "new"):
        made = Predictions(ids, labels, ("a", "b"), np.eye(2, dtype=np.float32), ("a", "b"), version=name)
        write_predictions(made, tmp_path / name)
    return Asked(old=str(tmp_path / "old"), new=str(tmp_path / "new"))


@pytest.fixture
def session(tmp_path: Path) -> jobs.Session:
    return jobs.Session(Store(tmp_path / "store"))


def test_that_files_that_are_not_asked_for_are_not_written(
    asked: Asked, session: jobs.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    done = write_report(session, asked, Files(page=tmp_path / "r.html"))
    assert [each["path"] for each in done["files"]] == [str(tmp_path / "r.html")]
    assert done["files"][0]["bytes"] == (tmp_path / "r.html").stat().st_size
    assert (done["verdict"], done["sentences"]) == ("", [])
    assert not (tmp_path / "summary").exists()


def test_that_a_summary_that_cannot_be_written_is_a_sentence(
    asked: Asked, session: jobs.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(UserError, match=r"The summary .* could not be written"):
        write_report(session, asked, Files(markdown=tmp_path / "r.md"))


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (Files(), "nothing to write"),
        (Files(page=Path("r"), json=Path("./r")), "the same name"),
        (Files(junit=Path("no\0where")), "can be no file"),
    ],
)
def test_that_files_are_checked_before_anything_is_counted(files: Files, sentence: str, session: jobs.Session) -> None:
    with pytest.raises(UserError, match=sentence):
        write_report(session, Asked(old="nothing"), files)


def test_that_a_folder_that_is_not_there_is_made_and_one_in_the_way_is_named(
    asked: Asked, session: jobs.Session, tmp_path: Path
) -> None:
    write_report(session, asked, Files(json=tmp_path / "new" / "folder" / "r.json"))
    assert (tmp_path / "new" / "folder" / "r.json").is_file()
    with pytest.raises(UserError, match="could not be written"):
        write_report(session, asked, Files(page=tmp_path / "new"))
