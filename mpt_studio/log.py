"""Diagnostics for us, in a file of the user's log folder; messages for the user go elsewhere."""

from __future__ import annotations

import logging
import logging.handlers

from mpt_studio import paths


def start_logging(name: str) -> None:
    """Send this process's log records to ``<log dir>/<name>.log`` (1 MB, three generations); never raises."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder = paths.log_dir()
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / f"{name}.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:  # a read-only home must not stop the program
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
