"""The centre of the window: pages behind a row of buttons, and the start screen while nothing is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.messages import Banner
from mpt_studio.gui.window.actions import plain_text

if TYPE_CHECKING:
    from mpt_studio.gui.compare.page import ComparePage
    from mpt_studio.gui.flips.page import FlipsPage
    from mpt_studio.gui.runs.page import RunsPage
    from mpt_studio.gui.train.page import TrainPage
    from mpt_studio.gui.window.main_window import MainWindow


START = "start"


class Pages(QWidget):
    """Pages by key; ``START`` is the one without a button."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.banner = Banner()
        self._stack = QStackedWidget()
        self._keys: list[str] = []
        self._makers: dict[str, Callable[[], object]] = {}
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self.bar = QWidget()
        self.bar.setAccessibleName("Pages")
        self._row = QHBoxLayout(self.bar)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self._stack, 1)

    def add(self, key: str, page: QWidget, action: QAction | None = None) -> None:
        """Add a page; ``action`` gives its button's text, icon and tooltip."""
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._keys.append(key)
        self._stack.addWidget(page)
        if action is not None:
            self.buttons[key] = self._button(key, action)

    def add_later(self, key: str, make: Callable[[], object], action: QAction) -> None:
        """Keep the place of a page; before it is first shown, ``make`` is called and has to ``put`` it there."""
        self._makers[key] = make
        self.add(key, QWidget(), action)

    def put(self, key: str, page: QWidget) -> None:
        """A page that was to come takes its place."""
        self._makers.pop(key, None)
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        place, shown = self._keys.index(key), self._stack.currentIndex()
        space = self._stack.widget(place)
        assert space is not None
        self._stack.removeWidget(space)
        self._stack.insertWidget(place, page)
        self._stack.setCurrentIndex(shown)
        space.deleteLater()

    def _button(self, key: str, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setProperty("page", True)
        button.setText(plain_text(action.text()))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(18, 18))
        button.setCheckable(True)
        button.setAccessibleName(f"Page {button.text()}")
        button.setToolTip(action.toolTip())
        theme.set_icon(button, f"{key}")
        button.clicked.connect(lambda: self.show_page(key))
        self._group.addButton(button)
        self._row.addWidget(button)
        return button

    @property
    def key(self) -> str:
        """Key of the page on show."""
        return self._keys[self._stack.currentIndex()]

    @property
    def page(self) -> QWidget | None:
        """The page on show."""
        return self._stack.currentWidget()

    def show_page(self, key: str) -> None:
        """Go to a page; an unknown key is ignored."""
        if key not in self._keys:
            return
        if key in self._makers:
            self._makers[key]()
        self._stack.setCurrentIndex(self._keys.index(key))
        self._group.setExclusive(False)
        for name, button in self.buttons.items():
            button.setChecked(name == key)
        self._group.setExclusive(True)
        self.changed.emit(key)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (−1) page, round the end."""
        keys = list(self.buttons)
        start = keys.index(self.key) if self.key in keys else (-1 if by > 0 else 0)
        self.show_page(keys[(start + by) % len(keys)])


PAGES = ("train", "compare", "flips", "runs")


class LatePages(QObject):
    """Makes each page once, connects it and puts it into the window's ``Pages``."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def is_made(self, key: str) -> bool:
        """Whether a page exists by now."""
        return key in vars(self)

    @Slot()
    def make_rest(self) -> None:
        """Make what is left, with turns of the event loop in between."""
        key = next((key for key in PAGES if not self.is_made(key)), None)
        if key is not None:
            getattr(self, key)
            QTimer.singleShot(0, self, self.make_rest)

    @cached_property
    def train(self) -> TrainPage:
        from mpt_studio.gui.train.page import TrainPage

        page = TrainPage(self._window.workspace, self._window.queue)
        self._put("train", page)
        return page

    @cached_property
    def compare(self) -> ComparePage:
        from mpt_studio.gui.compare.page import ComparePage

        page = ComparePage(self._window.workspace)
        page.data_wanted.connect(self._window.files.choose_data)
        self._put("compare", page)
        return page

    @cached_property
    def flips(self) -> FlipsPage:
        from mpt_studio.gui.flips.page import FlipsPage

        page = FlipsPage(self._window.workspace)
        page.data_wanted.connect(self._window.files.choose_data)
        page.left.connect(self._window.show_compare)
        self._put("flips", page)
        return page

    @cached_property
    def runs(self) -> RunsPage:
        from mpt_studio.gui.runs.page import RunsPage

        page, window = RunsPage(self._window.workspace), self._window
        page.opened.connect(window.show_compare)
        page.resume_wanted.connect(window.resume_update)
        page.overlay_wanted.connect(window.show_overlay)
        page.recipe_wanted.connect(window.offer_recipe)
        self._put("runs", page)
        return page

    def _put(self, key: str, page: QWidget) -> None:
        self._window.pages.put(key, page)
