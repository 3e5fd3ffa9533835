"""One side of a benchmark in a process of its own: a line on stdin starts a round, a line of JSON on stdout answers it.

Sides: "ours" trains or evaluates as users do, events, validation and checkpoints included; "bound" is the bare step,
"decode" an epoch's batches that nobody trains on. Another side, "script", is ``published_loop.py``. Rounds are started
in turns, so that a noisy machine favours none.

    python bench_side.py ours|bound|decode SETTING.json
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench_work
from bench_work import EVALUATED, Setting, prepared, recipe_of

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.events import Epoch, Event, Step
from mpt_studio.store import Store


def answer(rounds: Iterator[dict[str, Any]], device: str) -> None:
    """Play the rounds that stdin asks for."""
    for _ in sys.stdin:
        began = time.perf_counter()
        record = next(rounds)
        record["seconds"] = time.perf_counter() - began
        record |= _peaks(device)
        print(json.dumps(record), flush=True)


def evaluations(setting: Setting) -> Iterator[dict[str, Any]]:
    """One evaluation of each version for each ``next``, through the same door as the command line."""
    folder, first = Path(setting["folder"]), _First()
    session = jobs.Session(Store(folder / "store"), show=lambda sentence, fraction: first.note(bool(fraction)))
    while True:
        images = 0
        for _ in range(setting["versions"]):
            version, out = folder / "reference.safetensors", folder / "answers"
            found, _ = jobs.evaluate(
                session, version, setting["data"], part=EVALUATED, device=setting["device"], out=out
            )
            images += len(found)
        yield {"images": images, "first_step_at": first.at}


class _First:
    """When something happened for the first time, by the clock that all processes share."""

    def __init__(self) -> None:
        self.at = 0.0

    def note(self, happened: bool) -> None:
        if happened and not self.at:
            self.at = time.time()


class _Course:
    """A training that waits at each epoch's end until the next round begins.

    Training has the process's main thread, as it has for users: the C library lets other threads hold less at once, and
    large images would be slower there.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._first = _First()
        self._begin: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def train(self) -> None:
        """Train to the last epoch. Raises whatever training does."""
        self._begin.get()
        session = jobs.Session(Store(Path(self.setting["folder"]) / "store"), listen=self._listen)
        dataset = open_dataset(self.setting["data"])
        run = jobs.start_train(session.store, recipe_of(self.setting), dataset)
        jobs.train(session, run.id, dataset)

    def epochs(self) -> Iterator[dict[str, Any]]:
        """For another thread: lets one epoch pass for each ``next``."""
        images = 0
        while True:
            self._begin.put(True)
            record = self._ended.get()
            images = images or len(prepared(self.setting).train_indices)
            yield {"images": images, "first_step_at": self._first.at, **record}

    def _listen(self, run: str, event: Event) -> None:
        self._first.note(isinstance(event, Step))
        if isinstance(event, Epoch):
            self._ended.put({"loss": event.losses["loss"]})
            self._begin.get()


def _peaks(device: str) -> dict[str, int]:
    return {"peak_bytes": bench_work.peak_bytes(), "gpu_peak_bytes": bench_work.peak_bytes_on(device)}


def main(side: str, path: str) -> None:
    setting = json.loads(Path(path).read_text("utf-8"))
    if side == "prepare":
        bench_work.prepare(setting, tuple(setting["old_names"]))
    elif side in ("bound", "decode"):
        rounds = bench_work.bound(setting) if side == "bound" else bench_work.decoding(setting)
        answer(rounds, setting["device"])
    elif setting["role"] == "evaluate":
        answer(evaluations(setting), setting["device"])
    else:
        course = _Course(setting)
        threading.Thread(target=answer, args=(course.epochs(), setting["device"]), daemon=True).start()
        course.train()


if __name__ == "__main__":
    main(*sys.argv[1:])
