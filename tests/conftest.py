"""Every test has folders of its own; nothing touches the user's."""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio.engine.intake import process

from .forking import Forks

# Training nodes have no Qt: there, all but the window is tested.
collect_ignore = [] if importlib.util.find_spec("PySide6") else ["gui", "e2e"]

# Tiny batches gain nothing from threads, and threads that wait for a core which another process has burn its time.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # .ci/run asks for more

WINDOW = ("gui", "e2e")
"""Rooms whose tests share a display, its focus and its pointer."""
LONG = (
    "test_bench.py",
    "test_hostile_files.py",
    "test_exporting.py",
    "test_update.py",
    "test_going_on.py",
    "test_job.py",
)
"""Files of few tests that take long."""


def _is_of_window(file: Path) -> bool:
    return any(room in file.parts for room in WINDOW)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: where processes share the tests, none is left waiting for another at the end.

    Whole programs that wait for each other take their time where others have the cores.
    """
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.timeout(900))
    items.sort(key=lambda item: (not _is_of_window(item.path), item.path.name not in LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where processes share the tests, the window's stay in one; the others go by file, so that each makes things once.

    Marks for groups would say the same, but pytest-xdist 3.8 writes them where pytest 9.2 does not look.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByRoom(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0])
            return "window" if _is_of_window(file) else str(file)

    config.option.loadscopereorder = False  # the order is ours
    return ByRoom(config, log)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each test. ``mktemp`` looks through all that it made before, which thousands of tests would feel."""
    root = tmp_path_factory.mktemp("homes")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_folders(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    base = next(homes)
    base.mkdir()
    for name in ("STORE", "CONFIG", "LOGS"):
        monkeypatch.setenv(f"MPT_STUDIO_{name}", str(base / name.lower()))


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decoded data sets are cached once for the whole test session."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["MPT_STUDIO_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Started with the first test that asks for it."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def forked(forks: Forks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others wrote is read and run in forks of one process: ``main`` is the real one, only its start is not."""
    monkeypatch.setattr(process, "start", forks.start)


@pytest.fixture(scope="session")
def shades() -> Callable[[Path, int], str]:
    """Makes three classes of grey noise of a brightness each, so many images of each in every part: their spec."""

    def made(root: Path, each: int) -> str:
        rng = np.random.default_rng(0)
        for shade, name in enumerate(("ant", "bee", "cat")):
            for part in ("train", "val", "test"):
                (root / part / name).mkdir(parents=True)
                for i in range(each):
                    noise = rng.normal(60 + 40 * shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                    Image.fromarray(noise).save(root / part / name / f"{i:02d}.png")
        return f"folder:{root}"

    return made
