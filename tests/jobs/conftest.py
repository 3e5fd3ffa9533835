"""One small real update, trained once and looked at by many tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
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
