"""The table of pages, and the centre of the window that shows one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.widgets.messages import Banner
from mpt_studio.gui.widgets.plain import action_tip, plain_text

if TYPE_CHECKING:
    from mpt_studio.gui.beside.run_queue import RunQueue
    from mpt_studio.gui.compare.page import ComparePage
    from mpt_studio.gui.flips.page import FlipsPage
    from mpt_studio.gui.runs.page import RunsPage
    from mpt_studio.gui.search.page import SearchPage
    from mpt_studio.gui.train.page import TrainPage
    from mpt_studio.gui.workspace.workspace import Workspace

P_co = TypeVar("P_co", bound=Page, covariant=True)


@dataclass(frozen=True)
class PageRow(Generic[P_co]):
    """A page: a new one is a room of its own and a row in ``PAGES``."""

    key: str
    title: str
    """As the menu has it, with the letter that chooses it."""
    icon: str
    shortcut: str
    tip: str
    make: Callable[[Workspace, RunQueue], P_co]
    """Imports the page's room only when it is called: the first paint waits for none of them."""
    inspects: bool = False
    """Whether samples are selected on it: the inspector stands beside it, and what is selected can be marked."""


def _train(workspace: Workspace, queue: RunQueue) -> TrainPage:
    from mpt_studio.gui.train.page import TrainPage

    return TrainPage(workspace, queue)


def _search(workspace: Workspace, queue: RunQueue) -> SearchPage:
    from mpt_studio.gui.search.page import SearchPage

    return SearchPage(workspace, queue)


def _compare(workspace: Workspace, _queue: RunQueue) -> ComparePage:
    from mpt_studio.gui.compare.page import ComparePage

    return ComparePage(workspace)


def _flips(workspace: Workspace, _queue: RunQueue) -> FlipsPage:
    from mpt_studio.gui.flips.page import FlipsPage

    return FlipsPage(workspace)


def _runs(workspace: Workspace, _queue: RunQueue) -> RunsPage:
    from mpt_studio.gui.runs.page import RunsPage

    return RunsPage(workspace)


TRAIN = PageRow("train", "&Train", "train", "Ctrl+Shift+T", "Recipe and live curves", _train)
SEARCH = PageRow("search", "S&earch", "find-best", "Ctrl+Shift+Y", "Find the update that breaks least", _search)
COMPARE = PageRow(
    "compare", "&Compare", "compare", "Ctrl+Shift+C", "Old model against candidates", _compare, inspects=True
)
FLIPS = PageRow("flips", "&Flips", "flips", "Ctrl+Shift+F", "The images that flipped", _flips, inspects=True)
RUNS = PageRow("runs", "&Runs", "runs", "Ctrl+Shift+R", "Everything trained so far", _runs)
PAGES: tuple[PageRow[Page], ...] = (TRAIN, SEARCH, COMPARE, FLIPS, RUNS)

_LEAST = 520, 360
"""Pixels that a page needs for nothing to be cut off; panels give way to it."""
START = "start"
"""Key of the page that an empty window shows; it has no button."""


class Pages(QWidget):
    """Shows the start page, and once it is furnished others; each is made once, before it is first shown.

    ``bar`` has a button for each.
    """

    changed = Signal()

    def __init__(self, start: Page, rows: Sequence[PageRow[Page]] = PAGES) -> None:
        super().__init__()
        self._rows = {row.key: row for row in rows}
        self._made: dict[str, Page] = {}
        self.key = START
        """Of the page on show."""
        self.banner, self._stack = Banner(), QStackedWidget()
        self.bar, self._group = QWidget(), QButtonGroup(self)
        self.bar.setAccessibleName("Pages")
        line = bare(QHBoxLayout(self.bar), spacing=4)
        self.buttons = {row.key: self._button(row) for row in rows}
        for button in self.buttons.values():
            self._group.addButton(button)
            line.addWidget(button)
        self._layout = bare(QGridLayout(self))
        self._layout.setSpacing(0)
        self._layout.setRowStretch(0, 1)
        self._layout.addWidget(self.banner, 0, 0, Qt.AlignmentFlag.AlignBottom)
        self._layout.addWidget(self._stack, 0, 0, 2, 1)
        self.banner.raise_()
        for signal in (self.banner.told, self.changed):
            signal.connect(self._lift)
        self.setMinimumSize(*_LEAST)
        self._keep(START, start)

    def furnish(self, workspace: Workspace, queue: RunQueue) -> None:
        """From now on pages can be made."""
        self._workspace, self._queue = workspace, queue
        for key, button in self.buttons.items():
            button.clicked.connect(lambda *_, key=key: self.show_page(key))

    def _button(self, row: PageRow[Page]) -> QToolButton:
        button = QToolButton()
        button.setProperty("page", True)
        button.setText(plain_text(row.title))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(18, 18))
        button.setCheckable(True)
        button.setAccessibleName(f"Page {button.text()}")
        button.setToolTip(action_tip(row.title, row.shortcut, row.tip))
        theme.set_icon(button, row.icon)
        return button

    @Slot()
    def _lift(self) -> None:
        """The message, where the page's most important button would lie below it."""
        foot = self.page.foot
        height = foot.sizeHint().expandedTo(foot.minimumSize()).height() if foot and foot.isVisibleTo(self.page) else 0
        self._layout.setRowMinimumHeight(1, height + 2 * theme.SPACE if height else 0)

    def _keep(self, key: str, page: Page) -> None:
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._made[key] = page
        self._stack.addWidget(page)

    def __getitem__(self, row: PageRow[P_co]) -> P_co:
        """The row's page, made where that has not happened yet."""
        if row.key not in self._made:
            self._keep(row.key, row.make(self._workspace, self._queue))
        return cast("P_co", self._made[row.key])

    def is_made(self, row: PageRow[Page]) -> bool:
        """Whether a page exists by now."""
        return row.key in self._made

    def made(self) -> Iterable[Page]:
        """Those that exist by now, the start page among them."""
        return self._made.values()

    @Slot()
    def make_rest(self) -> None:
        """Make what is left, with turns of the event loop in between."""
        left = next((row for row in self._rows.values() if not self.is_made(row)), None)
        if left is not None:
            _ = self[left]
            QTimer.singleShot(0, self, self.make_rest)

    @property
    def page(self) -> Page:
        """The page on show."""
        return self._made[self.key]

    @property
    def inspects(self) -> bool:
        """Whether samples are selected on the page on show."""
        return self.key in self._rows and self._rows[self.key].inspects

    def show_page(self, key: str) -> None:
        """Go to a page."""
        page = self._made[START] if key == START else self[self._rows[key]]
        self.key = key
        self._stack.setCurrentWidget(page)
        self._group.setExclusive(False)
        for name, button in self.buttons.items():
            button.setChecked(name == key)
        self._group.setExclusive(True)
        self.changed.emit()

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (−1) page, round the end."""
        keys = list(self.buttons)
        start = keys.index(self.key) if self.key in keys else (-1 if by > 0 else 0)
        self.show_page(keys[(start + by) % len(keys)])
