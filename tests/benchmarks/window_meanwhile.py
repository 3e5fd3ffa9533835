"""The window while training goes on: ``window_meanwhile.py [--json] [--samples 10000 100000]``.

Needs a display; ``xvfb-run -s "-screen 0 1920x1200x24"`` gives one. Columns are the number of step events of one run
(a day of training leaves about 30,000). What does not depend on it follows: the first paint of the program, and
how punctual a timer of 10 ms is in the real window, first idle, then with a trainer at full speed on the same cores.
"own" is what the window's thread computes itself, without waiting for other programs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from day_of_events import epoch, record, steps  # noqa: E402
from measuring import both, private_mb, spread  # noqa: E402
from PySide6.QtCore import QEventLoop, Qt, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from table import Benchmark, Found, Row  # noqa: E402
from window_parts import settle, wait  # noqa: E402

from mpt_studio import recipe  # noqa: E402
from mpt_studio.events import Event, Stage  # noqa: E402
from mpt_studio.gui.widgets import theme  # noqa: E402
from mpt_studio.gui.window.main_window import MainWindow  # noqa: E402
from mpt_studio.gui.window.pages import TRAIN  # noqa: E402
from mpt_studio.recipe import UpdateRecipe  # noqa: E402
from mpt_studio.store import Store  # noqa: E402

SECONDS, STARTS, FRAMES, BATCH, IMAGES_PER_STEP = 30.0, 5, 60, 500, 128
ROWS = (
    Row("open", "curves of a run that ended: from the click until they are drawn", 2000),
    Row("open_computing", "the same, computing of all threads of the window"),
    Row("open_block", "the longest frame meanwhile"),
    Row("redraw_median", "all six plots redrawn with one more event, after so many were followed live: median"),
    Row("redraw_99th", "the same, 99th percentile", 33),
    Row("redraw_own_median", "the same, own, median"),
    Row("redraw_own_99th", "the same, own, 99th percentile", 33),
    Row("follow_us", "following live, own, per event", None, "µs"),
    Row("memory_mb", "private memory that following added", None, "MB"),
)
ALONE_ROWS = (
    Row("first_paint", "first paint of the window, from the start of the process; median of five", 1000),
    Row("first_paint_computing", "the same, computing of all threads"),
    Row("idle_99th", "a timer of 10 ms, idle window: 99th percentile until it fires"),
    Row("training_99th", "a timer of 10 ms while a trainer runs: 99th percentile until it fires"),
    Row("ratio", "while training / idle", 2, "times"),
    Row("idle_late_99th", "of this how much too late: idle"),
    Row("training_late_99th", "of this how much too late: while a trainer runs"),
    Row("training_most", "while a trainer runs: the longest"),
    Row("window_share", "share of a core that the window's thread computes meanwhile", None, "%"),
    Row("training_rate", "images per second of the trainer meanwhile", None, "1/s"),
)


# With the number of events ------------------------------------------------------------------------------------------


def prepare(events: int, folder: Path) -> None:
    """A store with a run that wrote ``events`` steps and ended."""
    record(Store(folder / "store"), events)


def measure(events: int, folder: Path) -> Found:
    """Opening what was written, then following as many live in the same window."""
    app, window = _window(folder)
    found = _open(app, window) | _follow(app, window, events)
    window.close()
    return found


def _window(folder: Path) -> tuple[QApplication, MainWindow]:
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    window = MainWindow(Store(folder / "store"))
    window.show()
    window.pages.show_page("train")
    settle(app)
    return app, window


def _open(app: QApplication, window: MainWindow) -> Found:
    run, curves = window.workspace.store.runs()[0].id, window.pages[TRAIN].curves
    computing, start = time.process_time(), time.perf_counter()
    frames = [both(lambda: window.pages[TRAIN].overlay(run))]
    while run not in curves.run_ids or curves.redraws.is_busy:
        time.sleep(0.0005)
        frames.append(both(app.processEvents))
    frames.append(both(app.processEvents))
    return {
        "open": 1000 * (time.perf_counter() - start),
        "open_computing": 1000 * (time.process_time() - computing),
        "open_block": max(clock for clock, _ in frames),
    }


def _follow(app: QApplication, window: MainWindow, events: int) -> Found:
    update = window.workspace.store.create_update(UpdateRecipe())
    window.queue.started.emit(update.id)
    stage = Stage(run="live", role="reference", method="none", label="Reference", index=1, count=4)
    _tell(window, update.id, [stage], "")
    settle(app)
    before, own = private_mb(), time.thread_time()
    for at in range(0, events, BATCH):
        _tell(window, update.id, [*steps(at, min(at + BATCH, events)), epoch(at)])
        app.processEvents()
    found: Found = {"follow_us": 1e6 * (time.thread_time() - own) / events}
    frames = [both(partial(_redraw, app, window, update.id, events + i)) for i in range(FRAMES)]
    return {**found, **spread("redraw", frames), "memory_mb": private_mb() - before}


def _tell(window: MainWindow, update_id: str, events: list[Event], run: str = "live") -> None:
    window.queue.events.emit(update_id, [(run, event) for event in events])


def _redraw(app: QApplication, window: MainWindow, update_id: str, at: int) -> None:
    _tell(window, update_id, list(steps(at, at + 1)))
    window.pages[TRAIN].curves.redraw()
    app.processEvents()  # paints


# Without ------------------------------------------------------------------------------------------------------------


def alone(folder: Path) -> Found:
    """The start of the program, and a timer's punctuality."""
    starts = np.median([_start(folder) for _ in range(STARTS + 1)][1:], axis=0)  # the first one compiles
    os.environ["PYTHONPATH"] = str(HERE.parents[1])  # for the trainer
    app, window = _window(folder)
    found: Found = {"first_paint": float(starts[0]), "first_paint_computing": float(starts[1])}
    idle = _delays(SECONDS)
    _train(app, window)
    began, share, steps = time.perf_counter(), time.thread_time(), _steps(window)
    busy = _delays(SECONDS)
    seconds = time.perf_counter() - began
    found |= {"window_share": 100 * (time.thread_time() - share) / seconds}
    found["training_rate"] = (_steps(window) - steps) * IMAGES_PER_STEP / seconds
    _end(app, window)
    return found | _punctuality(idle, busy)


