"""The list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import run


def test_that_the_list_of_runs_gives_every_rate_its_n(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    _, out, _ = run(capsys, "runs", "--store", str(store))
    assert "(n=2160)" in out
    assert "(n=600)" in out
