"""A scheduler and two workers on loopback, started for a file's tests and ended with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.store import Run, Store

distributed = pytest.importorskip("distributed")

TRAINING = Training(epochs=2, batch_size=16, learning_rate=0.05, save_every_seconds=0, precision="fp32", device="cpu")


def _scheduler(workers: int) -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=2, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Its address; it has two workers."""
    yield from _scheduler(2)


@pytest.fixture
def one_worker() -> Iterator[str]:
    """The address of a scheduler with one worker."""
    yield from _scheduler(1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, shades: Callable[[Path, int], str]) -> str:
    return shades(tmp_path_factory.mktemp("images"), 16)


def recipe_on(data: str, methods: str = "none,mpt_kl:2") -> UpdateRecipe:
    return UpdateRecipe(data=data, old_classes="2", methods=methods, training=TRAINING, noise_floor=False)


def weights(run: Run) -> str:
    """A digest of a run's weights, whatever its id is."""
    from safetensors import safe_open

    assert run.checkpoint is not None
    with safe_open(run.checkpoint, "np") as found:
        return hashlib.sha256(b"".join(found.get_tensor(name).tobytes() for name in sorted(found.keys()))).hexdigest()
