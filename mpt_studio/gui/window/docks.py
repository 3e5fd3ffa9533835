"""The table of panels around the pages, and their docks: where they are, and how to put them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.window.log import LogPanel, LogStrip

if TYPE_CHECKING:
    from mpt_studio.gui.data.panel import DataPanel
    from mpt_studio.gui.sample.inspector import Inspector
    from mpt_studio.gui.versions.panel import VersionsPanel
    from mpt_studio.gui.workspace.workspace import Workspace

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


W_co = TypeVar("W_co", bound=QWidget, covariant=True)


@dataclass(frozen=True)
class PanelRow(Generic[W_co]):
    """A panel with its default place; ``size`` is its share of the window's width (height at the bottom)."""

    key: str
    title: str
    area: Qt.DockWidgetArea
    size: float
    least: int
    most: int
    make: Callable[[Workspace], W_co]
    """Imports the panel's room only when it is called: the first paint shows the empty docks."""
    beside_samples: bool = False
    """There only where samples are selected, and made with the first such page; elsewhere the page gets its room."""


def _versions(workspace: Workspace) -> VersionsPanel:
    from mpt_studio.gui.versions.panel import VersionsPanel

    return VersionsPanel(workspace)


def _data(workspace: Workspace) -> DataPanel:
    from mpt_studio.gui.data.panel import DataPanel

    return DataPanel(workspace)


def _inspector(workspace: Workspace) -> Inspector:
    from mpt_studio.gui.sample.inspector import Inspector

    return Inspector(workspace)


VERSIONS = PanelRow("versions", "Versions", LEFT, 0.188, 216, 340, _versions)
DATA = PanelRow("data", "Data", LEFT, 0.188, 216, 340, _data)
INSPECTOR = PanelRow("inspector", "Inspector", RIGHT, 0.225, 270, 460, _inspector, beside_samples=True)
LOG = PanelRow("log", "Log", BOTTOM, 0.0, 1, 1, lambda _: LogPanel())
"""It starts as its title line alone."""
PANELS: tuple[PanelRow[QWidget], ...] = (VERSIONS, DATA, INSPECTOR, LOG)
LOG_HEIGHT = 180
"""Of the log when it is folded out, at most."""


class DockTitle(QWidget):
    """A panel's title with buttons that follow the scheme; drag it to move the panel, double-click to detach it."""

    def __init__(self, dock: QDockWidget, middle: QWidget | None = None) -> None:
        super().__init__(dock)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("dockBody", True)
        title = label(dock.windowTitle())
        title.setProperty("dockTitle", True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 4)
        layout.setSpacing(2)
        layout.addWidget(title, 0 if middle else 1)
        if middle is not None:
            layout.addWidget(middle, 1)
        layout.addWidget(
            self._button(
                "detach", f"Detach or attach {dock.windowTitle()}", lambda: dock.setFloating(not dock.isFloating())
            )
        )
        close = dock.toggleViewAction().trigger  # as the menu does, so that the user's wish is heard
        layout.addWidget(self._button("close", f"Close {dock.windowTitle()} (View, Panels brings it back)", close))

    @staticmethod
    def _button(icon: str, tip: str, deed: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        theme.set_icon(button, icon, "muted")
        button.setIconSize(QSize(12, 12))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda *_: deed())
        return button


def _fill(dock: QDockWidget, panel: QWidget) -> None:
    panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    panel.setProperty("dockBody", True)
    dock.setWidget(panel)


def inside(place: QRect, area: QRect) -> QRect:
    """A place within an area, as near to where it was as can be."""
    size = place.size().boundedTo(area.size())
    x = min(max(place.x(), area.x()), area.right() + 1 - size.width())
    y = min(max(place.y(), area.y()), area.bottom() + 1 - size.height())
    return QRect(QPoint(x, y), size)


