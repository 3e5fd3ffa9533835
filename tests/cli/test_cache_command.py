"""What decoded images take, and how to be rid of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.fit import Whole

from .conftest import run


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for i in range(8):
            (tmp_path / "images" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(
                tmp_path / "images" / name / f"{i}.png"
            )
    data = open_dataset(f"folder:{tmp_path / 'images'}")
    for _ in data.keep(range(len(data)), Whole(8)):
        pass
    return data.spec


def test_that_decoded_images_are_shown_and_deleted(capsys: pytest.CaptureFixture[str], kept: str) -> None:
    code, out, _ = run(capsys, "cache", "--json")
    record = json.loads(out)
    (entry,) = record["images"]
    assert (code, entry["data"], entry["form"]) == (0, kept, "whole-8.pixels")
    assert record["bytes"] == entry["bytes"] >= 16 * 192
    assert kept in run(capsys, "cache")[1]
    code, out, _ = run(capsys, "cache", "--empty", "--json")
    assert (json.loads(out)["images"], json.loads(out)["freed"]) == ([], entry["bytes"])
    assert run(capsys, "cache")[1].startswith("Decoded images and features take 0 MB; they may take ")


@pytest.mark.usefixtures("kept")
def test_that_a_limit_is_kept_for_the_next_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert "limit: 25%" in run(capsys, "cache")[1]
    assert run(capsys, "cache", "--limit", "20 GB")[0] == 0
    assert json.loads(run(capsys, "cache", "--json")[1])["limit_bytes"] == 20 << 30
    code, _, err = run(capsys, "cache", "--limit", "plenty")
    assert (code, "'plenty' is no limit for decoded images" in err) == (1, True)
    assert "limit: 20 GB" in run(capsys, "cache")[1]


def test_that_a_folder_is_kept_for_the_next_call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    code, _, err = run(capsys, "cache", "--folder", str(tmp_path / "large"))
    assert (code, "MPT_STUDIO_CACHE says where they lie" in err) == (1, True)
    monkeypatch.delenv("MPT_STUDIO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert run(capsys, "cache", "--folder", str(tmp_path / "large"))[0] == 0
    assert str(tmp_path / "large") in run(capsys, "cache")[1]
    assert str(tmp_path / "xdg") in run(capsys, "cache", "--folder", "auto")[1]
