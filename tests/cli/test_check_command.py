"""The check of a store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpt_studio.flips import Mark
from mpt_studio.store import Marks

from .conftest import run


def test_that_a_store_is_checked_and_mended(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.set("data", ["a"], Mark.BLOCKER)
    marks.close()
    code, out, _ = run(capsys, "check", "--store", str(tmp_path))
    assert code == 0
    assert out.rstrip().endswith("Everything that was checked is whole.")
    (tmp_path / "marks.sqlite").write_bytes(b"no database" * 99)
    code, out, _ = run(capsys, "check", "--store", str(tmp_path), "--json")
    assert (code, json.loads(out)["findings"][0]["where"]) == (1, "marks.sqlite")
    code, out, _ = run(capsys, "check", "--store", str(tmp_path), "--repair")
    assert (code, out.partition(":")[0]) == (0, "mended")
    assert run(capsys, "check", "--store", str(tmp_path))[0] == 0
