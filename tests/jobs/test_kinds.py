"""What a dropped file or folder is, by its content."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mpt_studio.errors import UserError
from mpt_studio.jobs.kinds import kind_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "answers.csv").write_text("id,prediction\n1,cat\n")
    (tmp_path / "images.txt").write_text("path,label\ncat/1.png,cat\n")
    (tmp_path / "more.csv").write_text("id,camera\n1,front\n")
    (tmp_path / "notes.txt").write_text("nothing of ours")
    save_file({"weight": np.zeros((2, 2), np.float32)}, tmp_path / "theirs.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".", "images"),
        ("answers.csv", "predictions"),
        ("images.txt", "table"),
        ("more.csv", "table"),
        ("theirs.safetensors", "weights"),
    ],
)
def test_that_content_tells_the_kind(folder: Path, name: str, kind: str) -> None:
    assert kind_of(folder / name) == kind


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.pth", "There is no file"),
        ("notes.txt", "is a text file, not weights"),
        ("cat/1.png", "is a single image"),
        ("empty", "holds neither"),
    ],
)
def test_that_anything_else_is_refused_with_what_it_is(folder: Path, name: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        kind_of(folder / name)


def test_that_looking_at_a_file_brings_in_no_engine(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mpt_studio.jobs.kinds import kind_of; "
        f"kind_of(Path({str(folder / 'theirs.safetensors')!r})); kind_of(Path({str(folder)!r})); "
        "sys.exit(any(name.startswith('mpt_studio.engine') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
