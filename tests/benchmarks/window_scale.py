"""How the window scales: ``python tests/benchmarks/window_scale.py [--json] [--samples 10000 100000 …]``.

Needs a display; ``xvfb-run -s "-screen 0 1920x1200x24"`` gives one. Each size runs in a process of its own, with the
real pages over synthetic versions and drawn 32×32 images. A frame is everything from the input to the painted window.
"own" is the window's own computing within the same frames: without waiting for other programs or for decoding threads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from PySide6.QtCore import QThreadPool  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402
from synthetic import saved_pair  # noqa: E402

from mpt_studio.compare import Filter  # noqa: E402
from mpt_studio.data.dataset import Dataset  # noqa: E402
from mpt_studio.gui import theme  # noqa: E402
from mpt_studio.gui.compare_page import ComparePage  # noqa: E402
from mpt_studio.gui.flips_page import FlipsPage  # noqa: E402
from mpt_studio.gui.thumbnails import image_index  # noqa: E402
from mpt_studio.gui.versions import from_predictions  # noqa: E402
from mpt_studio.gui.workspace import Workspace  # noqa: E402
from mpt_studio.predictions import Predictions  # noqa: E402
from mpt_studio.store import Store  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
FRAMES, STEPS = 400, 60
GOALS = {"first_paint": 50, "scroll_frame_99th": 33, "slider_step_median": 16}
"""Milliseconds to reach at 10^6."""


class Drawn(Dataset):
    """An image of one colour per sample."""

    spec, image_size = "drawn", 32

    def __init__(self, of: Predictions) -> None:
        self.sample_ids, self.labels, self.class_names = of.sample_ids, of.labels, of.label_names
        self.train, self.test = np.empty(0, np.int64), np.arange(len(of.labels))

    def image(self, index: int) -> np.ndarray:
        return np.full((32, 32, 3), index * 37 % 256, np.uint8)

    def batch(self, indices: Any, size: int) -> np.ndarray:
        return np.stack([self.image(int(i)) for i in np.asarray(indices)])


def measure(folder: Path) -> dict[str, Any]:
    """Milliseconds of what a user waits for."""
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    workspace = Workspace(Store(folder / "store"))
    for path in (folder / "old", folder / "new"):
        workspace.add_version(from_predictions(path))
    workspace.set_old(workspace.versions[0].key)
    newest = workspace.versions[1].predictions
    assert newest is not None
    workspace.dataset = Drawn(newest)
    _wait(app, lambda: workspace.comparison() is not None)
    found: dict[str, Any] = {"samples": len(newest.labels), **_flips(app, workspace), **_offsets(app, workspace)}
    workspace.close()
    QThreadPool.globalInstance().waitForDone()
    return found


def _flips(app: QApplication, workspace: Workspace) -> dict[str, float]:
    page = FlipsPage(workspace)
    _show(app, page)
    workspace.set_filter(Filter())
    comparison = workspace.comparison()
    assert comparison is not None
    _wait(app, lambda: len(workspace.rows) == len(comparison))
    rows, images, grid = workspace.rows, image_index(workspace.dataset, comparison), page.grid
    _settle(app)

    def fill() -> None:
        grid.set_content(comparison, rows.copy(), images)
        grid.viewport().repaint()

    found = {"first_paint": min(_ms(fill) for _ in range(5))}
    bar = grid.verticalScrollBar()
    frames = []
    for at in np.linspace(0, bar.maximum(), FRAMES).round().astype(int).tolist():
        frames.append(_both(lambda at=at: _scroll(app, page, at)))
        _breathe()
    found |= _spread("scroll_frame", frames)
    page.close_threads()
    page.close()
    return found


def _scroll(app: QApplication, page: FlipsPage, at: int) -> None:
    page.grid.verticalScrollBar().setValue(at)
    app.processEvents()  # paints, and does what else is due, such as taking images that were decoded meanwhile


def _breathe() -> None:
    """A wheel or a dragged handle does not come more often than this; decoding goes on meanwhile."""
    end = time.perf_counter() + 0.008
    while time.perf_counter() < end:
        time.sleep(0.001)


def _offsets(app: QApplication, workspace: Workspace) -> dict[str, float]:
    page = ComparePage(workspace)
    _show(app, page)
    _wait(app, page.offset.isEnabled)
    _settle(app)

    def step(gamma: float) -> None:
        workspace.set_offset(gamma)
        app.processEvents()  # paints what has changed

    page._charts.setInterval(10**6)  # measured apart
    steps = [_both(lambda g=g: step(g)) for g in np.linspace(0.05, 3, STEPS).tolist()]
    charts = []
    for gamma in np.linspace(0.1, 3.1, 12).tolist():
        workspace.set_offset(gamma)
        shown = workspace.comparison()
        page._show_charts()  # counts, beside the window where samples are many
        _wait(app, lambda shown=shown: page._counted is shown)
        charts.append(_ms(page._show_charts))
    page.close()
    return {**_spread("slider_step", steps), "slider_charts": float(np.median(charts))}


def _show(app: QApplication, page: QWidget) -> None:
    page.resize(1280, 900)
    page.show()
    _settle(app)


def _settle(app: QApplication) -> None:
    end = time.perf_counter() + 1.0
    while time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.005)


def _wait(app: QApplication, until: Callable[[], bool], seconds: float = 120) -> None:
    end = time.perf_counter() + seconds
    while not until():
        if time.perf_counter() > end:
            raise TimeoutError("The window did not get ready.")
        app.processEvents()
        time.sleep(0.005)


def _ms(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def _both(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds by the clock, and of this thread's own computing."""
    start = time.thread_time()
    return _ms(work), 1000 * (time.thread_time() - start)


def _spread(name: str, frames: list[tuple[float, float]]) -> dict[str, float]:
    clock, own = np.array(frames).T
    return {
        f"{name}_median": float(np.median(clock)),
        f"{name}_99th": float(np.percentile(clock, 99)),
        f"{name}_own_median": float(np.median(own)),
        f"{name}_own_99th": float(np.percentile(own, 99)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--samples", type=int, nargs="+", default=SIZES)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(measure(given.folder)))
        return
    rows = [_apart(samples) for samples in given.samples]
    print(json.dumps({"goals_at_1000000": GOALS, "sizes": rows}) if given.json else _table(rows))


def _apart(samples: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        saved_pair(samples, Path(folder))
        done = subprocess.run([sys.executable, __file__, "--in", folder], stdout=subprocess.PIPE, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _table(rows: list[dict[str, Any]]) -> str:
    head = "| | " + " | ".join(f"{row['samples']:,}" for row in rows) + " | goal at 1,000,000 |"
    lines = [head, "|---|" + "---:|" * (len(rows) + 1)]
    for name in [name for name in rows[0] if name != "samples"]:
        values = " | ".join(f"{row[name]:,.1f}" for row in rows)
        lines.append(f"| {name.replace('_', ' ')} [ms] | {values} | {GOALS.get(name, '')} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
