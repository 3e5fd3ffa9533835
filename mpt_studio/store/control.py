"""Telling a process what to do: one word in a file of the folder that it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

from mpt_studio import paths
from mpt_studio.files import plain
from mpt_studio.store.disk import written_to

Command = Literal["run", "pause", "stop", "cancel"]
CONTROL = "control"
MOST_BYTES = 100


def send_command(folder: Path, command: Command) -> None:
    """Ask the process that writes ``folder`` to pause, go on ("run"), stop and keep, or cancel."""
    with written_to(folder):
        paths.write_text(folder / CONTROL, command)


def read_command(folder: Path) -> Command:
    """The last command; "run" where there is none or it makes no sense."""
    try:
        word = plain.read(folder / CONTROL, MOST_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError):
        return "run"
    return cast(Command, word) if word in get_args(Command) else "run"


def clear(folder: Path) -> None:
    """Forget what was asked."""
    with written_to(folder):
        (folder / CONTROL).unlink(missing_ok=True)
