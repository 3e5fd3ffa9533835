"""What the tests of recipes look at: a worker, a small real folder of photographs, checkpoints of several kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker


@pytest.fixture
def worker(empty_workspace: Workspace) -> FakeWorker:
    empty_workspace.worker = FakeWorker()  # type: ignore[assignment]
    return empty_workspace.worker  # type: ignore[return-value]


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with 40 images of 96 pixels for training, and 4 for the test."""
    folder, random = tmp_path_factory.mktemp("pets"), np.random.default_rng(0)
    for part, number in (("train", 40), ("test", 4)):
        for hue, name in enumerate(("cat", "dog", "fox")):
            (folder / part / name).mkdir(parents=True)
            for i in range(number):
                pixels = random.integers(0, 80, (96, 96, 3), np.uint8)
                pixels[..., hue] += 120
                Image.fromarray(pixels).save(folder / part / name / f"{i}.png")
    return folder


def deployed(arch: str = "mobilenet_v3_small", size: int = 96, names: tuple[str, ...] = ("cat", "dog")) -> Checkpoint:
    """A deployed version, described."""
    images = Preprocessing(image_size=size, mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2))
    return Checkpoint(architecture=arch, small_stem=False, class_names=names, preprocessing=images)
