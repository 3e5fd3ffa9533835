"""Runs in a process beside a cluster's worker, one after the other: ``python -m mpt_studio.jobs.cluster.child``.

A line of JSON on stdin says which, one on stdout what it came to. When stdin ends, as it does when the worker is told
to stop or is gone, the run ends in order, as after Ctrl+C: what was done is kept and can be resumed. A process for all
runs, since starting Python and torch takes longer than some of them; one that failed ends it, and whatever it left.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from mpt_studio import jobs
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.log import start_logging
from mpt_studio.store import Store

SECONDS_IDLE = 60.0
"""Without an order it ends, and frees its memory and GPU."""


def main() -> int:
    """Train run after run and say of each its "outcome", or an "error" as a sentence; {} where it was told to end."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a library's print must not end up in the answer
    start_logging("cluster")
    over, orders = threading.Event(), queue.SimpleQueue[dict[str, Any] | None]()

    def end(*_: object) -> None:
        over.set()
        orders.put(None)

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_read, args=(orders, end), daemon=True).start()
    with suppress(ImportError):  # the run will say it
        import mpt_studio.engine.train.trainer  # noqa: F401 - while whoever asks is still about to
    with suppress(queue.Empty):
        while asked := orders.get(timeout=SECONDS_IDLE):
            said = _trained(asked, over)
            with suppress(OSError):  # nobody waits for it any more
                print(json.dumps(said), file=answers, flush=True)
            if "outcome" not in said:
                break
    return 0


def _trained(asked: dict[str, Any], over: threading.Event) -> dict[str, Any]:
    session = jobs.Session(Store(Path(asked["store"])), interrupted=over.is_set)
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(log, 2)
    os.close(log)
    try:
        return {"outcome": jobs.train(session, asked["run"]).outcome}
    except Interrupted:
        return {}
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _read(orders: queue.SimpleQueue[dict[str, Any] | None], end: Any) -> None:
    """Unbuffered: a thread that waits in a buffer would be in the interpreter's way at its end."""
    text = b""
    while piece := os.read(0, 1 << 16):
        *lines, text = (text + piece).split(b"\n")
        for line in lines:
            orders.put(json.loads(line))
    end()


if __name__ == "__main__":
    sys.exit(main())
