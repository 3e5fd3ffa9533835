"""Options that complete a version: class lists, a part of the preprocessing; the text of inspect."""

from __future__ import annotations

from pathlib import Path

from mpt_studio import jobs
from mpt_studio.cli.version_options import VersionOptions
from mpt_studio.reading import Choices
from mpt_studio.store import Store


def test_that_options_become_choices(tmp_path: Path) -> None:
    session = jobs.Session(Store(tmp_path))
    assert VersionOptions().choices(session, tmp_path / "x.pth") == Choices()
    options = VersionOptions(arch="resnet18", small_stem="on", classes="a,b", weights="ema")
    assert options.choices(session, tmp_path / "x.pth") == Choices(
        arch="resnet18", small_stem=True, weights="ema", class_names=("a", "b")
    )
