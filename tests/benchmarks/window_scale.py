"""How the window scales: ``python tests/benchmarks/window_scale.py [--json] [--samples 10000 100000 …]``.

Needs a display; ``xvfb-run -s "-screen 0 1920x1200x24"`` gives one. Each size runs in a process of its own, with the
real pages over synthetic versions and drawn 32×32 images. A frame is everything from the input to the painted window.
"own" is the window's own computing within the same frames: without waiting for other programs or for decoding threads.
The map and the thumbnails of image files do not depend on the number of samples; see ``window_parts.py``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import window_parts  # noqa: E402
from measuring import PeakMemory, both, ms, spread  # noqa: E402
from PySide6.QtCore import QThreadPool  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from synthetic import saved_pair  # noqa: E402
from table import Benchmark, Found, Row  # noqa: E402
from window_parts import breathe, settle, show, wait  # noqa: E402

from mpt_studio.compare import Comparison, Filter, open_comparison  # noqa: E402
from mpt_studio.data.dataset import Dataset  # noqa: E402
from mpt_studio.flips import FlipKind  # noqa: E402
from mpt_studio.gui.compare.page import ComparePage  # noqa: E402
from mpt_studio.gui.flips.page import FlipsPage  # noqa: E402
from mpt_studio.gui.images.image_index import image_index  # noqa: E402
from mpt_studio.gui.widgets import theme  # noqa: E402
from mpt_studio.gui.workspace.version import from_predictions  # noqa: E402
from mpt_studio.gui.workspace.workspace import Workspace  # noqa: E402
from mpt_studio.predictions import Predictions, read_predictions  # noqa: E402
from mpt_studio.store import Store  # noqa: E402

FRAMES, STEPS = 400, 60
FILTERS = (
    Filter(),
    Filter(kinds=(FlipKind.NEGATIVE,)),
    Filter(kinds=(FlipKind.NEGATIVE, FlipKind.BOTH_WRONG)),
    Filter(to_new_class=False),
    Filter(truths=("class 1", "class 7")),
    Filter(kinds=(FlipKind.NEGATIVE,), answers=("class 8",)),
    Filter(to_new_class=False, kinds=(FlipKind.BOTH_RIGHT,)),
    Filter(text="77"),
)
ROWS = (
    Row("open", "open two versions until their comparison is there", 500),
    Row("first_paint", "first paint of the grid", 50),
    Row("scroll_median", "scroll, median frame"),
    Row("scroll_99th", "scroll, 99th percentile frame", 33),
    Row("scroll_own_median", "scroll, own, median"),
    Row("scroll_own_99th", "scroll, own, 99th percentile"),
    Row("filter_median", "filter: from the click to the new facets and grid, median of eight", 100),
    Row("filter_most", "filter, the slowest of eight", 100),
    Row("filter_own", "filter, own, all frames together, median"),
    Row("filter_block", "filter, the longest frame meanwhile, median", 33),
    Row("slider_median", "slider step: table, quadrants, point; median", 16),
    Row("slider_99th", "slider step, 99th percentile"),
    Row("slider_own_median", "slider step, own, median"),
    Row("slider_own_99th", "slider step, own, 99th percentile"),
    Row("slider_charts", "charts under another offset: drawing; up to 10⁵ with counting"),
    Row("rest_block", "slider rests, the grid follows: the longest frame meanwhile", 33),
    Row("memory_mb", "private memory that all this added, at most", None, "MB"),
    Row("thumbnails_mb", "of it thumbnails, which have a limit", None, "MB"),
)


class Drawn(Dataset):
    """An image of one colour per sample."""

    spec, image_size = "drawn", 32

    def __init__(self, of: Predictions) -> None:
        self.sample_ids, self.labels, self.class_names = of.sample_ids, of.labels, of.label_names
        self.train, self.test = np.empty(0, np.int64), np.arange(len(of.labels))

    def image(self, index: int) -> np.ndarray:
        return np.full((32, 32, 3), index * 37 % 256, np.uint8)

    def batch(self, indices: Any, size: Any) -> np.ndarray:
        return np.stack([self.image(int(i)) for i in np.asarray(indices)])


def prepare(samples: int, folder: Path) -> None:
    """Predictions and their comparison on disk, as after the first time that they were opened."""
    old, new = (read_predictions(path) for path in saved_pair(samples, folder))
    open_comparison(old, new, folder / "store" / "comparisons")


def measure(samples: int, folder: Path) -> Found:
    """What a user waits for."""
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    peak, workspace = PeakMemory(), Workspace(Store(folder / "store"))
    started = time.perf_counter()
    for path in (folder / "old", folder / "new"):
        workspace.add_version(from_predictions(path))
    workspace.set_old(workspace.versions[0].key)
    newest = workspace.versions[1].predictions
    assert newest is not None
    workspace.dataset = Drawn(newest)
    wait(app, lambda: workspace.comparison() is not None)
    found: Found = {"open": 1000 * (time.perf_counter() - started)}
    found |= {**_flips(app, workspace), **_offsets(app, workspace), "memory_mb": peak.stop()}
    workspace.close()
    QThreadPool.globalInstance().waitForDone()
    return found


def _flips(app: QApplication, workspace: Workspace) -> Found:
    page = FlipsPage(workspace)
    show(app, page)
    workspace.set_filter(Filter())
    comparison = _comparison(workspace)
    wait(app, lambda: len(workspace.rows) == len(comparison) and not _busy(page))
    rows, images, grid = workspace.rows, image_index(workspace.dataset, comparison), page.grid
    settle(app)

    def fill(fresh: np.ndarray) -> None:
        grid.set_content(comparison, fresh, images)
        grid.viewport().repaint()

    found: Found = {"first_paint": min(ms(partial(fill, rows.copy())) for _ in range(5))}
    frames = []
    for at in np.linspace(0, grid.verticalScrollBar().maximum(), FRAMES).round().astype(int).tolist():
        frames.append(both(lambda at=at: _scroll(app, page, at)))
        breathe()
    found |= spread("scroll", frames) | _filters(app, workspace, page)
    found |= {"rest_block": _rest(app, workspace, page), "thumbnails_mb": page.thumbnails.bytes / (1 << 20)}
    page.close()
    return found


def _comparison(workspace: Workspace) -> Comparison:
    comparison = workspace.comparison()
    assert comparison is not None
    return comparison


def _scroll(app: QApplication, page: FlipsPage, at: int) -> None:
    page.grid.verticalScrollBar().setValue(at)
    app.processEvents()  # paints, and does what else is due, such as taking images that were decoded meanwhile


def _busy(page: FlipsPage) -> bool:
    return page.workspace.is_seeking or page.facets._latest.is_busy


def _filters(app: QApplication, workspace: Workspace, page: FlipsPage) -> Found:
    """Each filter once before, as the order of all samples and what is counted of them are made once."""
    taken = []
    for chosen in (*FILTERS, *FILTERS):
        settle(app, 0.4)
        taken.append(_frames(app, lambda chosen=chosen: workspace.set_filter(chosen), lambda: not _busy(page)))
    clock, own, longest = np.array(taken[len(FILTERS) :]).T
    return {
        "filter_median": float(np.median(clock)),
        "filter_most": float(clock.max()),
        "filter_own": float(np.median(own)),
        "filter_block": float(np.median(longest)),
    }


def _frames(app: QApplication, act: Callable[[], Any], done: Callable[[], bool]) -> tuple[float, float, float]:
    """From an act of the user until all that follows is painted: by the clock, own computing, the longest frame."""
    start, frames = time.perf_counter(), [both(act)]
    while not done():
        time.sleep(0.0005)
        frames.append(both(app.processEvents))
    frames.append(both(app.processEvents))
    clock, own = np.array(frames).T
    return 1000 * (time.perf_counter() - start), float(own.sum()), float(clock.max())


def _rest(app: QApplication, workspace: Workspace, page: FlipsPage) -> float:
    """The median of the longest frames while the grid, its order and its facets follow another offset."""
    workspace.set_filter(FILTERS[1])
    wait(app, lambda: not _busy(page))
    longest = []
    for gamma in (0.5, 1.0, 1.5, 2.0, 2.5):
        settle(app, 0.3)
        workspace.set_offset(gamma)
        shown = _comparison(workspace)
        longest.append(
            _frames(app, lambda: None, lambda shown=shown: page.grid.flips.comparison is shown and not _busy(page))[2]
        )
    workspace.set_offset(0.0)
    wait(app, lambda: page.grid.flips.comparison is workspace.comparison() and not _busy(page))
    return float(np.median(longest))


def _offsets(app: QApplication, workspace: Workspace) -> Found:
    page = ComparePage(workspace)
    show(app, page)
    wait(app, page.offset.isEnabled)
    settle(app)

    def step(gamma: float) -> None:
        workspace.set_offset(gamma)
        app.processEvents()  # paints what has changed

    page._charts.setInterval(10**6)  # measured apart
    steps = [both(lambda g=g: step(g)) for g in np.linspace(0.05, 3, STEPS).tolist()]
    charts = []
    for gamma in np.linspace(0.1, 3.1, 12).tolist():
        workspace.set_offset(gamma)
        shown = workspace.comparison()
        page._show_charts()  # counts, beside the window where samples are many
        wait(app, lambda shown=shown: page._counted is shown)
        charts.append(ms(page._show_charts))
    page.close()
    return {**spread("slider", steps), "slider_charts": float(np.median(charts))}


if __name__ == "__main__":
    sizes = (10_000, 100_000, 1_000_000, 10_000_000)
    about = (__doc__ or "").partition("\n")[0]
    benchmark = Benchmark(__file__, about, ROWS, sizes, prepare, measure)
    benchmark.main(window_parts.measure, window_parts.ROWS)
