"""Every test has folders of its own; nothing touches the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


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
