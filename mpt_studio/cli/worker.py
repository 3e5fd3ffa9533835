"""The warm worker: short jobs for the window, one JSON object per line on stdin, answers on stdout.

Request ``{"id": 1, "job": "evaluate", "args": {…}}``; answers are any number of ``{"id": 1, "progress": sentence,
"fraction": 0…1 or null}`` and then ``{"id": 1, "result": {…}}`` or ``{"id": 1, "error": sentence, "detail": trace}``.
The worker is a process so that torch, a crash or an out-of-memory kill never reach the window; to cancel is to kill it.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from mpt_studio import jobs, paths
from mpt_studio.errors import UserError
from mpt_studio.log import start_logging
from mpt_studio.store import Store

Job = Callable[[jobs.Session, dict[str, Any]], dict[str, Any]]


def _prepare_data(session: jobs.Session, args: dict[str, Any]) -> dict[str, Any]:
    return jobs.prepare_data(session, args["spec"])


def _evaluate(session: jobs.Session, args: dict[str, Any]) -> dict[str, Any]:
    predictions, folder = jobs.evaluate(session, Path(args["checkpoint"]), args["data"])
    return {"predictions": str(folder), "version": predictions.version, **jobs.accuracy_figures(predictions)}


def _inspect(session: jobs.Session, args: dict[str, Any]) -> dict[str, Any]:
    return jobs.inspect(session, Path(args["path"]))


JOBS: dict[str, Job] = {"prepare_data": _prepare_data, "evaluate": _evaluate, "inspect": _inspect}


def main(words: list[str]) -> int:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="mpt-studio worker")
    parser.add_argument("--store", type=Path, default=None)
    store = Store(parser.parse_args(words).store or paths.store_dir())
    start_logging("worker")
    answers, sys.stdout = sys.stdout, sys.stderr  # a library's print must not end up between the answers
    for line in sys.stdin:
        if line.strip():
            _serve(store, line, answers)
    return 0


def _serve(store: Store, line: str, answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps({"id": number, **fields}, ensure_ascii=False) + "\n")
        answers.flush()

    number = None
    try:
        request = json.loads(line)
        number = request["id"]
        session = jobs.Session(store, progress=lambda sentence, part: answer(progress=sentence, fraction=part))
        answer(result=JOBS[request["job"]](session, request.get("args", {})))
    except UserError as error:
        answer(error=str(error), detail="")
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}", detail=traceback.format_exc())