def _start(folder: Path) -> tuple[float, float]:
    """With compiled modules, as an installed program has them."""
    words = [sys.executable, str(HERE / "first_paint.py"), repr(time.monotonic()), str(folder / "store")]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True, env=kept | compiled)
    clock, computing = done.stdout.split()
    return float(clock), float(computing)


def _delays(seconds: float) -> np.ndarray:
    """Milliseconds from starting a timer of 10 ms until it fires, again and again; the window lives meanwhile."""
    loop, timer, found = QEventLoop(), QTimer(), []
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    began = last = time.perf_counter()

    def fired() -> None:
        nonlocal last
        now = time.perf_counter()
        found.append(1000 * (now - last))
        if now - began > seconds:
            loop.quit()
        last = time.perf_counter()
        timer.start(10)

    timer.timeout.connect(fired)
    timer.start(10)
    loop.exec()
    timer.stop()
    return np.array(found)


def _train(app: QApplication, window: MainWindow) -> None:
    """As a user does: through the page, its queue and its thread; until the first candidate trains."""
    preset = recipe.preset("try-it-now").recipe
    window.pages[TRAIN].start_update(
        replace(preset, training=replace(preset.training, epochs=1000, batch_size=IMAGES_PER_STEP))
    )
    wait(app, lambda: _steps(window) > 0)


def _steps(window: MainWindow) -> int:
    """Of the version in training, as far as the window knows."""
    state = window.pages[TRAIN].state
    return state.current.step.step if state and state.current and state.current.step else 0


def _end(app: QApplication, window: MainWindow) -> None:
    window.queue.cancel()
    wait(app, lambda: not window.queue.is_busy, 60)
    window.close()


def _punctuality(idle: np.ndarray, busy: np.ndarray) -> Found:
    found: Found = {"training_most": float(busy.max())}
    for name, delays in (("idle", idle), ("training", busy)):
        found[f"{name}_99th"] = float(np.percentile(delays, 99))
        found[f"{name}_late_99th"] = float(np.percentile(np.maximum(delays - 10, 0), 99))
    return found | {"ratio": found["training_99th"] / found["idle_99th"]}


if __name__ == "__main__":
    about = (__doc__ or "").partition("\n")[0]
    Benchmark(__file__, about, ROWS, (10_000, 30_000, 100_000), prepare, measure).main(alone, ALONE_ROWS)
