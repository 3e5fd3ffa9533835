"""Scripts are imported as when they are started: their neighbours can be imported."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A script by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module
