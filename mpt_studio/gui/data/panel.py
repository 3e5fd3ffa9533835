"""The data set that is open: name, counts, which classes the old model knows, a few images."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout
from mpt_studio.gui.widgets.frames import DockPanel
from mpt_studio.gui.widgets.plain import label, listed, set_tip, short_spec, shortened
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

SIDE = 40
"""Side of a thumbnail."""
FEW = 18
"""Thumbnails at most."""
CHIPS = 24
"""Class chips per group at most; a data set may have a thousand classes."""
SPARE = 4
"""So few more are shown all the same: "… 2 more" takes the room of two."""


class DataPanel(DockPanel):
    """What the versions answer on."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__("Data", parent)
        self.workspace = workspace
        self._shown: tuple[object, ...] = ()
        workspace.data_changed.connect(self._renew)
        workspace.versions_changed.connect(self._renew)
        workspace.loading.changed.connect(self._renew)
        self._renew()

    def _renew(self) -> None:
        dataset, spec = self.workspace.dataset, self.workspace.loading.spec
        wanted = (id(dataset), self.known_to_old() if dataset else (), bool(self.workspace.waiting_for_data), spec)
        if wanted == self._shown:
            return
        self._shown = wanted
        body = QWidget()
        body.setProperty("plain", True)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(theme.SPACE + 4, 0, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        if dataset is None:
            self._fill_empty(layout)
        else:
            self._fill(layout, dataset)
        layout.addStretch()
        self.put(body)

    def known_to_old(self) -> tuple[str, ...]:
        """Classes of the data that the old model knows; the example's own split where there is no old model."""
        dataset, old = self.workspace.dataset, self.workspace.old
        if dataset is None:
            return ()
        if old is not None and old.predictions is not None:
            known = set(old.predictions.class_names)
            return tuple(name for name in dataset.class_names if name in known)
        return dataset.default_old_classes if not self.workspace.versions else ()

    def _fill_empty(self, layout: QVBoxLayout) -> None:
        if spec := self.workspace.loading.spec:
            opening = label(f"Opening {short_spec(spec)} …", wrap=True)
            opening.setProperty("muted", True)
            layout.addWidget(opening)
            return
        waiting = self.workspace.waiting_for_data
        wait = "waits" if len(waiting) == 1 else "wait"
        text = (
            f"{listed([version.label for version in waiting])} {wait} for data to answer on."
            if waiting
            else "No data yet. Open or drop an image folder."
        )
        hint = label(text, wrap=True)
        hint.setProperty("muted", True)
        button = QPushButton("Open data…")
        button.setAccessibleName("Open data")
        button.clicked.connect(self.workspace.choose_data)
        layout.addWidget(hint)
        layout.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)

    def _fill(self, layout: QVBoxLayout, dataset: Dataset) -> None:
        name = label(short_spec(dataset.spec), wrap=True)
        name.setProperty("subheading", True)
        set_tip(name, dataset.spec)
        validation = f"{count(len(dataset.validation))} validation · " if len(dataset.validation) else ""
        numbers = label(
            f"{count(len(dataset.train))} training · {validation}{count(len(dataset.test))} test · "
            f"{count(len(dataset.class_names), 'class', 'classes')}",
            wrap=True,
        )
        numbers.setProperty("muted", True)
        layout.addWidget(name)
        layout.addWidget(numbers)
        if dataset.skipped:
            layout.addWidget(self._skipped(len(dataset.skipped)), alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(Strip(dataset))
        known = self.known_to_old()
        if known:
            new = tuple(n for n in dataset.class_names if n not in set(known))
            self._add_chips(layout, "Old classes", known)
            self._add_chips(layout, "New classes", new)
        else:
            self._add_chips(layout, "Classes", dataset.class_names)

    def _skipped(self, number: int) -> QPushButton:
        button = QPushButton(f"▲ {count(number, 'image')} left out")
        button.setAccessibleName(f"{count(number, 'image')} left out: show which")
        set_tip(button, "Which, and why")
        button.setProperty("flat", True)
        button.clicked.connect(lambda *_: self.workspace.tool_wanted.emit("skipped", None))
        return button

    @staticmethod
    def _add_chips(layout: QVBoxLayout, title: str, names: tuple[str, ...]) -> None:
        if not names:
            return
        heading = label(f"{title} · {count(len(names))}")
        heading.setProperty("muted", True)
        layout.addWidget(heading)
        holder = QWidget()
        flow = FlowLayout(holder, spacing=4)
        shown = len(names) if len(names) <= CHIPS + SPARE else CHIPS
        for name in names[:shown]:
            flow.addWidget(_chip(name))
        if len(names) > shown:
            more = _chip(f"… {count(len(names) - shown)} more")
            set_tip(more, ", ".join(names[shown : shown + 200]))
            flow.addWidget(more)
        layout.addWidget(holder)


class Strip(QLabel):
    """A few images, spread over the classes, drawn into one pixmap a moment after the panel is there."""

    def __init__(self, dataset: Dataset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dataset = dataset
        self.setFixedHeight(2 * SIDE + 2)
        self.setMinimumWidth(SIDE)
        self.setAccessibleName("Some images of the data")
        self._timer = QTimer(self, singleShot=True, interval=30)
        self._timer.timeout.connect(self._draw)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._timer.start()

    def _draw(self) -> None:
        columns = max(1, (self.width() + 2) // (SIDE + 2))
        ratio = self.devicePixelRatio()
        tiles = thumbnails(self._dataset, min(FEW, 2 * columns), round(SIDE * ratio))
        if tiles is not None:
            self.setPixmap(_mosaic(tiles, columns, ratio))


def thumbnails(dataset: Dataset, number: int, side: int) -> np.ndarray | None:
    """(number, side, side, 3) uint8 of test images, spread over the classes; None where they cannot be read."""
    if not len(dataset.test):
        return None
    order = np.argsort(dataset.labels[dataset.test], kind="stable")
    spread = np.linspace(0, len(order) - 1, min(number, len(order))).astype(np.int64)
    tiles = [tile for index in dataset.test[order[spread]] if (tile := _tile(dataset, int(index), side)) is not None]
    return np.stack(tiles) if tiles else None


def _tile(dataset: Dataset, index: int, side: int) -> np.ndarray | None:
    """(side, side, 3) of one image; None where its file has vanished or changed."""
    from mpt_studio.data import decode  # the window opens without it

    try:
        tile: np.ndarray = decode.fit(dataset.small_image(index, side), side)
    except UserError:
        return None
    return tile


def _mosaic(tiles: np.ndarray, columns: int, ratio: float) -> QPixmap:
    side, gap = tiles.shape[1], round(2 * ratio)
    rows = -(-len(tiles) // columns)
    canvas = np.zeros((rows * (side + gap), columns * (side + gap), 4), dtype=np.uint8)
    for i, tile in enumerate(tiles):
        y, x = (i // columns) * (side + gap), (i % columns) * (side + gap)
        canvas[y : y + side, x : x + side, :3], canvas[y : y + side, x : x + side, 3] = tile, 255
    height, width = canvas.shape[:2]
    image = QImage(canvas.tobytes(), width, height, width * 4, QImage.Format.Format_RGBA8888).copy()
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _chip(text: str) -> QLabel:
    shown = shortened(text, 24)
    made = label(shown)
    made.setProperty("chip", True)
    made.setFixedHeight(22)
    if shown != text:
        set_tip(made, text)
    return made
