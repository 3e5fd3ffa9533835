"""Every test has folders of its own; nothing touches the user's."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

# Training nodes have no Qt: there, all but the window is tested.
collect_ignore = [] if importlib.util.find_spec("PySide6") else ["gui", "e2e"]


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
