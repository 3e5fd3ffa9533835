"""The validation samples that flip at this moment, as a strip of thumbnails."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from mpt_studio import units
from mpt_studio.data.dataset import Dataset
from mpt_studio.gui.images.thumbnails import Thumbnails
from mpt_studio.gui.widgets import plain, theme

EDGE = 44
GAP = 4


class FlipStrip(QFrame):
    """A card with a sentence and one row of thumbnails."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = ""
        """The data that the images come from."""
        theme.mark(self, card=True)
        self._title = plain.label("")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._pictures = _Pictures(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE // 2, theme.SPACE, theme.SPACE // 2)
        layout.setSpacing(theme.SPACE // 2)
        layout.addWidget(self._title)
        layout.addWidget(self._pictures)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clear()

    def clear(self) -> None:
        """Nothing is known yet."""
        self.show_flips("", 0, None, ())

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Where the images come from."""
        self.spec = dataset.spec if dataset is not None else ""
        self._pictures.set_dataset(dataset)

    def show_flips(
        self,
        label: str,
        epoch: int,
        nfr: float | None,
        ids: Sequence[str],
        count: int | None = None,
        samples: int | None = None,
    ) -> None:
        """Show the samples that version ``label`` gets wrong and the old model right, after ``epoch``.

        ``ids`` are at most a few dozen of them; ``count`` is how many there are.
        """
        theme.mark(self._title, muted=not label)
        if not label:
            self._title.setText(
                "Validation samples that the old model gets right and the update wrong appear here after each epoch."
            )
        else:
            many = units.count(len(ids) if count is None else count, "negative flip")
            of = f" of {units.count(samples)}" if samples else ""
            rate = f", NFR (old classes) {plain.percent(nfr)}{of}" if nfr is not None else ""
            self._title.setText(f"Flipping now in {label}: {many} after epoch {epoch}{rate}")
        self._pictures.show_ids(ids)
        self._pictures.setVisible(bool(ids))

    def close_images(self) -> None:
        """Stop decoding; call before the window goes."""
        self._pictures.thumbnails.close()


class _Pictures(QWidget):
    """Paints the thumbnails that fit; a tooltip names sample and class."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.ids: tuple[str, ...] = ()
        self._indices: list[int] = []
        self._dataset: Dataset | None = None
        self.thumbnails = Thumbnails(self)
        self.thumbnails.arrived.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Samples that flip now")

    def sizeHint(self) -> QSize:
        return QSize(EDGE, EDGE)

    def set_dataset(self, dataset: Dataset | None) -> None:
        if dataset is self._dataset:
            return
        self._dataset = dataset
        self.thumbnails.set_dataset(dataset)
        self.show_ids(self.ids)

    def show_ids(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        known = self._dataset.index_of if self._dataset is not None else {}
        self._indices = [known[name] for name in self.ids if name in known]
        self.thumbnails.want(self._indices, round(EDGE * self.devicePixelRatioF()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        faint = QColor(theme.colors().raised)
        for place, index in enumerate(self._indices[: self._room()]):
            box = self._box(place)
            image = self.thumbnails.image(index)
            if image is None or image.isNull():
                painter.fillRect(box, faint)
            else:
                painter.drawImage(_centred(box, image.size(), self.devicePixelRatioF()), image)

    def _room(self) -> int:
        return max(0, (self.width() + GAP) // (EDGE + GAP))

    @staticmethod
    def _box(place: int) -> QRect:
        return QRect(place * (EDGE + GAP), 0, EDGE, EDGE)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain.tip(self.text_at(event.pos())), self)
            return True
        return super().event(event)

    def text_at(self, where: QPoint) -> str:
        """Id and true class of the sample there; empty where there is none."""
        place = where.x() // (EDGE + GAP)
        if self._dataset is None or not 0 <= place < min(len(self._indices), self._room()):
            return ""
        index = self._indices[place]
        return f"{self._dataset.sample_ids[index]}\ntruth: {self._dataset.class_names[self._dataset.labels[index]]}"


def _centred(box: QRect, size: QSize, ratio: float) -> QRect:
    fit = QSize(round(size.width() / ratio), round(size.height() / ratio)).scaled(
        box.size(), Qt.AspectRatioMode.KeepAspectRatio
    )
    made = QRect(QPoint(0, 0), fit)
    made.moveCenter(box.center())
    return made
