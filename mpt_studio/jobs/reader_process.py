"""The limited child process that reads a foreign file: started, followed, killed; its end told in a sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from mpt_studio.engine.intake import process as child
from mpt_studio.errors import UserError, shown_name
from mpt_studio.jobs.session import Session
from mpt_studio.reading import Choices, to_json

_LONGEST = 200
_POLL = 0.05
_SECONDS = {"loading": 60.0, "checking": 8.0, "starting": 60.0, "reading": 8.0, "recognising": 120.0, "writing": 60.0,
            "trying": 8.0}  # fmt: skip
"""How long each step of the child may take for a small file; large ones get a second per 100 MB more."""
_STEPS = {
    "loading": "Starting to read", "checking": "Checking", "starting": "Loading PyTorch for", "reading": "Reading",
    "recognising": "Recognising", "writing": "Converting", "trying": "Trying",
}  # fmt: skip


def run_child(
    session: Session,
    path: Path,
    sha256: str,
    choices: Choices,
    data_classes: tuple[str, ...],
    out: Path,
    *,
    for_start: bool = False,
) -> None:
    """Fill ``out`` with a report and perhaps a normalised file. Raises ``UserError`` where that fails."""
    request = out / "request.json"
    record = {
        "path": str(path),
        "choices": to_json(choices),
        "data_classes": data_classes,
        "for_start": for_start,
        "sha256": sha256,
    }
    request.write_text(json.dumps(record), "utf-8")
    with (out / "errors.txt").open("wb") as errors:
        process = child.start(
            "mpt_studio.engine.reader",
            [str(request), str(out)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=out,
        )
        try:
            problem = _followed(session, process, path)
        finally:
            child.end(process)
    if problem or not (out / "report.json").is_file():
        sentence = problem or _crash_sentence(path, process.returncode)
        (out / "report.json").unlink(missing_ok=True)
        raise UserError(sentence)


def _followed(session: Session, process: subprocess.Popen[str], path: Path) -> str:
    """Wait for the child's end; a sentence where it took too long. Cancelling and interrupting raise."""
    steps = _Steps(process)
    size = bytes_of(path)
    while process.poll() is None:
        session.progress(f"{_STEPS[steps.current]} {shown_name(path)}", None)
        limit = _SECONDS[steps.current] + size / 1e8
        if steps.seconds() > limit:
            what = shown_name(path)
            return f"{what} was not read: {steps.current} it took more than {limit:.0f} s, far too long for its size."
        time.sleep(_POLL)
    return ""


class _Steps:
    """At which step the child is and since when, from the words on its stdout."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.current, self.since = "loading", time.monotonic()
        assert process.stdout is not None
        threading.Thread(target=self._listen, args=(process.stdout,), name="reading", daemon=True).start()

    def seconds(self) -> float:
        return time.monotonic() - self.since

    def _listen(self, lines: IO[str]) -> None:
        for line in iter(lambda: lines.readline(_LONGEST), ""):
            if line.strip() in _SECONDS:
                self.current, self.since = line.strip(), time.monotonic()


def state_of(path: Path) -> tuple[int, int]:
    """Changes where the file is written to."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_size, found.st_mtime_ns


def bytes_of(path: Path) -> int:
    try:
        return sum(p.stat().st_size for p in path.iterdir() if p.is_file()) if path.is_dir() else path.stat().st_size
    except (OSError, ValueError):  # a zero byte in the name
        return 0


def _crash_sentence(path: Path, code: int | None) -> str:
    name = shown_name(path)
    if code is not None and code < 0:
        why = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return (
            f"{name} was not read: its reader was ended by the system ({why}); it is damaged or needs too much memory."
        )
    return f"{name} was not read: its reader failed (code {code}); please report this with the file's origin."
