"""What every command shares: where runs are stored, who listens, Ctrl+C, and printing for people or machines."""

from __future__ import annotations

import json as json_module
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Optional

import tyro

from mpt_studio import jobs, paths
from mpt_studio.store import Store

# ruff: noqa: UP045 - "Path | None" means the same, but has tyro import typeguard, which takes as long as all of tyro
StoreOption = Annotated[Optional[Path], tyro.conf.arg(metavar="DIR", help="Folder of runs; by default the user's own.")]
FileOption = Annotated[Optional[Path], tyro.conf.arg(metavar="FILE")]
NumberOption = Annotated[Optional[float], tyro.conf.arg(metavar="FLOAT")]
OldVersion = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="OLD")]
NewVersion = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NEW")]
JsonOption = Annotated[bool, tyro.conf.arg(help="Print one JSON object for machines instead of tables.")]


def opened_store(folder: Path | None) -> Store:
    return Store((folder or paths.store_dir()).expanduser().absolute())


@contextmanager
def open_session(folder: Path | None, *, quiet: bool) -> Iterator[jobs.Session]:
    """A session that shows progress on stderr and turns Ctrl+C and SIGTERM into an orderly, resumable end."""
    from mpt_studio.cli.terminal import Terminal

    with Terminal(quiet=quiet) as terminal, _signals() as interrupted:
        yield jobs.Session(opened_store(folder), terminal.listen, terminal.progress, interrupted)


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:  # a second Ctrl+C does not wait for an orderly end
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def print_record(record: dict[str, Any], json: bool, text: Callable[[dict[str, Any]], str]) -> None:
    print(json_module.dumps(record, ensure_ascii=False) if json else text(record))
