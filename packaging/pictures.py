"""Make docs/images anew: the window with the built-in characters, *Update my model* with scenes that are drawn here.

    python packaging/pictures.py           all of them: some five minutes on an idle machine, without a display
    python packaging/pictures.py update    *Update my model* alone

What is shown is really trained, in a folder of its own that is deleted afterwards.
"""

from __future__ import annotations

import colorsys
import io
import math
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "images"
SIZE, DRAWN_AT = 96, 288
"""Side of a scene in pixels, and of the canvas that it is drawn on."""
KNOWN = ("balloon", "fish", "house", "moon", "mountain")
"""Scenes that the old model knows; the others are new."""
MOST_BYTES = 250_000
"""Of a picture in all its colours."""
MOST_SECONDS = 1500
"""For one thing to happen in the window."""

Point = tuple[float, float]


# ---- scenes ----------------------------------------------------------------------------------------------------------


class Scene:
    """A square canvas, its sides 1 long, with a sky."""

    def __init__(self, random: np.random.Generator, hue: float, light: float = 0.95) -> None:
        self.random = random
        hue += random.uniform(-0.05, 0.05)
        down = np.linspace(0, 1, DRAWN_AT)
        rows = [colorsys.hsv_to_rgb(hue % 1, 0.55 - 0.4 * y, light - 0.1 * (1 - y)) for y in down]
        sky = np.repeat((np.array(rows) * 255).astype(np.uint8)[:, None], DRAWN_AT, axis=1)
        self.image = Image.fromarray(sky)
        self.draw = ImageDraw.Draw(self.image)

    def color(self, hue: float, saturation: float = 0.6, value: float = 0.85) -> tuple[int, ...]:
        made = colorsys.hsv_to_rgb((hue + self.random.uniform(-0.04, 0.04)) % 1, saturation, value)
        return tuple(int(255 * part) for part in made)

    def shape(self, points: list[Point], fill: tuple[int, ...]) -> None:
        self.draw.polygon([(x * DRAWN_AT, y * DRAWN_AT) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, wide: float, high: float, fill: tuple[int, ...]) -> None:
        self.draw.ellipse([v * DRAWN_AT for v in (x - wide, y - high, x + wide, y + high)], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: tuple[int, ...]) -> None:
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def hills(self, top: float, hue: float, saturation: float = 0.5, value: float = 0.6) -> None:
        phase, steps = self.random.uniform(0, 6), np.linspace(0, 1, 40)
        line = [(float(x), top + 0.04 * math.sin(phase + 5 * x)) for x in steps]
        self.shape([*line, (1.0, 1.0), (0.0, 1.0)], self.color(hue, saturation, value))

    def finished(self) -> Image.Image:
        return self.image.filter(ImageFilter.GaussianBlur(1.2)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def balloon(random: np.random.Generator) -> Scene:
    scene, hue = Scene(random, 0.56), random.uniform()
    x, y, r = random.uniform(0.35, 0.65), random.uniform(0.3, 0.42), random.uniform(0.18, 0.25)
    scene.hills(0.88, 0.3)
    scene.shape([(x - 0.8 * r, y + 0.6 * r), (x + 0.8 * r, y + 0.6 * r), (x, y + 1.6 * r)], scene.color(hue))
    for part, shade in ((1.0, 0.85), (0.6, 0.95), (0.25, 0.8)):
        scene.disc(x, y, part * r, r, scene.color(hue, 0.65, shade))
    scene.box(x - 0.2 * r, y + 1.6 * r, x + 0.2 * r, y + 1.95 * r, scene.color(0.08, 0.6, 0.45))
    return scene


def fish(random: np.random.Generator) -> Scene:
    scene, hue = Scene(random, 0.52, 0.75), random.uniform(0, 0.15)
    x, y, r, way = (
        random.uniform(0.42, 0.58),
        random.uniform(0.4, 0.6),
        random.uniform(0.2, 0.27),
        random.choice([-1, 1]),
    )
    scene.hills(0.9, 0.13, 0.4, 0.75)
    scene.shape(
        [(x - way * 0.8 * r, y), (x - way * 1.6 * r, y - 0.6 * r), (x - way * 1.6 * r, y + 0.6 * r)], scene.color(hue)
    )
    scene.shape([(x - 0.3 * r, y - 0.4 * r), (x + 0.4 * r, y - 0.4 * r), (x, y - 0.9 * r)], scene.color(hue, 0.7, 0.75))
    scene.disc(x, y, r, 0.55 * r, scene.color(hue, 0.75, 0.95))
    scene.disc(x + way * 0.6 * r, y - 0.12 * r, 0.1 * r, 0.1 * r, (20, 20, 30))
    return scene


def house(random: np.random.Generator) -> Scene:
    scene, hue = Scene(random, 0.57), random.uniform()
    x, top, w = random.uniform(0.42, 0.58), random.uniform(0.45, 0.53), random.uniform(0.2, 0.27)
    scene.hills(0.78, 0.28)
    scene.box(x - w, top, x + w, 0.84, scene.color(hue, 0.25, 0.95))
    scene.shape([(x - 1.2 * w, top), (x + 1.2 * w, top), (x, top - 0.9 * w)], scene.color(0.03, 0.65, 0.65))
    scene.box(x - 0.2 * w, 0.84 - 0.75 * w, x + 0.2 * w, 0.84, scene.color(0.08, 0.6, 0.4))
    for side in (-0.65, 0.65):
        scene.box(x + (side - 0.2) * w, top + 0.25 * w, x + (side + 0.2) * w, top + 0.65 * w, (250, 230, 150))
    return scene


def moon(random: np.random.Generator) -> Scene:
    scene = Scene(random, 0.68, 0.35)
    x, y, r = random.uniform(0.35, 0.65), random.uniform(0.3, 0.5), random.uniform(0.15, 0.22)
    for star in random.uniform(0, 1, (18, 2)):
        scene.disc(star[0], 0.75 * star[1], 0.007, 0.007, (240, 240, 220))
    scene.disc(x, y, r, r, (245, 238, 200))
    for at, size in ((-0.35, 0.2), (0.3, 0.14), (0.05, 0.25)):
        scene.disc(x + at * r, y + random.uniform(-0.5, 0.5) * r, size * r, size * r, (222, 214, 178))
    scene.hills(0.84, 0.65, 0.5, 0.2)
    return scene


def mountain(random: np.random.Generator) -> Scene:
    scene = Scene(random, 0.58)
    for x, top, value in sorted(
        ((random.uniform(0.15, 0.85), random.uniform(0.22, 0.5), 0.5) for _ in range(3)), reverse=True
    ):
        scene.shape([(x - 0.45, 0.85), (x + 0.45, 0.85), (x, top)], scene.color(0.62, 0.25, value + 0.3 * (top - 0.2)))
        scene.shape([(x - 0.1, top + 0.13), (x, top + 0.1), (x + 0.1, top + 0.13), (x, top)], (245, 248, 252))
    scene.hills(0.8, 0.33, 0.5, 0.45)
    return scene


def lighthouse(random: np.random.Generator) -> Scene:
    scene = Scene(random, random.choice([0.57, 0.04]))
    x, w, top = random.uniform(0.4, 0.6), random.uniform(0.07, 0.1), random.uniform(0.24, 0.32)
    scene.hills(0.8, 0.55, 0.6, 0.6)
    for row in range(5):
        at, deep = top + row * (0.82 - top) / 5, (0.82 - top) / 5
        scene.box(x - w, at, x + w, at + deep, (245, 245, 245) if row % 2 else scene.color(0.0, 0.75, 0.8))
    scene.box(x - 0.7 * w, top - 0.09, x + 0.7 * w, top, (255, 225, 120))
    scene.shape([(x - w, top - 0.09), (x + w, top - 0.09), (x, top - 0.17)], (70, 70, 80))
    scene.disc(x, 0.86, 0.25, 0.06, scene.color(0.1, 0.2, 0.4))
    return scene


def mushroom(random: np.random.Generator) -> Scene:
    scene, hue = Scene(random, 0.25), random.choice([0.0, 0.07])
    x, y, r = random.uniform(0.42, 0.58), random.uniform(0.45, 0.52), random.uniform(0.2, 0.27)
    scene.hills(0.82, 0.28, 0.6, 0.45)
    scene.shape([(x - 0.25 * r, y), (x + 0.25 * r, y), (x + 0.4 * r, 0.86), (x - 0.4 * r, 0.86)], (240, 230, 210))
    scene.draw.pieslice(
        [v * DRAWN_AT for v in (x - r, y - 0.9 * r, x + r, y + 0.9 * r)], 180, 360, fill=scene.color(hue, 0.8, 0.8)
    )
    for at, up in ((-0.5, 0.3), (0.0, 0.6), (0.5, 0.3)):
        scene.disc(x + at * r, y - up * r, 0.11 * r, 0.11 * r, (250, 245, 235))
    return scene


def sailboat(random: np.random.Generator) -> Scene:
    scene, hue = Scene(random, random.choice([0.56, 0.07])), random.uniform()
    x, y, r = random.uniform(0.42, 0.58), random.uniform(0.68, 0.74), random.uniform(0.2, 0.27)
    scene.shape(
        [(x - 0.05 * r, y - 1.9 * r), (x - 0.05 * r, y - 0.15), (x - 0.85 * r, y - 0.06)], scene.color(hue, 0.5, 0.95)
    )
    scene.shape([(x + 0.05 * r, y - 1.7 * r), (x + 0.05 * r, y - 0.06), (x + 0.8 * r, y - 0.06)], (250, 250, 250))
    scene.shape(
        [(x - r, y), (x + r, y), (x + 0.7 * r, y + 0.4 * r), (x - 0.7 * r, y + 0.4 * r)], scene.color(0.06, 0.6, 0.45)
    )
    scene.hills(y + 0.07, 0.56, 0.65, 0.6)
    return scene


SCENES = (balloon, fish, house, lighthouse, moon, mountain, mushroom, sailboat)


def draw_scenes(folder: Path) -> None:
    """Unbalanced, as real folders are."""
    for number, scene in enumerate(SCENES):
        for part, count in (("train", 60 + 37 * (number * 5 % 8)), ("test", 24)):
            (folder / part / scene.__name__).mkdir(parents=True)
            for i in range(count):
                random = np.random.default_rng([number, i, part == "test"])
                scene(random).finished().save(folder / part / scene.__name__ / f"{i:03d}.jpg", quality=92)


# ---- the window ------------------------------------------------------------------------------------------------------

Condition = Callable[[], object]


def in_window(store: Path) -> Iterator[Condition | float]:
    """What is done in the window, and what is waited for in between: conditions, or seconds."""
    from mpt_studio.gui.window.main_window import MainWindow
    from mpt_studio.store import Store

    window = MainWindow(Store(store))
    window.resize(1440, 900)
    window.show()
    yield 1.0
    yield from _update_my_model(window)
    if "update" not in sys.argv[1:]:
        yield from _try_it_now(window)
    window.close()  # which ends the program
    yield 60.0


def _try_it_now(window: Any) -> Iterator[Condition | float]:
    from mpt_studio.gui.widgets import theme
    from mpt_studio.gui.window.pages import COMPARE, FLIPS, TRAIN

    window.actions_by_id["try_now"].trigger()
    yield lambda: any(update.outcome == "done" for update in window.workspace.store.updates())
    yield 3.0
    window.pages.show_page(TRAIN.key)
    yield 2.0
    keep(window.grab(), "train")
    window.workspace.opening.open_update(window.workspace.store.updates()[0].id)
    yield lambda: window.workspace.comparison() is not None
    window.pages.show_page(FLIPS.key)
    yield 3.0
    window.workspace.select(int(window.workspace.comparison().negative_flips[0]))
    yield 15.0
    for scheme in ("dark", "light"):
        theme.set_scheme(scheme)
        yield 2.0
        keep(window.grab(), scheme)
    window.pages.show_page(COMPARE.key)
    yield 6.0
    keep(window.grab(), "compare")


def _update_my_model(window: Any) -> Iterator[Condition | float]:
    from mpt_studio.gui.train.update_dialog import UpdateDialog
    from mpt_studio.gui.widgets import theme

    window.actions_by_id["update_model"].trigger()
    yield 0.5
    dialog = window.findChild(UpdateDialog)
    dialog.take(Path("scenes"))
    dialog.take(Path("deployed.safetensors"))
    yield dialog.use.isEnabled
    yield lambda: dialog.time.text().startswith(("About", "Time not"))
    for scheme in ("dark", "light"):
        theme.set_scheme(scheme)
        yield 2.0
        keep(dialog.grab(), f"update-{scheme}")
    dialog.reject()
    yield 0.5


def keep(picture: Any, name: str) -> None:
    """With a palette of its own where all colours would take much."""
    from PySide6.QtCore import QBuffer, QByteArray

    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    image = Image.open(io.BytesIO(held.data())).convert("RGB")
    path = OUT / f"{name}.png"
    image.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}, {path.stat().st_size // 1000} kB", flush=True)


def drive(steps: Iterator[Condition | float]) -> None:
    """Go through the steps beside the window's own work; one that fails ends the program."""
    from PySide6.QtCore import QCoreApplication, QTimer

    began, waited = time.monotonic(), next(steps)

    def look() -> None:
        nonlocal began, waited
        try:
            seconds = time.monotonic() - began
            if seconds >= waited if isinstance(waited, float) else waited():
                began, waited = time.monotonic(), next(steps)
            elif seconds > MOST_SECONDS:
                raise TimeoutError("The window did not get that far.")
        except Exception:
            traceback.print_exc()
            os._exit(1)

    timer = QTimer(interval=100)
    timer.timeout.connect(look)
    timer.start()
    QCoreApplication.exec()


def main() -> None:
    """Draw, train the deployed model, then show."""
    from PySide6.QtWidgets import QApplication

    from mpt_studio.gui.widgets import theme

    app = QApplication(["mpt-studio"])
    theme.apply(app, "light")
    drive(in_window(Path("store").absolute()))


def prepare(folder: Path) -> None:
    draw_scenes(folder / "scenes")
    options = ["--data", "folder:scenes", "--role", "old", "--old-classes", ",".join(KNOWN), "--store", "deployed"]
    network = ["--arch", "mobilenet_v3_small", "--image-size", "96", "--start", "scratch", "--epochs", "2"]
    subprocess.run([sys.executable, "-m", "mpt_studio", "train", *options, *network], cwd=folder, check=True)
    (made,) = (folder / "deployed").rglob("last.safetensors")
    made.rename(folder / "deployed.safetensors")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for variable in ("CACHE", "CONFIG", "LOGS"):
            os.environ[f"MPT_STUDIO_{variable}"] = f"{made}/{variable.lower()}"
        os.environ["PYTHONPATH"] = str(ROOT)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        sys.path.insert(0, str(ROOT))
        prepare(Path(made))
        os.chdir(made)
        main()
