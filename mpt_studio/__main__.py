"""``mpt-studio``: the window, the command line, and the worker that the window keeps warm."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

LIMITED = ("mpt_studio.engine.reader", "mpt_studio.engine.networks.onnx_child")
"""The limited processes for what others wrote."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 0 done, 1 a user's error, 2 wrong usage, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["worker"]:
        from mpt_studio.cli.worker import main as worker

        return worker(words[1:])
    if words and words[0] in LIMITED:  # how a bundle, which has no -m, starts them
        limited: int = importlib.import_module(words[0]).main(words[1:])
        return limited
    if _opens_window(words):
        return _open_window(words[1:] if words[:1] == ["gui"] else words)
    from mpt_studio.cli.commands import main as command_line

    return command_line(words, _open_window)


def _opens_window(words: list[str]) -> bool:
    if not words or words[0] in ("gui", "--fresh"):
        return "--help" not in words and "-h" not in words
    from mpt_studio.cli import COMMANDS

    return words[0] not in COMMANDS and not words[0].startswith("-") and Path(words[0]).exists()


def _open_window(paths: list[str]) -> int:
    try:
        from mpt_studio.gui.app import main as window
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("PySide6", "shiboken6", "pyqtgraph"):
            raise
        print("Qt is not installed here, so there is no window; the commands work: mpt-studio --help", file=sys.stderr)
        return 1
    return window(paths)


if __name__ == "__main__":
    sys.exit(main())
