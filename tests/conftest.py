"""Every test has folders of its own; nothing touches the user's."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

# Training nodes have no Qt: there, all but the window is tested.
collect_ignore = [] if importlib.util.find_spec("PySide6") else ["gui", "e2e"]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist writes the groups into the tests' ids
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests, the window's stay in one: they share a display, its focus and its pointer.

    The others go by file, so that what a file makes once is made once.
    """
    for item in items:
        room = Path(item.path).parent.name
        item.add_marker(pytest.mark.xdist_group("window" if room in ("gui", "e2e") else str(item.path)))


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path_factory.mktemp("home")
    for name in ("STORE", "CONFIG", "LOGS"):
        monkeypatch.setenv(f"MPT_STUDIO_{name}", str(base / name.lower()))


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decoded data sets are cached once for the whole test session."""
    import os

    folder = tmp_path_factory.mktemp("cache")
    os.environ["MPT_STUDIO_CACHE"] = str(folder)
    return folder
