"""The child that reads foreign files: what reaches it, and how it ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.engine.intake import process
from mpt_studio.errors import Interrupted
from mpt_studio.store import Store


class Asked:
    """A listener that cancels once the child is at work."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, sentence: str, fraction: float | None) -> None:
        self.heard.append(sentence)
        if sentence.startswith("Loading PyTorch"):
            raise Interrupted("Cancelled.")


def test_that_cancelling_kills_the_child_and_leaves_nothing(
    tmp_path: Path, weights: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    start = process.start
    monkeypatch.setattr(process, "start", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    session = jobs.Session(Store(tmp_path / "store"), show=Asked())
    begun = time.monotonic()
    with pytest.raises(Interrupted):
        jobs.read_version(session, weights)
    assert started[0].returncode is not None
    assert time.monotonic() - begun < 60
    assert not list((own_cache / "versions").iterdir())


def test_that_modules_beside_the_file_are_not_imported(
    session: jobs.Session, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "sung"
    for name in ("torch", "numpy", "json", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').close()")
    (tmp_path / "model.pth").write_bytes(weights.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert jobs.read_version(session, Path("model.pth")).classes == 3
    assert not canary.exists()
