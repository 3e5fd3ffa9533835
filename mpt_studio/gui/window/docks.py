"""The panels around the pages: which, where, and how to put them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QWidget

from mpt_studio.gui.data.panel import DataPanel
from mpt_studio.gui.versions.panel import VersionsPanel
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.window.log import LogPanel, LogStrip
from mpt_studio.gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mpt_studio.gui.sample.inspector import Inspector

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


@dataclass(frozen=True)
class Place:
    """A panel's title and default place; ``size`` is its share of the window's width (height at the bottom)."""

    key: str
    title: str
    area: Qt.DockWidgetArea
    size: float
    least: int
    most: int


PLACES = (
    Place("versions", "Versions", LEFT, 0.178, 216, 340),
    Place("data", "Data", LEFT, 0.178, 216, 340),
    Place("inspector", "Inspector", RIGHT, 0.225, 270, 460),
    Place("log", "Log", BOTTOM, 0.0, 1, 1),
)
"""The log starts as its title line alone."""
LOG_HEIGHT = 180
"""Of the log when it is folded out, at most."""


INSPECTED = frozenset({"compare", "flips"})
"""Pages on which samples are selected."""


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
        layout.addWidget(self._button("detach", f"Detach or attach {dock.windowTitle()}", lambda: _detach(dock)))
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


def _dock_body(panel: QWidget) -> QWidget:
    panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    panel.setProperty("dockBody", True)
    return panel


def _detach(dock: QDockWidget) -> None:
    dock.setFloating(not dock.isFloating())


class Docks:
    """Makes the panels and keeps them by name."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        self._window, self._workspace = window, workspace
        self.versions = VersionsPanel(workspace)
        self.data = DataPanel(workspace)
        self.log = LogPanel()
        self.strip = LogStrip(self.log)
        self.strip.clicked.connect(self.fold_log)
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        panels = {"versions": self.versions, "data": self.data, "inspector": QWidget(), "log": self.log}
        self.wants_inspector = True
        self._page = ""
        self.by_key = {place.key: self._dock(place, panels[place.key]) for place in PLACES}
        self.by_key["inspector"].toggleViewAction().triggered.connect(self._inspector_toggled)

    def _dock(self, place: Place, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(place.title, self._window)
        dock.setObjectName(f"dock_{place.key}")
        dock.setAccessibleName(f"{place.title} panel")
        dock.setWidget(_dock_body(panel))
        dock.setTitleBarWidget(DockTitle(dock, self.strip if place.key == "log" else None))
        dock.toggleViewAction().setToolTip(f"Show or hide {place.title}")
        return dock

    @cached_property
    def inspector(self) -> Inspector:
        """Made when a page first needs it: its charts take long to import, and the first page has no samples."""
        from mpt_studio.gui.sample.inspector import Inspector

        made, dock = Inspector(self._workspace), self.by_key["inspector"]
        space = dock.widget()
        dock.setWidget(_dock_body(made))
        space.deleteLater()
        return made

    def follow(self, page: str) -> None:
        """The inspector is there where samples are selected; elsewhere the page gets its room."""
        self._page = page
        if page in INSPECTED:
            _ = self.inspector
        self.by_key["inspector"].setVisible(self.wants_inspector and page in INSPECTED)
        if page == "flips":
            self.inspector.explanations.load()

    def _inspector_toggled(self, wanted: bool) -> None:
        self.wants_inspector = wanted

    def fold_log(self) -> None:
        """The log to one line, or out again."""
        height = min(LOG_HEIGHT, self._window.height() // 4) if self.log.is_folded else 1
        self._window.resizeDocks([self.by_key["log"]], [height], Qt.Orientation.Vertical)

    def toggles(self) -> list[QAction]:
        """One action per panel that shows or hides it."""
        return [dock.toggleViewAction() for dock in self.by_key.values()]

    def reset(self) -> None:
        """Every panel visible and in its place, sized after the window."""
        for place in PLACES:
            dock = self.by_key[place.key]
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
            self._window.addDockWidget(place.area, dock)
            dock.show()
        self._window.splitDockWidget(self.by_key["versions"], self.by_key["data"], Qt.Orientation.Vertical)
        self.fit()
        self.wants_inspector = True
        self.follow(self._page)

    def fit(self) -> None:
        """Sizes for the window's present size."""
        docks = self.by_key
        width, height = self._window.width(), self._window.height()
        sizes = {
            p.key: max(p.least, min(p.most, round(p.size * (height if p.area == BOTTOM else width)))) for p in PLACES
        }
        horizontal = [key for key in sizes if key != "log"]
        self._window.resizeDocks(
            [docks[k] for k in horizontal], [sizes[k] for k in horizontal], Qt.Orientation.Horizontal
        )
        self._window.resizeDocks([docks["log"]], [sizes["log"]], Qt.Orientation.Vertical)
        self._window.resizeDocks([docks["versions"], docks["data"]], [55, 45], Qt.Orientation.Vertical)