class Docks:
    """Keeps the panels and their docks."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._made: dict[str, QWidget] = {}
        self.by_key = {row.key: self._dock(row) for row in PANELS}
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        self.wants_inspector, self._on_samples = True, False
        self.by_key[INSPECTOR.key].toggleViewAction().triggered.connect(self._inspector_toggled)

    def furnish(self, workspace: Workspace) -> None:
        """Fill the docks with their panels."""
        self._workspace = workspace
        for row in PANELS:
            if not row.beside_samples:
                self._make(row)
        self.strip = LogStrip(self[LOG])
        self.strip.clicked.connect(self.fold_log)
        self.by_key[LOG.key].setTitleBarWidget(DockTitle(self.by_key[LOG.key], self.strip))

    def _dock(self, row: PanelRow[QWidget]) -> QDockWidget:
        dock = QDockWidget(row.title, self._window)
        dock.setObjectName(f"dock_{row.key}")
        dock.setAccessibleName(f"{row.title} panel")
        dock.setTitleBarWidget(DockTitle(dock))
        _fill(dock, QWidget())
        dock.toggleViewAction().setToolTip(f"Show or hide {row.title}")
        if row.area != BOTTOM:
            dock.setMinimumWidth(row.least)
        dock.visibilityChanged.connect(lambda seen: self._bring_back(dock) if seen else None)
        return dock

    def _make(self, row: PanelRow[QWidget]) -> None:
        self._made[row.key] = row.make(self._workspace)
        space = self.by_key[row.key].widget()
        _fill(self.by_key[row.key], self._made[row.key])
        space.deleteLater()

    def __getitem__(self, row: PanelRow[W_co]) -> W_co:
        """The row's panel, made where that has not happened yet."""
        if row.key not in self._made:
            self._make(row)
        return cast("W_co", self._made[row.key])

    def follow(self, on_samples: bool) -> None:
        """A page is on show; ``on_samples`` if samples are selected on it."""
        self._on_samples = on_samples
        if on_samples:
            _ = self[INSPECTOR]
        self.by_key[INSPECTOR.key].setVisible(self.wants_inspector and on_samples)

    def bring_back(self) -> None:
        """Panels that float come to the front, and onto a screen that is there."""
        for dock in self.by_key.values():
            if dock.isVisible():
                self._bring_back(dock)

    def _bring_back(self, dock: QDockWidget) -> None:
        if not dock.isFloating():
            return
        place = dock.frameGeometry()
        screen = QGuiApplication.screenAt(place.center()) or self._window.screen()
        dock.setGeometry(inside(dock.geometry(), screen.availableGeometry()))
        dock.raise_()

    def _inspector_toggled(self, wanted: bool) -> None:
        self.wants_inspector = wanted

    def fold_log(self) -> None:
        """The log to one line, or out again."""
        height = min(LOG_HEIGHT, self._window.height() // 4) if self[LOG].is_folded else 1
        self._resize({LOG: height}, Qt.Orientation.Vertical)

    def toggles(self) -> list[QAction]:
        """One action per panel that shows or hides it."""
        return [dock.toggleViewAction() for dock in self.by_key.values()]

    def reset(self) -> None:
        """Every panel visible and in its place, sized after the window."""
        for row in PANELS:
            dock = self.by_key[row.key]
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
            self._window.addDockWidget(row.area, dock)
            dock.show()
        self._window.splitDockWidget(self.by_key[VERSIONS.key], self.by_key[DATA.key], Qt.Orientation.Vertical)
        self.fit()
        self.wants_inspector = True
        self.follow(self._on_samples)

    def fit(self) -> None:
        """Sizes for the window's present size."""
        for area, of, way in (
            ((LEFT, RIGHT), self._window.width(), Qt.Orientation.Horizontal),
            ((BOTTOM,), self._window.height(), Qt.Orientation.Vertical),
        ):
            rows = [row for row in PANELS if row.area in area]
            self._resize({row: max(row.least, min(row.most, round(row.size * of))) for row in rows}, way)
        self._resize({VERSIONS: 55, DATA: 45}, Qt.Orientation.Vertical)

    def _resize(self, sizes: Mapping[PanelRow[QWidget], int], way: Qt.Orientation) -> None:
        self._window.resizeDocks([self.by_key[row.key] for row in sizes], list(sizes.values()), way)
