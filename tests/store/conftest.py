"""What the tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.methods import method_named
from mpt_studio.recipe import Recipe
from mpt_studio.store import Run, Store

RECIPE = Recipe(data="builtin", method=method_named("mpt_kl:2"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def finished_run(store: Store, label: str = "", **more: object) -> Run:
    with store.create_run(RECIPE, label=label, **more) as writer:  # type: ignore[arg-type]
        writer.finish("done")
    return store.run(writer.id)
