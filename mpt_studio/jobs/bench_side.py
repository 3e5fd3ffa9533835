"""One side of a benchmark in a process of its own: a line on stdin starts a round, a line of JSON on stdout answers it.

Sides: "ours" trains or evaluates as users do, events, validation and checkpoints included; "bound" is the bare step,
"decode" an epoch's batches that nobody trains on. Another side, "script", is ``published_loop.py``. Rounds are started
in turns, so that a noisy machine favours none.

    python -m mpt_studio.jobs.bench_side ours|bound|decode SETTING.json
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

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.events import Epoch, Event, Step
from mpt_studio.recipe import Model, Recipe, Training, method_named
from mpt_studio.store import Store

Setting = dict[str, Any]


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
    from mpt_studio.engine.bench import EVALUATED

    folder, first = Path(setting["folder"]), _First()
    session = jobs.Session(Store(folder / "store"), progress=lambda sentence, fraction: first.note(bool(fraction)))
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
            images = images or _training_images(self.setting)
            yield {"images": images, "first_step_at": self._first.at, **record}

    def _listen(self, run: str, event: Event) -> None:
        self._first.note(isinstance(event, Step))
        if isinstance(event, Epoch):
            self._ended.put({"loss": event.losses["loss"]})
            self._begin.get()


def recipe_of(setting: Setting) -> Recipe:
    """Our training of a setting: as long as there are rounds, at the constant rate that the script has."""
    folder, method = Path(setting["folder"]), method_named(setting["method"], setting["margin"])
    return Recipe(
        data=setting["data"],
        old=str(folder / "old.safetensors"),
        reference=str(folder / "reference.safetensors") if method.needs_reference else "",
        method=method,
        model=Model(arch=setting["arch"], small_stem=setting["small_stem"], image_size=setting["image_size"]),
        training=Training(
            epochs=setting["rounds"] + 1,
            batch_size=setting["batch"],
            learning_rate=setting["learning_rate"],
            schedule="constant",
            precision=setting["precision"],
            limit_train=setting["limit_train"],
            seed=setting["seed"],
            device=setting["device"],
            compile=setting.get("compile", "off"),
            data_placement="loader" if setting.get("jpegs") else "auto",
        ),
    )


def _training_images(setting: Setting) -> int:
    from mpt_studio.engine import bench

    return len(bench.prepared(setting).train_indices)


def _peaks(device: str) -> dict[str, int]:
    from mpt_studio.engine import bench

    return {"peak_bytes": bench.peak_bytes(), "gpu_peak_bytes": bench.peak_bytes_on(device)}


def main(side: str, path: str) -> None:
    setting = json.loads(Path(path).read_text("utf-8"))
    if side in ("bound", "decode", "prepare"):
        _of_the_engine(side, setting)
    elif setting["role"] == "evaluate":
        answer(evaluations(setting), setting["device"])
    else:
        course = _Course(setting)
        threading.Thread(target=answer, args=(course.epochs(), setting["device"]), daemon=True).start()
        course.train()


def _of_the_engine(side: str, setting: Setting) -> None:
    from mpt_studio.engine import bench

    if side == "prepare":
        bench.prepare(setting, tuple(setting["old_names"]))
    else:
        answer(bench.bound(setting) if side == "bound" else bench.decoding(setting), setting["device"])


if __name__ == "__main__":
    main(*sys.argv[1:])
