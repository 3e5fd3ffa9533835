"""The makers of odd files are importable by the tests beside them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Ten different images a0 … a4 and b0 … b4."""
    for i, name in enumerate(f"{c}{n}.png" for c in "ab" for n in range(5)):
        Image.new("RGB", (4, 4), (i, i, i)).save(tmp_path / name)
    return tmp_path


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file = folder / "list.csv"
    file.write_bytes("\n".join(lines).encode(encoding))
    return file


def plain(more: str = "") -> list[str]:
    return [f"{c}{n}.png,{c}{more}" for c in "ab" for n in range(5)]


SLOW_MACHINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
