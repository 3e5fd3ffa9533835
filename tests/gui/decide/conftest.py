"""A policy that is in force, with metadata for its slice."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.compare import read_metadata
from mpt_studio.gui.workspace.workspace import Workspace

FULL = """# ours
[accuracy]
min_gain = -0.5     # points
[nfr]
max = 0.0123456
[must_not_flip]
files = ["blockers.txt"]
[slices]
"camera = night" = { max_nfr = 0.03 }
[review]
criteria = ["slices"]
[evidence]
confidence = 0.95
"""


@pytest.fixture
def file(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> Path:
    """A policy that is in force, with metadata for its slice."""
    (tmp_path / "blockers.txt").write_text("test/00\ntest/01\nnobody\n")
    rows = "".join(f"test/{i:02d},{'night' if i % 2 else 'day'}\n" for i in range(10))
    (tmp_path / "meta.csv").write_text(f"sample_id,camera\n{rows}")
    comparison = workspace.comparison()
    assert comparison is not None
    comparison.set_metadata(read_metadata(tmp_path / "meta.csv", comparison))
    (tmp_path / "policy.toml").write_text(FULL)
    workspace.deciding.open(tmp_path / "policy.toml")
    qtbot.waitUntil(lambda: workspace.deciding.judged is not None)
    return tmp_path / "policy.toml"
