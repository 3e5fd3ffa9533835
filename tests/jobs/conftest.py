"""One small real update, trained once and looked at by many tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.store import Store

TINY = Training(epochs=1, limit_train=720, learning_rate=0.05, save_every_seconds=0.2, precision="fp32", device="cpu")


@pytest.fixture
def session(tmp_path: Path) -> jobs.Session:
    return jobs.Session(Store(tmp_path / "store"))


@pytest.fixture(scope="session")
def finished_update(tmp_path_factory: pytest.TempPathFactory) -> tuple[jobs.Session, dict[str, Any], list[Any]]:
    """A finished update over the built-in data: (session, result, [(run id, event), …])."""
    heard: list[Any] = []
    session = jobs.Session(
        Store(tmp_path_factory.mktemp("update") / "store"), listen=lambda run, event: heard.append((run, event))
    )
    recipe = UpdateRecipe(data="builtin", methods="none,mpt_kl", logit_margin=2.0, training=TINY)
    update = jobs.start_update(session.store, recipe)
    result = jobs.run_update(session, update.id)
    assert result is not None
    return session, result, heard


PER_CLASS = {"train": 6, "test": 3}

NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    """Three classes of noise, wider than high; each test image is also among the training images."""
    root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name in NAMES:
        for i in range(PER_CLASS["train"]):
            image = Image.fromarray(rng.integers(0, 255, (16, 20, 3), dtype=np.uint8))
            for part in ("train", "test") if i < PER_CLASS["test"] else ("train",):
                (root / part / name).mkdir(parents=True, exist_ok=True)
                image.save(root / part / name / f"{i}.png")
    return f"folder:{root}"


def fresh_version(folder: Path, name: str, classes: tuple[str, ...], arch: str = "small", side: int = 16) -> Path:
    """A version with the weights of its first moment."""
    import torch

    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.networks import weights

    torch.manual_seed(len(name))
    network = networks.build(arch, len(classes), True, side)
    plain = Preprocessing(image_size=side, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    checkpoint = Checkpoint(architecture=arch, small_stem=True, class_names=classes, preprocessing=plain, role=name)
    weights.save_network(folder / f"{name}.safetensors", network.state_dict(), checkpoint)
    return folder / f"{name}.safetensors"


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    return fresh_version(tmp_path_factory.mktemp("old"), "old", ("bee", "ant"))


@pytest.fixture(scope="module")
def update(tmp_path_factory) -> Path:
    return fresh_version(tmp_path_factory.mktemp("update"), "update", NAMES)


@pytest.fixture
def without_torch(monkeypatch):
    """From its call on, nothing may be computed."""

    def refuse() -> None:
        def never(*args: Any, **more: Any) -> None:
            raise AssertionError("this was computed before")

        monkeypatch.setattr(jobs.Warm, "probe", never)
        monkeypatch.setattr("mpt_studio.engine.interpolation.Interpolation.__init__", never)
        monkeypatch.setattr("mpt_studio.engine.explain.nearest", never)

    return refuse


SHADES = {"dark": 30, "grey": 120, "light": 210}


def paint(root: Path, part: str, name: str, images: int) -> None:
    folder = root / part / name
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(images):
        Image.new("RGB", (16, 16), (SHADES[name] + i % 40, SHADES[name], i // 40)).save(folder / f"{i:04d}.png")


def session_in(store: Path) -> jobs.Session:
    from mpt_studio.store import Store

    return jobs.Session(Store(store))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for part, count in (("train", 20), ("val", 5), ("test", 6)):
        for name in SHADES:
            paint(tmp_path / "images", part, name, count)
    return tmp_path / "images"


ARCH = "shufflenet_v2_x0_5"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network as a training script saves it: without class names."""
    import torch
    import torchvision

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = torchvision.models.get_model(ARCH, weights=None, num_classes=3)
    path = tmp_path_factory.mktemp("foreign") / "trained.pth"
    torch.save({"net": network.state_dict(), "acc": 50.0, "epoch": 9}, path)
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
