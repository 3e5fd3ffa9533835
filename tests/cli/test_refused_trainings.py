"""What cannot be trained gets a sentence and an exit code, and nothing of it is put on disk."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import pytest
import torch
from PIL import Image

from mpt_studio.__main__ import main
from mpt_studio.engine.train.state import State
from mpt_studio.store import Store

from .conftest import run

TRAINING = ["--epochs", "2", "--batch-size", "8", "--device", "cpu", "--precision", "fp32"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of three classes, an old model of two of them in several forms, and a resume state."""
    folder = tmp_path_factory.mktemp("refused")
    for name, shade in (("dark", 30), ("grey", 120), ("light", 210)):
        for part, count in (("train", 12), ("test", 3)):
            (folder / "images" / part / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (16, 16), (shade + i, shade, shade)).save(folder / "images" / part / name / f"{i}.png")
    store, data = folder / "store", f"folder:{folder / 'images'}"
    words = ["train", "--data", data, "--role", "old", "--old-classes", "dark,light", "--store", str(store), *TRAINING]
    assert main(words) == 0
    (trained,) = Store(store).runs()
    (folder / "old.safetensors").write_bytes(Path(trained.checkpoint or "").read_bytes())
    State({}).save(folder / "state.safetensors")
    ids = [f"{part}/{name}/{i}.png" for name in ("dark", "grey", "light") for part, n in PARTS for i in range(n)]
    lines = [f"{name},{name.split('/')[1]},1.5,-0.5" for name in ids]
    (folder / "answers.csv").write_text("\n".join(["id,label,logit_dark,logit_light", *lines]))
    (folder / "folder").mkdir()
    return folder


PARTS = (("train", 12), ("test", 3))
OWN, GIVEN = ("--old-classes", "dark,light"), ("--old", "old.safetensors")
ONE_CLASS = ("--old-classes", "dark,")


@pytest.mark.parametrize(
    ("command", "words", "sentence"),
    [
        ("update", [*GIVEN, "--methods", "none@old", "--arch", "shufflenet_v2_x0_5"], "choose --arch small, or leave"),
        ("train", [*GIVEN, "--method", "none@old", "--arch", "shufflenet_v2_x0_5"], "choose --arch small, or leave"),
        ("update", [*GIVEN, "--methods", "none@old,bcwi", "--image-size", "32"], "choose --image-size 16, or leave"),
        ("update", ["--old", "answers.csv", "--methods", "none@old"], "known by its answers only"),
        ("train", ["--old", "answers.csv", "--method", "none@old"], "known by its answers only"),
        ("both", ["--start", "pretrained"], "No weights of small are published"),
        ("both", ["--start", "old.safetensors", "--arch", "shufflenet_v2_x0_5"], "choose --arch small"),
        ("both", ["--start", "state.safetensors"], "resume state"),
        ("both", ["--start", "folder"], "folder without weights"),
        ("both", ["--start", "answers.csv"], "text file, not weights"),
        ("both", ["--start", "images/train/dark/0.png"], "0.png"),
        ("both", ["--image-size", "1"], "cannot take images of 1 pixels"),
        ("both", ["--patience", "1", "--validation-fraction", "0"], "no validation part, on which --patience chooses"),
        ("both", ["--keep", "best", "--validation-fraction", "0"], "no validation part, on which --keep best chooses"),
        ("update", [*GIVEN, "--methods", "none@old,bcwi", "--validation-fraction", "0"], "on which BCWI of No_Treat"),
        ("train", ["--patience", "1", "--patience-on", "nfr"], "Negative flips need an old model"),
        ("update", [*ONE_CLASS, "--mixup", "0.2"], "need at least two classes"),
        ("train", [*ONE_CLASS, "--role", "old", "--cutmix", "1"], "need at least two classes"),
    ],
)
def test_that_nothing_is_put_on_disk_of_what_cannot_be_trained(
    command: str,
    words: list[str],
    sentence: str,
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place)
    for door in ("update", "train") if command == "both" else (command,):
        own = OWN if door == "update" and not {"--old", "--old-classes"} & set(words) else ()
        code, out, err = run(
            capsys, door, "--data", "folder:images", *own, *words, *TRAINING, "--store", str(tmp_path / "store")
        )
        assert (code, out) == (1, "")
        assert sentence in err
        assert "Traceback" not in err
        store = Store(tmp_path / "store")
        assert not [*store.updates(), *store.runs()]


def test_that_a_mixture_without_a_candidate_is_a_mistake_of_use(
    place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = run(capsys, "update", "--data", f"folder:{place}/images", *OWN, "--methods", "bcwi")
    assert (code, "put it after one from the old model" in err) == (2, True)
    code, _, err = run(capsys, "train", "--data", f"folder:{place}/images", "--start", str(tmp_path / "none.pth"))
    assert (code, "no start" in err or "no file" in err) == (1, True)


def test_that_published_weights_out_of_reach_are_a_sentence_before_anything_is_on_disk(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("No route to host")

    monkeypatch.setattr("torch.hub.urlopen", offline)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    words = ["--data", f"folder:{place}/images", "--start", "pretrained", "--arch", "shufflenet_v2_x0_5"]
    for door in ("train", "update"):
        own = OWN if door == "update" else ()
        code, _, err = run(capsys, door, *words, *own, *TRAINING, "--store", str(tmp_path / "store"))
        assert code == 1
        assert "Put the file" in err
        assert "Traceback" not in err
        store = Store(tmp_path / "store")
        assert not [*store.updates(), *store.runs()]


@pytest.mark.parametrize(
    "words",
    [
        ["--layer-decay", "0.5"],
        ["--accumulate", "64"],
        ["--ema", "0.9998", "--epochs", "1"],
        ["--freeze", "always"],
        ["--patience", "1", "--balance", "1"],
    ],
)
def test_that_what_is_unusual_but_possible_is_trained(
    words: list[str], place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    code, out, err = run(capsys, "train", "--data", f"folder:{place}/images", *TRAINING, *words, "--store", store)
    assert code == 0
    assert "safetensors" in out
    assert ("random weights" in err) == ("--freeze" in words)


def test_that_an_update_with_patience_goes_on_from_the_best_epochs_it_kept(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--patience", "1", "--patience-on", "nfr", "--methods", "none,none@old,bcwi", "--store", str(tmp_path)]
    code, out, _ = run(capsys, "update", "--data", f"folder:{place}/images", *OWN, *TRAINING, *words)
    assert code == 0
    assert "Mixture (BCWI) of Plain training @old" in out
