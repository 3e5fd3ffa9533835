"""Opening data sets by spec string."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.data import builtin, describe, open_dataset
from mpt_studio.data.sources import parse_spec
from mpt_studio.errors import UserError


def test_that_spec_strings_give_a_kind_and_an_absolute_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_spec("builtin") == ("builtin", None)
    assert parse_spec(" Fashion_MNIST ") == ("fashion-mnist", None)
    assert parse_spec("cifar10:a b") == ("cifar10", tmp_path / "a b")
    assert parse_spec(f"folder:{tmp_path}/a b/../a b") == ("folder", tmp_path / "a b")


def test_that_the_path_of_a_folder_alone_opens_it_as_images(tmp_path: Path) -> None:
    assert parse_spec(str(tmp_path)) == ("folder", tmp_path)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("bultin", "did you mean builtin?"),
        ("", "No data are named; write builtin"),
        ("imagenet:/data", "use builtin"),
        ("cifar10", "write cifar10:DIR"),
        ("builtin:here", "write builtin alone"),
        ("folder:/does/not/exist", "There is no folder /does/not/exist"),
        ("folder:\n\x1b[31mred", "There is no folder"),
    ],
)
def test_that_a_wrong_spec_is_answered_with_a_sentence(spec: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        open_dataset(spec)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def test_that_an_archive_in_place_of_a_folder_is_recognised(tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(b"\x1f\x8b")
    with pytest.raises(UserError, match="unpack it"):
        open_dataset(f"cifar10:{archive}")


def test_that_a_description_counts_every_sample_once() -> None:
    record = describe(open_dataset("builtin"))
    assert record["samples"] == record["train"] + record["test"]
    assert sum(c["train"] for c in record["classes"]) == record["train"]
    assert sum(c["test"] for c in record["classes"]) == record["test"]
    assert record["default_old_classes"] == list("0123456789")


def test_that_importing_the_room_brings_in_neither_torch_nor_an_image_decoder() -> None:
    unwanted = ("torch", "torchvision", "PIL", "PySide6")
    code = f"import sys, mpt_studio.data; print([m for m in {unwanted} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_that_a_listener_can_cancel_and_the_next_opening_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path))
    monkeypatch.setattr(builtin, "TRAIN_PER_CLASS", 2)
    monkeypatch.setattr(builtin, "TEST_PER_CLASS", 1)

    def cancel(sentence: str, fraction: float | None) -> None:
        if fraction is not None and fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_dataset("builtin", cancel)
    assert not [p for p in (tmp_path / "data").iterdir() if p.is_dir()]
    assert np.ptp(open_dataset("builtin").image(0)) > 0


def test_that_an_unwritable_cache_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match="MPT_STUDIO_CACHE"):
        open_dataset("builtin")
