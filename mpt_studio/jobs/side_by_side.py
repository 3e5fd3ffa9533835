"""Several runs at once, each trained outside of this process: by a process of this machine, or by a cluster's worker.

Both train a run that is on disk already, so that a run is trained in one way only; its events are read from its folder.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from mpt_studio import paths
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Event
from mpt_studio.jobs.patience import Wished
from mpt_studio.jobs.session import Session, Task, to_resume
from mpt_studio.store import EventTail, Run
from mpt_studio.store.control import read_command

SECONDS_BETWEEN_LOOKS = 0.1
What = TypeVar("What")
Listen = Callable[[str, Event], None]


@dataclass
class _Child(Generic[What]):
    what: What
    run: Run
    seat: int
    task: Task
    tail: EventTail
    began: float = field(default_factory=time.monotonic)


class SideBySide(Generic[What]):
    """Keeps a number of seats taken.

    Args:
        session: asked whether the job was interrupted; its workers train, or else processes of this machine.
        folder: the job's, whose commands count for all of its runs.
        seats: runs at once.
    """

    def __init__(self, session: Session, folder: Path, seats: int) -> None:
        self._session, self._folder, self._seats = session, folder, seats
        self._children: list[_Child[What]] = []
        self._wish = ""

    def ended(self, begin: Callable[[], tuple[What, Run] | None], listen: Listen) -> tuple[What, Run, float] | None:
        """The next run that has ended, with its seconds; None where there is nothing more to do.

        ``begin`` puts another one on disk; where it has none now, it is asked again when one has ended. Raises what it
        raises, ``Interrupted``, and ``Wished`` once all have ended that the user stopped.
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
                if child.task.is_over():
                    self._pass_on(child, listen)
                    return self._leave(child)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def close(self) -> None:
        """Let every run end in order, and wait for it: each keeps where it was."""
        end_all([child.task for child in self._children])

    def _started(self, what: What, run: Run) -> _Child[What]:
        seat = min(set(range(len(self._children) + 1)) - {child.seat for child in self._children})
        tail = EventTail(run.events_path)
        for _ in tail.read():  # told before the interruption
            pass
        workers = self._session.workers
        task = workers.train(run) if workers else _Process(self._session, run, seat, self._seats)
        return _Child(what, run, seat, task, tail)

    def _pass_on(self, child: _Child[What], listen: Listen) -> None:
        for event in child.tail.read():
            listen(child.run.id, event)

    def _leave(self, child: _Child[What]) -> tuple[What, Run, float]:
        self._children.remove(child)
        store = self._session.store
        try:
            child.task.check()
        except UserError as error:
            self._note_failure(child.run, error)
        return child.what, store.run(child.run.id), time.monotonic() - child.began

    def _note_failure(self, run: Run, error: UserError) -> None:
        """Nobody may have got so far as to say it there. Raises it where another still writes the run."""
        if self._session.store.run(run.id).outcome == "failed":
            return
        try:
            with self._session.store.write_run(run.id) as writer:
                writer.finish("failed", str(error))
        except UserError:
            raise error from None

    def _obey(self) -> None:
        """What the user asks of the job, every run obeys by itself; what waits for a worker does not begin."""
        if self._session.interrupted():
            raise Interrupted
        command, before = read_command(self._folder), self._wish
        self._wish = command if command in ("stop", "cancel") else ""
        for child in self._children if self._wish != before else ():
            if self._wish and self._session.store.run(child.run.id).outcome == "queued":
                child.task.end()


def train_one(session: Session, run: Run, folder: Path) -> Run:
    """Train a run by the session's workers to its end, and return it; as ``training.train``.

    ``folder`` is that of the job that it belongs to, whose commands count, or its own.
    """
    workers, beside = session.workers, SideBySide[None](session, folder, 1)
    assert workers is not None
    begun = iter([(None, run)])
    try:
        with workers.told_in(folder), suppress(Wished):  # what a stopped run came to is on disk
            beside.ended(lambda: next(begun, None), session.listen)
    except Interrupted:
        raise to_resume(run.update or run.id) from None
    finally:
        beside.close()
    run = session.store.run(run.id)
    if run.outcome == "failed":
        raise UserError(run.message)
    return run


def end_all(tasks: Sequence[Task]) -> None:
    """Ask all to end in order, then wait for each."""
    for task in tasks:
        task.end()
    for task in tasks:
        task.wait()


class _Process:
    """The command line's ``resume`` of a run, on a GPU of its own where there are several."""

    def __init__(self, session: Session, run: Run, seat: int, seats: int) -> None:
        self._run = run
        self._process = None if run.is_active else _started(session, run, seat, seats)
        """None for one that an earlier search process, killed meanwhile, left behind."""

    def is_over(self) -> bool:
        return not self._run.is_active if self._process is None else self._process.poll() is not None

    def check(self) -> None:
        """The run tells it."""

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()


def _started(session: Session, run: Run, seat: int, seats: int) -> subprocess.Popen[bytes]:
    from mpt_studio.engine.machine.device import gpus

    command = [*paths.program(), "resume", run.id, "--store", str(session.store.root), "--json"]
    own = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // seats))}
    if gpus() > 1 and run.recipe.training.device in ("auto", "cuda"):
        own["CUDA_VISIBLE_DEVICES"] = str(seat % gpus())
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **own}
    apart = os.name != "nt"  # Ctrl+C is for the search to pass on
    with (run.folder / "log.txt").open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=apart
        )
