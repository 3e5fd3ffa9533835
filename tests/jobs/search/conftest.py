"""A search over three shades of grey: a training takes a fraction of a second."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.recipe.search import Budget, Limits, SearchRecipe, Space
from mpt_studio.store import Store

NAMES = ("ant", "bee", "cat", "dog")
TINY = Training(epochs=2, batch_size=16, learning_rate=0.05, save_every_seconds=0.0, precision="fp32", device="cpu")
FEW = Budget(trials=3, finalists=1, finalist_seeds=1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four classes of noise around shades that overlap, so that versions err."""
    root, rng = tmp_path_factory.mktemp("shades"), np.random.default_rng(0)
    for shade, name in enumerate(NAMES):
        for part, images in (("train", 16), ("val", 12), ("test", 12)):
            (root / part / name).mkdir(parents=True)
            for i in range(images):
                noise = rng.normal(60 + 40 * shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(noise).save(root / part / name / f"{i:02d}.png")
    return f"folder:{root}"


@pytest.fixture
def session(tmp_path: Path) -> jobs.Session:
    return jobs.Session(Store(tmp_path / "store"))


def recipe(data: str, **more: Any) -> SearchRecipe:
    """A small search; fields of its parts by name."""
    made = SearchRecipe(
        update=UpdateRecipe(data=data, old_classes="ant,bee", methods="none,mpt_kl:2", training=TINY),
        space=Space(),
        limits=Limits(max_accuracy_drop=5.0),
        budget=FEW,
    )
    for part in ("update", "space", "limits", "budget"):
        own = {name: value for name, value in more.items() if hasattr(getattr(made, part), name)}
        made = dataclasses.replace(made, **{part: dataclasses.replace(getattr(made, part), **own)})
    return made


def searched(session: jobs.Session, wanted: SearchRecipe) -> tuple[str, dict[str, Any]]:
    """A search to its end: (id, result)."""
    made = jobs.start_search(session.store, wanted)
    result = jobs.run_search(session, made.id)
    assert result is not None
    return made.id, result
