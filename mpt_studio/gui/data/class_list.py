"""The classes of a data set with their counts and first images; which of them the old model knows is ticked.

What a row costs is paid when it is seen: ten thousand classes open as quickly as ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)

from mpt_studio.data import Dataset
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import tip
from mpt_studio.gui.widgets.tables import Index, Role
from mpt_studio.units import count

FEW = 5
"""Images of a class."""
EDGE = 32
_ROW, _GAP, _BOX = EDGE + 8, 3, 26
_COUNT_WIDTH = 108
Asks = Literal["ticks", "words", "nothing"]
"""Old classes are ticked by the user; told in words, for the old model has said them; or not known yet."""


def first_samples(dataset: Dataset, few: int = FEW) -> npt.NDArray[np.int64]:
    """(C, few) samples of the training part of each class, -1 where it has fewer; of all parts where that is empty."""
    part = dataset.train if len(dataset.train) else np.arange(len(dataset))
    order = part[np.argsort(dataset.labels[part], kind="stable")]
    labels, classes = dataset.labels[order], np.arange(len(dataset.class_names))
    starts, ends = np.searchsorted(labels, classes), np.searchsorted(labels, classes, side="right")
    places = starts[:, None] + np.arange(few)
    found = places < ends[:, None]
    return np.where(found, order[np.minimum(places, max(0, len(order) - 1))] if len(order) else -1, -1)


class ClassModel(QAbstractListModel):
    """A row per class that the filter lets through; which are ticked is kept for all."""

    ticked_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.ticked: npt.NDArray[np.bool_] = np.zeros(0, bool)
        self.counts: npt.NDArray[np.int64] = np.zeros((0, 2), np.int64)
        """(C, 2) images for training and for the test."""
        self.samples: npt.NDArray[np.int64] = np.zeros((0, FEW), np.int64)
        self.shown: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """The classes of the rows."""
        self.asks: Asks = "ticks"
        self._words = ""

    def show(self, dataset: Dataset, old: Iterable[str], asks: Asks) -> None:
        """Show a data set's classes, those in ``old`` ticked."""
        self.beginResetModel()
        self.names, known, self.asks = dataset.class_names, set(old), asks
        self.ticked = np.fromiter((name in known for name in self.names), bool, len(self.names))
        parts = (dataset.labels[dataset.train], dataset.labels[dataset.test])
        self.counts = np.stack([np.bincount(part, minlength=len(self.names)) for part in parts], axis=1)
        self.samples = first_samples(dataset)
        self.shown = self._found()
        self.endResetModel()

    def filter(self, words: str) -> None:
        """Show the classes whose names have these letters."""
        self._words = words.casefold().strip()
        self.beginResetModel()
        self.shown = self._found()
        self.endResetModel()

    def _found(self) -> npt.NDArray[np.int64]:
        if not self._words:
            return np.arange(len(self.names))
        return np.flatnonzero([self._words in name.casefold() for name in self.names])

    @property
    def old(self) -> tuple[str, ...]:
        """The ticked classes, in the data's order."""
        return tuple(self.names[i] for i in np.flatnonzero(self.ticked))

    def tick(self, classes: npt.NDArray[np.int64], value: bool | npt.NDArray[np.bool_]) -> None:
        """Tick classes, or take their ticks away."""
        if len(classes) and self.asks == "ticks":
            self.ticked[classes] = value
            self.dataChanged.emit(self.index(0), self.index(len(self.shown) - 1))
            self.ticked_changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.shown)

    def flags(self, index: Index) -> Qt.ItemFlag:
        checks = Qt.ItemFlag.ItemIsUserCheckable if self.asks == "ticks" else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | checks

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        number = int(self.shown[index.row()])
        match role:
            case Role.DisplayRole:
                return self.names[number]
            case Role.AccessibleTextRole:
                words = "" if self.asks != "words" else ", old class" if self.ticked[number] else ", new class"
                return f"{self.names[number]}{words}"
            case Role.CheckStateRole if self.asks == "ticks":
                return Qt.CheckState.Checked if self.ticked[number] else Qt.CheckState.Unchecked
            case Role.ToolTipRole:
                training, test = map(int, self.counts[number])
                return tip(f"{self.names[number]}\n{count(training, 'training image')}, {count(test, 'test image')}")
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.CheckStateRole or self.asks != "ticks":
            return False
        self.tick(self.shown[index.row() : index.row() + 1], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True


class _Painter(QStyledItemDelegate):
    """Tick or word, name, first images, count; a click anywhere in a row turns its tick."""

    def __init__(self, view: ClassList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, area = self._view.classes, QRect(option.rect)
        number = int(model.shown[index.row()])
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(theme.selected()))
        painter.setPen(QColor(theme.colors().text))
        area.adjust(theme.SPACE, 0, -theme.SPACE, 0)
        area.setLeft(self._paint_state(painter, area, bool(model.ticked[number])))
        images = count(int(model.counts[number].sum()), "image")
        _write(painter, area, images, Qt.AlignmentFlag.AlignRight, theme.colors().muted)
        right = area.right() - _COUNT_WIDTH - FEW * (EDGE + _GAP)
        self._paint_images(painter, right, area.center().y() - EDGE // 2, model.samples[number])
        area.setRight(right - theme.SPACE)
        _write(painter, area, model.names[number], Qt.AlignmentFlag.AlignLeft, theme.colors().text)

    def _paint_state(self, painter: QPainter, area: QRect, ticked: bool) -> int:
        """Where the name begins."""
        if self._view.classes.asks == "nothing":
            return area.left()
        if self._view.classes.asks == "words":
            word, hue = ("old", theme.colors().muted) if ticked else ("+ new", theme.colors().right)
            _write(painter, area, word, Qt.AlignmentFlag.AlignLeft, hue)
            return area.left() + self._view.fontMetrics().horizontalAdvance("+ new ") + theme.SPACE
        box = QStyleOptionButton()
        box.rect = QRect(area.left(), area.center().y() - 8, 16, 16)
        on = QStyle.StateFlag.State_On if ticked else QStyle.StateFlag.State_Off
        box.state = QStyle.StateFlag.State_Enabled | on
        like = self._view.box
        like.style().drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorCheckBox, box, painter, like)
        return area.left() + _BOX

    def _paint_images(self, painter: QPainter, x: int, y: int, samples: npt.NDArray[np.int64]) -> None:
        ratio = self._view.devicePixelRatioF()
        for place, sample in enumerate(samples[samples >= 0]):
            box = QRect(x + place * (EDGE + _GAP), y, EDGE, EDGE)
            image = self._view.thumbnails.image(int(sample))
            if image is None or image.isNull():
                painter.fillRect(box, QColor(theme.colors().raised))
                continue
            shape = QRect(0, 0, round(image.width() / ratio), round(image.height() / ratio))
            shape.moveCenter(box.center())
            painter.drawImage(shape, image)

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        is_space = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        if event.type() != QEvent.Type.MouseButtonRelease and not (is_space and event.type() == QEvent.Type.KeyPress):
            return event.type() == QEvent.Type.MouseButtonDblClick
        was = model.data(index, Role.CheckStateRole) == Qt.CheckState.Checked
        return model.setData(index, Qt.CheckState.Unchecked if was else Qt.CheckState.Checked, Role.CheckStateRole)


def _write(painter: QPainter, area: QRect, text: str, where: Qt.AlignmentFlag, hue: str) -> None:
    painter.setPen(QColor(hue))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
    flags = where | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(area, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)


class ClassList(QListView):
    """The list; images come for the rows that are seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes = ClassModel(self)
        self.thumbnails = Thumbnails(self)
        self.box = QCheckBox(self)
        """Only to be painted like."""
        self.box.hide()
        self.setModel(self.classes)
        self.setItemDelegate(_Painter(self))
        self.setUniformItemSizes(True)
        self.setAccessibleName("Classes of the data")
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.AnyKeyPressed)
        self.thumbnails.arrived.connect(self.viewport().update)
        self.verticalScrollBar().valueChanged.connect(self.want_seen)
        self.classes.modelReset.connect(self.want_seen)

    def show_classes(self, dataset: Dataset, old: Iterable[str], asks: Asks = "ticks") -> None:
        """Show a data set's classes and which of them the old model knows."""
        self.thumbnails.set_dataset(dataset)
        self.classes.show(dataset, old, asks)

    def seen(self) -> Sequence[int]:
        """The rows on show."""
        first = self.indexAt(self.viewport().rect().topLeft()).row()
        rows = self.viewport().height() // _ROW + 2
        return range(max(0, first), min(max(0, first) + rows, len(self.classes.shown)))

    @Slot()
    def want_seen(self) -> None:
        """Have the images of the rows on show decoded."""
        samples = self.classes.samples[self.classes.shown[list(self.seen())]].ravel()
        self.thumbnails.want(map(int, samples[samples >= 0]), round(EDGE * self.devicePixelRatioF()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.want_seen()
