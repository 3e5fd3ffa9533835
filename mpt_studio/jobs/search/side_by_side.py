"""Several trials at once, each trained by a process of its own, on a GPU of its own where there are several.

A process is the command line's ``resume`` of a run that is on disk already, so that a trial is trained in one way only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mpt_studio.errors import Interrupted
from mpt_studio.events import Event
from mpt_studio.jobs.patience import Wished
from mpt_studio.jobs.search.space import Trained
from mpt_studio.jobs.session import Session
from mpt_studio.store import EventTail, Run, Trial
from mpt_studio.store.control import read_command

SECONDS_BETWEEN_LOOKS = 0.1
Begun = tuple[Trained, Trial, Run]


@dataclass
class _Child:
    step: Trained
    row: Trial
    run: Run
    seat: int
    process: subprocess.Popen[bytes] | None
    """None for one that an earlier search process, killed meanwhile, left behind."""
    tail: EventTail
    began: float = field(default_factory=time.monotonic)


class SideBySide:
    """Keeps a number of seats taken.

    Args:
        session: asked whether the search was interrupted.
        folder: the search's, whose commands count for all trials.
        seats: trials at once.
    """

    def __init__(self, session: Session, folder: Path, seats: int) -> None:
        from mpt_studio.engine.machine.device import gpus

        self._session, self._folder, self._seats, self._gpus = session, folder, seats, gpus()
        self._children: list[_Child] = []
        self._wish = ""

    def ended(
        self, begin: Callable[[], Begun | None], listen: Callable[[str, Event], None]
    ) -> tuple[Trained, Trial, Run, float] | None:
        """The next trial that has ended, with its seconds; None where there is nothing more to do.

        ``begin`` puts another one on disk. Raises what it raises, ``Interrupted``, and ``Wished`` once all have ended
        that the user stopped.
        """
        has_more = True
        while True:
            self._obey()
            while has_more and not self._wish and len(self._children) < self._seats:
                begun = begin()
                has_more = begun is not None
                if begun is not None:
                    self._children.append(self._started(*begun))
            if not self._children and self._wish:
                raise Wished(self._wish)
            if not self._children:
                return None
            for child in self._children:
                self._pass_on(child, listen)
                if self._is_over(child):
                    self._pass_on(child, listen)
                    return self._leave(child)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def close(self) -> None:
        """Let every process end in order, and wait for it: each keeps where it was."""
        for child in self._children:
            if child.process is not None:
                child.process.terminate()
        for child in self._children:
            if child.process is not None:
                child.process.wait()

    def _started(self, step: Trained, row: Trial, run: Run) -> _Child:
        seat = min(set(range(self._seats)) - {child.seat for child in self._children})
        tail = EventTail(run.events_path)
        for _ in tail.read():  # told before the interruption
            pass
        process = None if run.is_active else self._process(run, seat)
        return _Child(step, row, run, seat, process, tail)

    def _process(self, run: Run, seat: int) -> subprocess.Popen[bytes]:
        program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mpt_studio"]
        command = [*program, "resume", run.id, "--store", str(self._session.store.root), "--json"]
        own = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // self._seats))}
        if self._gpus > 1 and run.recipe.training.device in ("auto", "cuda"):
            own["CUDA_VISIBLE_DEVICES"] = str(seat % self._gpus)
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **own}
        apart = os.name != "nt"  # Ctrl+C is for the search to pass on
        with (run.folder / "log.txt").open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=apart,
            )

    def _pass_on(self, child: _Child, listen: Callable[[str, Event], None]) -> None:
        for event in child.tail.read():
            listen(child.run.id, event)

    def _is_over(self, child: _Child) -> bool:
        return not child.run.is_active if child.process is None else child.process.poll() is not None

    def _leave(self, child: _Child) -> tuple[Trained, Trial, Run, float]:
        self._children.remove(child)
        run = self._session.store.run(child.run.id)
        return child.step, child.row, run, time.monotonic() - child.began

    def _obey(self) -> None:
        """What the user asks of the search, every trial obeys by itself."""
        if self._session.interrupted():
            raise Interrupted
        command = read_command(self._folder)
        self._wish = command if command in ("stop", "cancel") else ""
