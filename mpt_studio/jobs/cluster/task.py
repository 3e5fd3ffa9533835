"""A run that a cluster's worker was asked for: to wait for, to end, and what it came to."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import distributed

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.cluster.beside import SECONDS_BETWEEN_LOOKS, Died
from mpt_studio.store import Run, Store

RETRIES = 3
"""Of a run whose process ended without a word; a worker that dies is Dask's to replace."""
SECONDS_TO_END = 60.0


class RemoteTask:
    """``jobs.session.Task`` of a cluster."""

    def __init__(self, future: distributed.Future, run: Run, store: Store) -> None:
        self._future, self._run, self._store, self._was_ended = future, run, store, False
        self.since = time.time()

    @property
    def key(self) -> str:
        """As the scheduler knows it."""
        return str(self._future.key)

    @property
    def run_id(self) -> str:
        return self._run.id

    @property
    def label(self) -> str:
        """Of the version that is trained."""
        return self._run.label

    @property
    def outcome(self) -> str:
        """Of the run by now: "queued" while a worker only has it in its queue."""
        return self._store.run(self._run.id).outcome

    def is_over(self) -> bool:
        return bool(self._future.done())

    def check(self) -> None:
        if not self._was_ended and (error := told(self._future).get("error")):
            raise UserError(error)

    def end(self) -> None:
        self._was_ended = True
        with suppress(OSError, RuntimeError):  # the cluster is gone
            self._future.cancel()

    def wait(self) -> None:
        until = time.monotonic() + SECONDS_TO_END
        while time.monotonic() < until and self._run.is_active:
            time.sleep(SECONDS_BETWEEN_LOOKS)


def told(future: distributed.Future) -> Any:
    """What a task came to. Raises ``UserError``."""
    if future.cancelled():
        raise UserError("The cluster went away; see that its scheduler runs, then resume.")
    try:
        return future.result()
    except distributed.KilledWorker as error:
        last = error.last_worker.address
        raise UserError(f"Several workers ended while they did it, at last {last}; see their logs.") from None
    except ImportError as error:
        lacks = f"A worker lacks {error.name}"
        raise UserError(f"{lacks}; install MPT Studio with Dask there: mpt-studio[cluster].") from None
    except Died as error:
        raise UserError(f"{error} It was tried {RETRIES + 1} times; see log.txt in the run's folder.") from None
    except UserError:
        raise
    except Exception as error:
        raise UserError(one_sentence(f"A worker failed: {type(error).__name__}: {error}")) from error
