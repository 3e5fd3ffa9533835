"""What of the window does not depend on the number of samples: the map of 10⁵ points, thumbnails of JPEG files."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import both, spread
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from table import Found, Row

from mpt_studio.compare import compare
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.gui.flips.grid import FlipGrid
from mpt_studio.gui.flips.map_canvas import MapCanvas
from mpt_studio.gui.images.image_index import image_index
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.widgets import theme
from mpt_studio.predictions import Predictions

POINTS, PHOTOS, SIZE, FRAMES = 100_000, 400, (1024, 768), 100
ROWS = (
    Row("pan_median", "map of 100,000 points, dragging: median frame"),
    Row("pan_99th", "map, dragging: 99th percentile frame", 33),
    Row("pan_own_median", "map, dragging: own, median"),
    Row("zoom_median", "map, zooming with the wheel: median frame"),
    Row("zoom_99th", "map, zooming: 99th percentile frame", 33),
    Row("zoom_own_median", "map, zooming: own, median"),
    Row("lasso_99th", "map, drawing a loop: 99th percentile frame", 33),
    Row("lasso_end", "map, closing the loop: which points are inside", 33),
    Row("lasso_end_own", "map, closing the loop, own"),
    Row("map_filter", "map under another filter: one frame", 33),
    Row("map_filter_own", "map under another filter, own"),
    Row("photos_first", "a screen of JPEG files (1024 × 768), the first time: until all are shown"),
    Row("photos_again", "the same screen from the copies on disk, the next session"),
    Row("photos_scroll_99th", "scrolling through JPEG files, the first time: 99th percentile frame", 33),
    Row("photos_scroll_own_99th", "scrolling through JPEG files, own, 99th percentile"),
    Row("photos_kept_99th", "scrolling through copies on disk: 99th percentile frame", 33),
    Row("photos_kept_own_99th", "scrolling through copies on disk, own, 99th percentile"),
)


def measure(folder: Path) -> Found:
    """Milliseconds of what a user waits for."""
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    return {**_map(app), **_photos(app, folder)}


# What the scripts share ---------------------------------------------------------------------------------------------


def show(app: QApplication, page: QWidget, size: tuple[int, int] = (1280, 900)) -> None:
    page.resize(*size)
    page.show()
    settle(app)


def settle(app: QApplication, seconds: float = 1.0) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.005)


def wait(app: QApplication, until: Callable[[], bool], seconds: float = 240) -> None:
    end = time.perf_counter() + seconds
    while not until():
        if time.perf_counter() > end:
            raise TimeoutError("The window did not get ready.")
        app.processEvents()
        time.sleep(0.001)


def breathe() -> None:
    """A wheel or a dragged handle does not come more often than this; decoding goes on meanwhile."""
    end = time.perf_counter() + 0.008
    while time.perf_counter() < end:
        time.sleep(0.001)


# The map ------------------------------------------------------------------------------------------------------------


def _map(app: QApplication) -> Found:
    rng, canvas = np.random.default_rng(0), MapCanvas()
    centres = rng.normal(size=(10, 2)) * 4
    points = (centres[rng.integers(0, 10, POINTS)] + rng.normal(size=(POINTS, 2))).astype(np.float32)
    kinds = rng.choice(4, POINTS, p=[0.8, 0.03, 0.07, 0.1]).astype(np.uint8)
    show(app, canvas, (800, 700))
    canvas.set_points(points, kinds)
    settle(app, 0.3)
    found = _drag(app, canvas) | _zoom(app, canvas) | _lasso(app, canvas)

    def filtered() -> None:
        canvas.set_bright(rng.random(POINTS) < 0.2)
        canvas.repaint()

    clock, own = np.median([both(filtered) for _ in range(9)], axis=0)
    found |= {"map_filter": float(clock), "map_filter_own": float(own)}
    canvas.close()
    return found


def _drag(app: QApplication, canvas: MapCanvas) -> Found:
    _mouse(canvas, QEvent.Type.MouseButtonPress, 400, 350, Qt.MouseButton.RightButton)
    frames = []
    for turn in np.linspace(0, 6.28, FRAMES).tolist():
        at = 400 + 180 * np.sin(turn), 350 + 120 * np.sin(2 * turn)
        frames.append(both(lambda at=at: _moved(app, canvas, *at, Qt.MouseButton.RightButton)))
    _mouse(canvas, QEvent.Type.MouseButtonRelease, 400, 350, Qt.MouseButton.RightButton)
    return spread("pan", frames)


def _zoom(app: QApplication, canvas: MapCanvas) -> Found:
    def zoomed(factor: float) -> None:
        canvas.zoom(factor, QPointF(300, 300))
        app.processEvents()

    factors = [1.25] * 12 + [0.8] * 12
    frames = [both(lambda f=f: zoomed(f)) for f in factors * (FRAMES // len(factors))]
    canvas.fit()
    app.processEvents()
    return spread("zoom", frames)


def _lasso(app: QApplication, canvas: MapCanvas) -> Found:
    button, found = Qt.MouseButton.LeftButton, []
    canvas.lassoed.connect(found.append)
    _mouse(canvas, QEvent.Type.MouseButtonPress, 650, 350, button)
    frames = []
    for turn in np.linspace(0, 6.28, FRAMES).tolist():
        at = 400 + 250 * np.cos(turn), 350 + 250 * np.sin(turn)
        frames.append(both(lambda at=at: _moved(app, canvas, *at, button)))
    end = both(lambda: _mouse(canvas, QEvent.Type.MouseButtonRelease, 650, 350, button))
    assert len(found[0]) > POINTS // 10, "The loop caught nothing."
    return {**spread("lasso", frames), "lasso_end": end[0], "lasso_end_own": end[1]}


def _moved(app: QApplication, canvas: MapCanvas, x: float, y: float, button: Qt.MouseButton) -> None:
    _mouse(canvas, QEvent.Type.MouseMove, x, y, button)
    app.processEvents()


def _mouse(canvas: MapCanvas, kind: QEvent.Type, x: float, y: float, button: Qt.MouseButton) -> None:
    at, held = QPointF(x, y), Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    plain = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, plain))


# Thumbnails of image files ------------------------------------------------------------------------------------------


def _photos(app: QApplication, folder: Path) -> Found:
    data = _photo_folder(folder / "photos")
    first, again = _session(app, data), _session(app, data)
    kept = _session(app, data, scroll=True)  # of a screen there are copies, of the others not
    later = _session(app, data, scroll=True)
    return {
        "photos_first": first["screen"],
        "photos_again": again["screen"],
        **{f"photos_scroll_{part}": kept[f"scroll_{part}"] for part in ("99th", "own_99th")},
        **{f"photos_kept_{part}": later[f"scroll_{part}"] for part in ("99th", "own_99th")},
    }


def _photo_folder(root: Path) -> Dataset:
    """Noise upon a slope: about as long to decode as a photograph of the size."""
    rng, (width, height) = np.random.default_rng(0), SIZE
    coarse = rng.integers(0, 56, (height // 8, width // 8, 3)).astype(np.uint8)
    noise = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC))
    photo = (np.linspace(0, 200, width)[None, :, None] + noise).astype(np.uint8)
    for i in range(PHOTOS):
        place = root / "ab"[i % 2] / f"{i:04d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(photo, 8 * i, axis=1)).save(place, quality=90)
    return open_dataset(f"folder:{root}")


def _session(app: QApplication, data: Dataset, *, scroll: bool = False) -> Found:
    """A grid of its own, as after a restart: nothing is in memory, what is on disk stays."""
    names, count = data.class_names, len(data.labels)
    logits = np.random.default_rng(1).normal(size=(count, len(names))).astype(np.float32)
    answers = Predictions(np.asarray(data.sample_ids), np.asarray(data.labels), names, logits, names)
    comparison, thumbnails = compare(answers, answers), Thumbnails()
    thumbnails.set_dataset(data)
    grid = FlipGrid(thumbnails)
    show(app, grid)
    grid.set_content(comparison, np.arange(count), image_index(data, comparison))
    start = time.perf_counter()
    wait(app, lambda: all(thumbnails.image(i) is not None for i in grid._visible()))
    found: Found = {"screen": 1000 * (time.perf_counter() - start)}
    if scroll:
        frames, bar = [], grid.verticalScrollBar()
        for at in np.linspace(0, bar.maximum(), FRAMES).round().astype(int).tolist():
            frames.append(both(lambda at=at: (bar.setValue(at), app.processEvents())))
            breathe()
        found |= spread("scroll", frames)
    thumbnails.close()
    grid.close()
    return found
