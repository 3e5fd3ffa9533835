"""Which file of a folder holds the weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.files.version_folder import is_version_folder, weights_in


def test_that_a_folder_is_a_version_by_the_names_in_it(tmp_path: Path) -> None:
    assert not is_version_folder(tmp_path)
    assert not is_version_folder(tmp_path / "absent")
    (tmp_path / "net.safetensors").touch()
    assert not is_version_folder(tmp_path)
    (tmp_path / "config.json").touch()
    assert is_version_folder(tmp_path)


def test_that_the_one_file_of_weights_is_found_and_a_usual_one_goes_before(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder without weights"):
        weights_in(tmp_path)
    (tmp_path / "net.pth").touch()
    assert weights_in(tmp_path).name == "net.pth"
    (tmp_path / "other.pt").touch()
    with pytest.raises(UserError, match="2 files of weights"):
        weights_in(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert weights_in(tmp_path).name == "model.safetensors"
