"""Foreign versions through the limited child: read once, remembered, killed on cancel, refused with a sentence."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.errors import UserError
from mpt_studio.jobs import read_weights as reading
from mpt_studio.reading import Candidate, Choices, Need, Reading

from .conftest import ARCH

NAMES = ("ant", "bee", "cat")

pytestmark = pytest.mark.usefixtures("forked")


@pytest.fixture
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "run_child", lambda *a: pytest.fail("a child was started"))


def test_that_a_version_is_read_once_and_what_was_said_is_remembered(
    session: jobs.Session, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"trained\.pth does not say what its 3 outputs mean.*--classes"):
        jobs.checkpoint_of(session, weights)
    found = jobs.checkpoint_of(session, weights, Choices(class_names=NAMES))
    assert (found.architecture, found.class_names, found.source) == (ARCH, NAMES, "trained.pth")
    monkeypatch.setattr(reading, "run_child", lambda *a: pytest.fail("a child was started"))
    assert jobs.checkpoint_of(session, weights) == found
    assert jobs.read_version(session, weights).class_names_from == "your choice"
    _answers_as_it_was_trained(found, weights)


def _answers_as_it_was_trained(found: Checkpoint, weights: Path) -> None:
    import torch
    import torchvision

    from mpt_studio.engine.networks.weights import load_network

    plain = torchvision.models.get_model(ARCH, weights=None, num_classes=3).eval()
    plain.load_state_dict(torch.load(weights, weights_only=True)["net"])
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(load_network(found)(images), plain(images))


def test_that_new_choices_replace_remembered_ones_and_bad_ones_are_not_kept(
    session: jobs.Session, weights: Path
) -> None:
    jobs.read_version(session, weights, Choices(class_names=NAMES))
    with pytest.raises(UserError):
        jobs.read_version(session, weights, Choices(arch="resnet18"))
    assert jobs.read_version(session, weights).class_names == NAMES
    other = Preprocessing(image_size=64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    found = jobs.read_version(session, weights, Choices(class_names=NAMES[::-1], preprocessing=other))
    assert found.checkpoint is not None
    assert (found.checkpoint.class_names, found.checkpoint.preprocessing) == (NAMES[::-1], other)
    assert jobs.read_version(session, weights).checkpoint == found.checkpoint


def test_that_what_was_said_of_a_file_can_be_forgotten(session: jobs.Session, weights: Path) -> None:
    jobs.read_version(session, weights, Choices(class_names=NAMES))
    notes = list((session.store.root / "versions").glob("*.json"))
    assert len(notes) == 1
    found = jobs.read_version(session, weights, forget=True)
    assert (found.class_names, found.needs) == ((), ("class_names",))
    assert not notes[0].exists()
    assert "class_names" in jobs.read_version(session, weights).needs
    again = jobs.read_version(session, weights, Choices(class_names=NAMES[::-1]), forget=True)
    assert (again.class_names, notes[0].exists()) == (NAMES[::-1], True)


def test_that_a_part_of_the_preprocessing_can_be_said(session: jobs.Session, weights: Path) -> None:
    found = jobs.read_version(session, weights).preprocessing
    assert found is not None
    assert (found.image_size, found.resize) == (224, 256)
    said = jobs.with_preprocessing(session, weights, Choices(), {"image_size": 112, "crop": "squash"})
    assert said.preprocessing == dataclasses.replace(found, image_size=112, resize=128, crop="squash")
    said = jobs.with_preprocessing(session, weights, Choices(), {"image_size": 112, "resize": 200})
    assert said.preprocessing == dataclasses.replace(found, image_size=112, resize=200)
    said = jobs.with_preprocessing(session, weights, Choices(), {"image_size": 32})
    assert said.preprocessing == dataclasses.replace(found, image_size=32, resize=0)


def test_that_a_stem_that_no_tensor_shows_is_asked_for_by_its_option() -> None:
    forms = tuple(Candidate(arch="mobilenet_v2", small_stem=form) for form in (True, False))
    made = Reading(
        path="m.pth", sha256="", bytes=1, container="", tensors=1, parameters=1, classes=2, candidates=forms,
        needs=("architecture",),
    )  # fmt: skip
    assert reading.missing_sentence(made) == (
        "m.pth fits mobilenet_v2 with the stem for small images and without it; "
        "say which once, with mpt-studio inspect m.pth --small-stem on (or off)."
    )


@pytest.mark.parametrize(
    ("need", "said", "sentence"),
    [
        ("weights", "", "m.pth holds its weights twice, as they were trained last and averaged; "
         "say which once, with mpt-studio inspect m.pth --weights raw (or ema)."),
        ("preprocessing", "", "m.pth does not say how its images are prepared; "
         "tell it once, with mpt-studio inspect m.pth --image-size … --mean … --std …"),
        ("preprocessing", "The file says mean = x, which is not understood here.",
         "m.pth: The file says mean = x, which is not understood here. "
         "Tell it once, with mpt-studio inspect m.pth --image-size … --mean … --std …"),
        ("class_names", "'a' and 'b' disagree, so none was used.", "m.pth: 'a' and 'b' disagree, so none was used. "
         "Name the classes in their order once, with mpt-studio inspect m.pth --classes FILE (or a,b,c)."),
    ],
)  # fmt: skip
def test_that_what_is_there_is_quoted_and_never_said_to_lack(need: Need, said: str, sentence: str) -> None:
    made = Reading(
        path="m.pth", sha256="", bytes=1, container="", tensors=1, parameters=1, classes=2, needs=(need,),
        reasons={need: said} if said else {},
    )  # fmt: skip
    assert reading.missing_sentence(made) == sentence


def test_that_a_lost_or_damaged_file_of_the_cache_is_made_again(session: jobs.Session, weights: Path) -> None:
    first = jobs.checkpoint_of(session, weights, Choices(class_names=NAMES))
    content = Path(first.path).read_bytes()
    Path(first.path).write_bytes(content[:-10])
    again = jobs.checkpoint_of(session, weights)
    assert again == first
    assert Path(again.path).read_bytes() == content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
        (b"", "is empty"),
    ],
)
def test_that_what_is_no_version_is_refused_with_what_it_is(
    session: jobs.Session, tmp_path: Path, own_cache: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^model.pth .*{sentence}") as caught:
        jobs.read_version(session, path)
    assert len(str(caught.value)) <= 200
    assert not list((own_cache / "versions").iterdir())


def test_that_what_is_not_there_or_no_file_is_refused_without_a_child(
    session: jobs.Session, tmp_path: Path, no_child: None
) -> None:
    with pytest.raises(UserError, match="There is no file"):
        jobs.read_version(session, tmp_path / "absent.pth")
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(UserError, match="a pipe"):
        jobs.read_version(session, tmp_path / "pipe.pth")


def test_that_data_change_nothing_where_the_names_are_known(
    session: jobs.Session, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = jobs.read_version(session, weights, Choices(class_names=NAMES))
    monkeypatch.setattr(reading, "run_child", lambda *a: pytest.fail("a child was started"))
    assert jobs.read_version(session, weights, data_classes=("x", "y", "z")) == found


def test_that_what_this_store_wrote_is_taken_as_it_is(finished_update: Any, no_child: None) -> None:
    session, result, _ = finished_update
    path = Path(result["old"]["checkpoint"])
    found = jobs.checkpoint_of(session, path)
    assert found.path == str(path)
    with pytest.raises(UserError, match="describes itself"):
        jobs.checkpoint_of(session, path, Choices(arch="resnet18"))
    with pytest.raises(UserError, match="describes itself"):
        jobs.with_preprocessing(session, path, Choices(), {"image_size": 32})


def test_that_our_file_whose_header_is_hidden_by_a_flipped_bit_is_refused(
    session: jobs.Session, finished_update: Any, tmp_path: Path
) -> None:
    content = bytearray(Path(finished_update[1]["old"]["checkpoint"]).read_bytes())
    content[content.index(b'"mpt_studio"') + 3] ^= 1
    (tmp_path / "flipped.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="header is damaged"):
        jobs.checkpoint_of(session, tmp_path / "flipped.safetensors")


def test_that_reading_needs_no_torch_in_the_parent() -> None:
    import subprocess

    code = (
        "import sys; from mpt_studio.jobs import read_weights; from mpt_studio.engine import reader; "
        "from mpt_studio.engine.intake import contents"
    )
    done = subprocess.run([sys.executable, "-c", f"{code}; sys.exit('torch' in sys.modules)"], check=False, timeout=60)
    assert done.returncode == 0
