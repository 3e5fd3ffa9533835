"""The map of samples by a version's features beside the image grid; each highlights and filters the other."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import Comparison
from mpt_studio.compare.finding.filters import Samples
from mpt_studio.flips import FlipKind
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.flips.grid import FlipGrid
from mpt_studio.gui.flips.map_canvas import SHAPES, MapCanvas, Points, glyph_icon
from mpt_studio.gui.flips.tools import FlipTools
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import KIND_NAMES, sentence
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare
from mpt_studio.gui.widgets.frames import EmptyPage
from mpt_studio.gui.widgets.plain import label, percent, set_tip, tip
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_ROOM_FOR_BOTH = 620
METHODS = {"pca": "Principal components", "umap": "UMAP"}
_AXES = {"pca": ("component 1", "component 2"), "umap": ("UMAP 1", "UMAP 2")}
_HINT = "drag encircles    click selects    wheel zooms    Shift+drag pans    Z fits"


class MapView(QWidget):
    """Asks the worker for the features of a version, and places the comparison's samples by them."""

    def __init__(self, workspace: Workspace, grid: FlipGrid, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self._grid, self._explanations = workspace, grid, workspace.explanations
        self.canvas = MapCanvas()
        self.versions, self.methods = ComboBox(), ComboBox()
        self.again = QPushButton("Make the map")
        self.placed = label(wrap=True, muted=True)
        self.legend: dict[FlipKind, QToolButton] = {}
        self._maps: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._job: Job | None = None
        self._asked: tuple[str, str, str] = ("", "", "")
        self._stale, self._fitted = True, None
        self._of: Comparison | None = None
        """Whose samples are the points."""
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        tools, keys = QWidget(), QWidget()
        choices, legend = FlowLayout(tools, spacing=theme.SPACE), FlowLayout(keys, spacing=2)
        for choice in (self.versions, self.methods):
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.versions.setAccessibleName("Version whose features place the samples")
        self.methods.setAccessibleName("How the features are brought to a plane")
        for key, title in METHODS.items():
            if key != "umap" or importlib.util.find_spec("umap") is not None:
                self.methods.addItem(title, key)
        choices.addWidget(label("Map by"))
        choices.addWidget(self.versions)
        choices.addWidget(self.methods)
        for kind in reversed(SHAPES):
            self.legend[kind] = self._legend_button(kind)
            legend.addWidget(self.legend[kind])
        layout = bare(QVBoxLayout(self), spacing=4)
        for widget in (tools, keys):
            layout.addWidget(widget)
        layout.addWidget(self.canvas, 1)
        line = QHBoxLayout()
        line.addWidget(self.again)
        line.addWidget(self.placed, 1)
        layout.addLayout(line)
        layout.addWidget(label(_HINT, wrap=True, muted=True))

    def _legend_button(self, kind: FlipKind) -> QToolButton:
        made = QToolButton()
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setCheckable(True)
        made.setChecked(True)
        made.setText(KIND_NAMES[kind])
        set_tip(made, f"Show or hide on the map: {KIND_NAMES[kind].lower()}")
        made.toggled.connect(lambda on: self._show_kind(kind, on))
        return made

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.comparison_changed.connect(self._let_go)
        for signal in (workspace.comparison_changed, workspace.versions_changed, workspace.data_changed):
            signal.connect(self._later)
        workspace.filter_changed.connect(self._show_filter)
        workspace.rows_changed.connect(self._show_filter)
        workspace.selection_changed.connect(self._show_selection)
        self._grid.selectionModel().selectionChanged.connect(self._show_selection)
        self._grid.flips.modelReset.connect(self._show_filter)
        self.versions.activated.connect(self._later)
        self.methods.activated.connect(self._later)
        self.again.clicked.connect(self._make_again)
        self.canvas.chosen.connect(workspace.select)
        self.canvas.lassoed.connect(self._filter)
        self.canvas.tip_of = self._tip
        theme.notifier().changed.connect(self._show_legend)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._soon.start()

    @Slot()
    def _later(self, *_: object) -> None:
        self._stale = True
        if self.isVisible():
            self._soon.start()

    # Content ------------------------------------------------------------------------------------------------------

    @Slot()
    def _let_go(self) -> None:
        """Points of other samples go at once: a click on one would lead elsewhere."""
        comparison = self.workspace.comparison()
        if self._of is not None and (comparison is None or comparison.annotations is not self._of.annotations):
            self._of = None
            self.canvas.set_points(np.empty((0, 2), np.float32), np.empty(0, np.uint8))

    @Slot()
    def refresh(self) -> None:
        """Show the map of the chosen version, asking for it where it is not there yet."""
        self._stale = False
        self._offer_versions()
        self.again.hide()
        version = self.version
        reason = self._why_not(version)
        if reason or version is None:
            self._tell(reason)
            return
        key = self._key(version)
        if key in self._maps:
            self._show_map(version, self._maps[key])
        elif self._asked != key or self._job is None:
            self._ask(key, version)

    @property
    def version(self) -> Version | None:
        """Whose features place the samples: the chosen one, else the candidate on show."""
        chosen = self.versions.currentData()
        return self.workspace.version(str(chosen)) if chosen else self.workspace.current

    def _offer_versions(self) -> None:
        chosen = self.versions.currentData()
        wanted = [("", "the candidate on show"), *((v.key, v.label) for v in self.workspace.versions)]
        if wanted == [(self.versions.itemData(i), self.versions.itemText(i)) for i in range(self.versions.count())]:
            return
        self.versions.clear()
        for key, title in wanted:
            self.versions.addItem(title, key)
        self.versions.setCurrentIndex(max(0, self.versions.findData(chosen)))

    def _key(self, version: Version) -> tuple[str, str, str]:
        data = self.workspace.dataset
        return version.checkpoint, str(self.methods.currentData()), data.fingerprint if data is not None else ""

    def _why_not(self, version: Version | None) -> str:
        if version is None or self.workspace.comparison() is None:
            return "No comparison is open."
        if self.workspace.dataset is None:
            return "Open the data (Ctrl+D) to see the samples on a map."
        if self.workspace.worker is None:
            return "The worker process is not there."
        reason = self._explanations.why_not(version)
        return reason.replace("see why it answers so", "see the samples by its features")

    def _tell(self, note: str) -> None:
        self.canvas.note = note
        self.placed.setText("")
        self.canvas.update()

    def _ask(self, key: tuple[str, str, str], version: Version) -> None:
        worker, data = self.workspace.worker, self.workspace.dataset
        if worker is None or data is None:
            return
        former, self._job = self._job, None
        if former is not None:
            former.cancel()  # it is not the user who cancels: nothing to offer again
        self._tell(f"Reading the features of {version.label}…")
        job = worker.request(
            "features_map",
            {"checkpoint": version.checkpoint, "data": data.spec, "part": "test", "method": key[1]},
            on_result=lambda result: self._keep(key, result),
            on_error=lambda sentence, _detail: self._failed(sentence),
            on_progress=lambda text, done: self._tell(text + ("…" if done is None else f" ({100 * done:.0f} %)")),
            title=f"Map by {version.label}",
            latest="features_map",
        )
        self._job, self._asked = job, key
        job.finished.connect(lambda: self._over(job))
        self.workspace.job_started.emit(job)

    def _over(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            if job.is_cancelled:
                self._failed("Cancelled.")

    def _failed(self, sentence: str) -> None:
        self._tell(sentence)
        self.again.show()

    def _make_again(self) -> None:
        self._asked = ("", "", "")
        self.refresh()

    def _keep(self, key: tuple[str, str, str], result: dict[str, Any]) -> None:
        try:
            points = np.load(Path(str(result["points"])))
        except (OSError, ValueError) as error:
            self._failed(f"The map cannot be read: {error}.")
            return
        self._maps[key] = {**result, "points": points}
        if self.isVisible():
            self.refresh()
        else:
            self._stale = True

    def _show_map(self, version: Version, made: dict[str, Any]) -> None:
        comparison = self.workspace.comparison()
        if comparison is None:
            return
        points = self._points_of_rows(made["points"])
        there = int(np.isfinite(points[:, 0]).sum())
        self.canvas.note = ""
        self.canvas.axes = self._axes(made)
        self.canvas.set_points(points, comparison.kinds)
        self._of = comparison
        if self._fitted is not made["points"]:  # other places
            self._fitted = made["points"]
            self.canvas.fit()
        place = "its own features" if version is self.workspace.current else f"the features of {version.label}"
        self.placed.setText(f"{count(there)} of {count(len(points), 'test image')} placed by {place}")
        self._show_legend()
        self._show_filter()
        self._show_selection()

    def _points_of_rows(self, points: Points) -> Points:
        """(N, 2) in the order of the comparison's rows; NaN for samples outside the test part."""
        comparison, data = self.workspace.comparison(), self.workspace.dataset
        assert comparison is not None
        assert data is not None
        index = self.workspace.images.all(len(comparison))
        at = np.searchsorted(data.test, index).clip(0, max(0, len(data.test) - 1))
        made = np.full((len(comparison), 2), np.nan, np.float32)
        if len(points) == len(data.test) and len(points):
            found = (index >= 0) & (data.test[at] == index)
            made[found] = points[at[found]]
        return made

    def _axes(self, made: dict[str, Any]) -> tuple[str, str]:
        names = _AXES[made["method"]]
        shares = made.get("explained") or (None, None)
        first, second = (
            f"{name}, {percent(share, 0)} of the variance" if share is not None else name
            for name, share in zip(names, shares, strict=True)
        )
        return first, second

    # Links --------------------------------------------------------------------------------------------------------

    @Slot()
    def _show_legend(self) -> None:
        comparison = self.workspace.comparison()
        if comparison is None:
            return
        many = np.bincount(comparison.kinds, minlength=len(FlipKind))
        for kind, button in self.legend.items():
            button.setIcon(glyph_icon(kind))
            button.setText(f"{KIND_NAMES[kind]} {count(int(many[kind]))}")

    def _show_kind(self, kind: FlipKind, on: bool) -> None:
        (self.canvas.hidden.discard if on else self.canvas.hidden.add)(kind)
        self.canvas.sort_again()

    @Slot()
    def _show_filter(self, *_: object) -> None:
        comparison = self.workspace.comparison()
        if self._stale or not self.isVisible() or comparison is None or len(comparison) != len(self.canvas.bright):
            return
        bright = np.zeros(len(comparison), bool)
        rows = self.workspace.rows
        bright[rows[rows < len(bright)]] = True  # they may still be those of an earlier comparison
        self.canvas.set_bright(bright)

    @Slot()
    def _show_selection(self, *_: object) -> None:
        self.canvas.current = self.workspace.selected
        selected = self._grid.selected_rows()
        self.canvas.selected = selected if len(selected) > 1 else selected[:0]
        self.canvas.update()

    def _filter(self, rows: np.ndarray) -> None:
        version = self.version
        origin = f"map of {version.label}" if version is not None else "map"
        self.workspace.set_filter(dataclasses.replace(self.workspace.filter, samples=Samples(rows, origin)))

    def _tip(self, row: int) -> str:
        comparison = self.workspace.comparison()
        if comparison is None or row >= len(comparison):
            return ""
        return tip(f"{comparison.sample_ids[row]}\n{sentence(comparison, row)}")


class MapBeside(QSplitter):
    """The images, and beside them the map, which comes and goes with a button among the tools, or M.

    Where there is no room for both, the map takes the place of the images.
    """

    def __init__(self, workspace: Workspace, images: QStackedWidget, grid: FlipGrid, tools: FlipTools) -> None:
        super().__init__()
        self._workspace, self._images, self._grid = workspace, images, grid
        self.map: MapView | None = None
        self.button = QToolButton()
        self.button.setText("Map")
        self.button.setCheckable(True)
        self.button.setAccessibleName("Map of the samples")
        theme.mark(self.button, tool=True)
        set_tip(self.button, "The samples by a version's features, beside the images (M)")
        self.button.toggled.connect(self._toggle)
        tools.add(self.button)
        self.setChildrenCollapsible(False)
        self.addWidget(images)
        images.currentChanged.connect(lambda _: self._opened())
        self._key = QShortcut(QKeySequence("M"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._key.activated.connect(self.button.toggle)

    def _toggle(self, on: bool) -> None:
        if on and self.map is None:
            self.map = MapView(self._workspace, self._grid)
            self.addWidget(self.map)
            self.setSizes([self.width() // 2, self.width() // 2])
        if self.map is not None:
            self.map.setVisible(on)
        self._share()
        (self.map.canvas if on and self.map is not None else self._grid).setFocus()

    def _share(self) -> None:
        """Both, or one of them."""
        self._images.setVisible(not self.button.isChecked() or self.width() >= _ROOM_FOR_BOTH)

    def _opened(self) -> None:
        """A large image is opened from the map in place of the images."""
        opened = self._images.currentWidget()
        if opened is not None and self._images.isHidden() and not isinstance(opened, FlipGrid | EmptyPage):
            self.button.setChecked(False)
            opened.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        inside = self.map is not None and self.map.isVisible() and self.map.isAncestorOf(self.focusWidget())
        if event.key() == Qt.Key.Key_Escape and inside:
            self.button.setChecked(False)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()
