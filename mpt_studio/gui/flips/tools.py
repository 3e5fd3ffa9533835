"""The Flips page's tools in one row: order, groups, size. Where it is narrow, the rarer ones go into a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QToolButton, QWidget

from mpt_studio.compare.figures import missing
from mpt_studio.gui.flips.grid import LARGEST, SMALLEST, STEP, USUAL, FlipGrid
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare, in_a_row
from mpt_studio.gui.widgets.plain import label, set_tip, tip
from mpt_studio.gui.widgets.wheel import ComboBox, Slider
from mpt_studio.gui.workspace.browsing import GroupBy
from mpt_studio.gui.workspace.workspace import Workspace

SORTS = (
    # title, key, largest first
    ("Margin drop", "margin_drop", True),
    ("Confidence", "confidence", True),
    ("Closest calls first", "new_margin", True),
    ("Loss", "loss", True),
    ("Confidence lost", "confidence_lost", True),
    ("True class", "class", False),
    ("New answer", "answer", False),
    ("Flow pair", "flow", False),
    ("Cause", "cause", False),
    ("Mark", "mark", True),
    ("Sample id", "id", False),
)
GROUPS: tuple[tuple[str, GroupBy], ...] = (("None", ""), ("True class", "class"), ("Flow pair", "flow"))
_BY_NAME = ("class", "answer", "flow", "id")
_BY_MARK = ("Label wrong first", "Not marked first")
_BY_CAUSE = ("Suspect labels first", "No flip first")
_SIZE_STEPS = 2


class FlipTools(QWidget):
    """Writes the order to the workspace and the size to the grid; ``add`` puts another button at the end."""

    def __init__(self, workspace: Workspace, grid: FlipGrid, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._grid = workspace, grid
        self.sort, self.group = ComboBox(), ComboBox()
        self.direction, self.more = QToolButton(), QToolButton()
        self.size_slider = Slider()
        self._set_up_order()
        self._set_up_size()
        self._set_up_more()
        self._words = label("Sort")
        self._rare = (in_a_row(label("Group"), self.group), in_a_row(label("Size"), self.size_slider))
        self._row = bare(QHBoxLayout(self), spacing=theme.SPACE)
        for part in (self._words, self.sort, self.direction, *self._rare, self.more):
            self._row.addWidget(part)
        self._row.addStretch(1)

    def add(self, button: QWidget) -> None:
        """One more tool, always in sight."""
        self._row.addWidget(button)

    def _set_up_order(self) -> None:
        workspace = self._workspace
        for title, key, descending in SORTS:
            self.sort.addItem(title, (key, descending))
        self.sort.setAccessibleName("Sort order")
        self.sort.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        set_tip(self.sort, "What the images are ordered by; confidence is that of the new answer")
        self.sort.activated.connect(lambda _: workspace.set_sort(*self.sort.currentData()))
        for title, by in GROUPS:
            self.group.addItem(title, by)
        self.group.setAccessibleName("Group by")
        set_tip(self.group, "Images of one true class, or of one pair truth → new answer, together; most first")
        self.group.activated.connect(lambda _: workspace.set_group(self.group.currentData()))
        self.direction.setAccessibleName("Reverse the order")
        theme.mark(self.direction, tool=True)
        self.direction.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.direction.clicked.connect(self._reverse)

    @Slot()
    def _reverse(self) -> None:
        key, descending = self._workspace.order_in_force
        self._workspace.set_sort(key, not descending)

    def _set_up_size(self) -> None:
        self.size_slider.setRange(SMALLEST // STEP, LARGEST // STEP)
        self.size_slider.setValue(USUAL // STEP)
        self.size_slider.setFixedWidth(96)
        self.size_slider.setAccessibleName("Size of the images")
        set_tip(self.size_slider, "Size of the images (Ctrl+wheel over the grid)")
        self.size_slider.valueChanged.connect(lambda value: self._grid.set_thumbnail(value * STEP))
        self._grid.thumbnail_resized.connect(lambda size: self.size_slider.setValue(size // STEP))

    def _set_up_more(self) -> None:
        self.more.setText("⋯")
        theme.mark(self.more, tool=True)
        self.more.setAccessibleName("Groups and size of the images")
        set_tip(self.more, "Groups, and the size of the images")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")  # a word with dots says as much
        self.menu = QMenu(self.more)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.more.setMenu(self.menu)

    def _fill_menu(self) -> None:
        self.menu.clear()
        for title, by in GROUPS:
            text = f"Group by {title.lower()}" if by else "Do not group"
            action = self.menu.addAction(text, partial(self._workspace.set_group, by))
            action.setCheckable(True)
            action.setChecked(by == self._workspace.group_by)
        self.menu.addSeparator()
        size = self.size_slider.value()
        for text, steps in (("Larger images", _SIZE_STEPS), ("Smaller images", -_SIZE_STEPS)):
            action = self.menu.addAction(text, partial(self.size_slider.setValue, size + steps))
            action.setEnabled(size != (self.size_slider.maximum() if steps > 0 else self.size_slider.minimum()))

    def refresh(self) -> None:
        """Show the workspace's order and groups."""
        key, descending = self._workspace.order_in_force
        self._offer_orders()
        self.sort.setCurrentIndex(next((i for i, (_, sort, _) in enumerate(SORTS) if sort == key), -1))
        self.group.setCurrentIndex(self.group.findData(self._workspace.group_by))
        self.direction.setArrowType(Qt.ArrowType.DownArrow if descending else Qt.ArrowType.UpArrow)
        by_name, by_size = ("Z first", "A first"), ("Largest first", "Smallest first")
        texts = {"mark": _BY_MARK, "cause": _BY_CAUSE, **dict.fromkeys(_BY_NAME, by_name)}.get(key, by_size)
        text = texts[0 if descending else 1]
        if text != self.direction.text():
            self.direction.setText(text)
            set_tip(self.direction, f"{text}; click to reverse the order")
            self._fit()

    def _offer_orders(self) -> None:
        """Orders that need scores are off where a version gave only its answers."""
        shown, model = self._workspace.comparison(), self.sort.model()
        assert isinstance(model, QStandardItemModel)
        for i, (_, key, _) in enumerate(SORTS):
            why = missing.reason(shown, key) if shown is not None else ""
            model.item(i).setEnabled(not why)
            self.sort.setItemData(i, tip(why), Qt.ItemDataRole.ToolTipRole)

    # -- one row at any width

    def minimumSizeHint(self) -> QSize:
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The most words for which there is room."""
        for words, rare in ((True, True), (False, True), (True, False), (False, False)):
            self._show(words=words, rare=rare)
            if self._needed() <= self.width():
                return
        self._words.hide()

    def _show(self, *, words: bool, rare: bool) -> None:
        style = Qt.ToolButtonStyle
        self.direction.setToolButtonStyle(style.ToolButtonTextBesideIcon if words else style.ToolButtonIconOnly)
        self._words.show()
        for part in self._rare:
            part.setVisible(rare)
        self.more.setVisible(not rare)

    def _needed(self) -> int:
        items = [item for i in range(self._row.count()) if (item := self._row.itemAt(i)) is not None]
        parts = [part for item in items if (part := item.widget()) is not None and not part.isHidden()]
        widths = [part.sizeHint().width() for part in parts]
        return sum(widths) + self._row.spacing() * len(widths)
