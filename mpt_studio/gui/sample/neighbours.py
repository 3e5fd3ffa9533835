"""The training images nearest to the sample on show, by each version's own features."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QDialog, QPushButton, QVBoxLayout, QWidget

from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, empty
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, label, number, set_tip
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

EDGE = 64
_CACHE_BYTES = 24 << 20


class Neighbour(QAbstractButton):
    """One training image with its label and its similarity; a click enlarges it."""

    def __init__(self, found: dict[str, Any], index: int, right: bool, pool: Thumbnails) -> None:
        super().__init__()
        self.index, self._pool, self._right = index, pool, right
        self.sample, self.label, self.similarity = str(found["sample"]), str(found["label"]), float(found["similarity"])
        self.setText(f"{RIGHT if right else WRONG} {self.label}")
        self.setAccessibleName(f"Training image of {self.label}, similarity {self.similarity:.3f}")
        set_tip(self, f"{self.sample}\n{self.label}, cosine similarity {self.similarity:.4f}\nClick to enlarge.")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        return QSize(EDGE + 4, EDGE + 2 * self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colors, metrics = QPainter(self), theme.colors(), self.fontMetrics()
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), QColor(theme.blend(colors.panel, colors.text, 0.08)))
        self._paint_image(painter, QRect(2, 2, EDGE, EDGE), colors)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.setPen(QColor(colors.right if self._right else colors.wrong))
        line = QRect(2, EDGE + 3, EDGE, metrics.height())
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, EDGE)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(QColor(colors.muted))
        line.translate(0, metrics.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, number(self.similarity, 2))

    def _paint_image(self, painter: QPainter, box: QRect, colors: theme.Colors) -> None:
        image = self._pool.image(self.index) if self.index >= 0 else QImage()
        if image is None or image.isNull():
            painter.fillRect(box, QColor(theme.blend(colors.panel, colors.text, 0.07)))
            return
        size = image.size().scaled(EDGE, EDGE, Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(box.topLeft(), size)
        place.moveCenter(box.center())
        painter.drawImage(place, image)


class _Side(QWidget):
    """One version's neighbours, or a sentence, or the button that has them looked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption, self.note = label(wrap=True), label(wrap=True, muted=True)
        self.button = QPushButton("Find them")
        self.strip = QWidget()
        self.flow = FlowLayout(self.strip, spacing=2)
        layout = bare(QVBoxLayout(self), spacing=3)
        for widget in (self.caption, self.note):
            layout.addWidget(widget)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.strip)

    def clear(self) -> None:
        empty(self.flow)


class NeighboursView(QWidget):
    """Both versions' nearest training images, one under the other."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._explanations = workspace, workspace.explanations
        self.pool = workspace.thumbnails(self, _CACHE_BYTES)
        self.sides = (_Side(), _Side())
        self._shown: list[tuple[str, ...]] = [(), ()]
        layout = bare(QVBoxLayout(self), spacing=theme.SPACE)
        self.reason = label(wrap=True, muted=True)
        layout.addWidget(self.reason)
        for i, side in enumerate(self.sides):
            side.button.clicked.connect(lambda _=False, i=i: self._find(i))
            layout.addWidget(side)
        self.pool.arrived.connect(self._repaint)
        self._explanations.changed.connect(self.refresh)

    def _version(self, i: int) -> Version | None:
        return self._workspace.current if i else self._workspace.old

    def _find(self, i: int) -> None:
        version = self._version(i)
        if version is not None:
            self._explanations.find(version)

    @Slot()
    def refresh(self) -> None:
        """Show what is known by now."""
        reason = self._explanations.why_nothing() if self._explanations.sample else ""
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        fresh = False
        for i, side in enumerate(self.sides):
            version = self._version(i)
            side.setVisible(version is not None and not reason)
            if version is not None and self._explanations.sample:
                fresh |= self._show(i, side, version)
        if fresh:
            self.pool.want([n.index for n in self.neighbours() if n.index >= 0], EDGE)

    def _show(self, i: int, side: _Side, version: Version) -> bool:
        """Whether there are new images to decode."""
        name = "old" if i == 0 else version.label
        side.caption.setText(f"■ {name}")
        side.caption.setStyleSheet(f"color: {theme.version_color(version.color)}; font-weight: 600")
        answer = self._explanations.answer("neighbours", version)
        side.note.setText(answer.sentence)
        side.note.setVisible(bool(answer.sentence))
        side.button.setVisible(answer.offers)
        side.button.setAccessibleName(f"Find the nearest training images of {version.label}")
        sample = answer.values["sample"] if answer.values else ""
        key = (sample, version.checkpoint) if sample else ()
        if key == self._shown[i]:
            return False
        self._shown[i] = key
        side.clear()
        for found in answer.values["neighbours"][sample] if answer.values else []:
            side.flow.addWidget(self._button(found))
        side.strip.setVisible(bool(key))
        return bool(key)

    def _button(self, found: dict[str, Any]) -> Neighbour:
        comparison, row, data = self._workspace.comparison(), self._explanations.row, self._workspace.dataset
        truth = comparison.names[comparison.truth[row]] if comparison is not None and row is not None else ""
        index = data.index_of.get(str(found["sample"]), -1) if data is not None else -1
        made = Neighbour(found, index, found["label"] == truth, self.pool)
        made.clicked.connect(lambda: LargeImage(self._workspace, made, self).show())
        return made

    def neighbours(self) -> list[Neighbour]:
        """The buttons on show, the old model's first."""
        items = (side.flow.itemAt(i) for side in self.sides for i in range(side.flow.count()))
        return [widget for item in items if item and isinstance(widget := item.widget(), Neighbour)]

    def _repaint(self) -> None:
        for button in self.neighbours():
            button.update()


class LargeImage(QDialog):
    """One training image large; the wheel zooms, Esc closes."""

    def __init__(self, workspace: Workspace, chosen: Neighbour, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Training image: {chosen.label}")
        self.image, self._index = ImageView(), chosen.index
        self.image.show_image(None, "Decoding…" if chosen.index >= 0 else "The open data have no such image.")
        self._pool = Thumbnails(self, limit=1 << 30)
        self._pool.set_dataset(workspace.dataset)
        self._pool.arrived.connect(self._show)
        text = label(f"{chosen.text()}   similarity {number(chosen.similarity, 3)}   {chosen.sample}", wrap=True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.image, 1)
        layout.addWidget(text)
        self.resize(460, 500)
        if chosen.index >= 0:
            self._pool.want([chosen.index])
        self.finished.connect(lambda _: self._pool.close())

    def _show(self) -> None:
        image = self._pool.image(self._index)
        if image is not None:
            self.image.show_image(image, "The image is missing or cannot be read.")
