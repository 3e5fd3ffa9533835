"""A job and a disk that takes nothing: it waits, says so, and goes on as if nothing had happened."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mpt_studio.errors import Interrupted
from mpt_studio.events import Event
from mpt_studio.jobs.session import Session
from mpt_studio.store.control import read_command

SECONDS_BETWEEN_TRIES = 2.0
_SECONDS_BETWEEN_LOOKS = 0.05


class Wished(Exception):  # noqa: N818 - the user's wish, not an error
    """The user stopped or cancelled the job; what was done is kept."""


class Waiting:
    """Waits for the disk until the user interrupts or cancels the job.

    Args:
        session: who listens and interrupts.
        run: whom the events are told of; "" for an update.
        resumed: what ``mpt-studio resume`` goes on with.
        folders: where commands are found.
    """

    def __init__(self, session: Session, run: str, resumed: str, folders: Sequence[Path]) -> None:
        self.seconds = 0.0
        """Waited so far."""
        self._session, self._run, self._resumed, self._folders = session, run, resumed, folders
        self._is_cancelled = False

    def tell(self, event: Event) -> None:
        self._session.listen(self._run, event)

    def wait(self) -> None:
        """Raises ``Interrupted``, or once ``Wished``: where not even a cancelled end can be written, nobody waits."""
        began = time.monotonic()
        while time.monotonic() - began < SECONDS_BETWEEN_TRIES:
            if self._session.interrupted() or self._is_cancelled:
                raise Interrupted(
                    f"Interrupted while nothing could be written; go on with: mpt-studio resume {self._resumed}"
                )
            if any(read_command(folder) == "cancel" for folder in self._folders):
                self._is_cancelled = True
                raise Wished("cancel")
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self.seconds += time.monotonic() - began
