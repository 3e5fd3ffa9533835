"""One run in a process of its own, beside a cluster's worker: ``python -m mpt_studio.jobs.cluster.child``.

A line of JSON on stdin says which, one on stdout what it came to. When stdin ends, as it does when the worker is told
to stop or is gone, the run ends in order, as after Ctrl+C: what was done is kept and can be resumed.
"""

from __future__ import annotations

import json
import os
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


def main() -> int:
    """Train one run and say its "outcome", or an "error" as a sentence; nothing where it was told to end."""
    asked = json.loads(sys.stdin.readline())
    answers, sys.stdout = sys.stdout, sys.stderr  # a library's print must not end up in the answer
    start_logging("cluster")
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *unused: over.set())
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    session, said = jobs.Session(Store(Path(asked["store"])), interrupted=over.is_set), dict[str, Any]()
    try:
        said = {"outcome": jobs.train(session, asked["run"]).outcome}
    except Interrupted:
        pass
    except UserError as error:
        said = {"error": str(error)}
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    with suppress(OSError):  # nobody waits for it any more
        print(json.dumps(said), file=answers, flush=True)
    return 0


def _wait_for_the_end(over: threading.Event) -> None:
    """Unbuffered: a thread that waits in a buffer would be in the interpreter's way at its end."""
    while os.read(0, 1):
        pass
    over.set()


if __name__ == "__main__":
    sys.exit(main())
