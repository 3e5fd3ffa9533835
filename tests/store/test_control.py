"""Commands: one word, the last one counts, nonsense is "run"."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from mpt_studio.store.control import Command, clear, read_command, send_command


@pytest.mark.parametrize("command", get_args(Command))
def test_that_a_command_arrives(tmp_path: Path, command: Command) -> None:
    send_command(tmp_path, "pause")
    send_command(tmp_path, command)
    assert read_command(tmp_path) == command


@pytest.mark.parametrize("content", [b"", b"explode", b"\xff", b"stop me"])
def test_that_nonsense_means_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "control").write_bytes(content)
    assert read_command(tmp_path) == "run"


def test_that_nothing_asked_means_run(tmp_path: Path) -> None:
    assert read_command(tmp_path) == "run"
    assert read_command(tmp_path / "no folder") == "run"
    send_command(tmp_path, "stop")
    clear(tmp_path)
    assert read_command(tmp_path) == "run"
