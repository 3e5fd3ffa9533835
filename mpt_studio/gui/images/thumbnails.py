"""Images for the window: decoded by a pool as QImage, only while wanted, kept in a cache with a byte limit.

Small copies of large image files are kept on disk as well.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from mpt_studio.data.dataset import Dataset, Images
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.gui.images.thumbnail_files import EDGES, WORTH, ThumbnailFiles, kept_edge

CACHE_BYTES = 160 << 20
PIXELATED_UP_TO = 64
"""Images up to this side are enlarged pixel by pixel, so that what the model saw stays visible."""
_THREADS = 2


def to_qimage(pixels: Images) -> QImage:
    """(H, W, 3) uint8 RGB → a QImage that owns its pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    borrowed = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return borrowed.convertToFormat(QImage.Format.Format_RGB32)  # converting copies


def fitted(image: QImage, edge: int) -> QImage:
    """``image`` scaled so that its longer side is ``edge``; 0 leaves it as it is."""
    if not edge or max(image.width(), image.height()) == edge:
        return image
    tiny = max(image.width(), image.height()) <= min(edge, PIXELATED_UP_TO)
    how = Qt.TransformationMode.FastTransformation if tiny else Qt.TransformationMode.SmoothTransformation
    return image.scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio, how)


class _Wanted:
    """What the pool's threads share: a list of indices that can be replaced at any time, and what they finished."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.queue: deque[int] = deque()
        self.done: list[tuple[int, int, int, QImage]] = []
        self.reasons: dict[int, str] = {}
        """Why images could not be read, by index."""
        self.dataset: Dataset | None = None
        self.generation = 0
        self.edge = 0
        self.running = 0

    def next(self) -> tuple[int, int, int, Dataset] | None:
        """The next index, or None (the thread then counts as stopped)."""
        with self.lock:
            if not self.queue or self.dataset is None:
                self.running -= 1
                return None
            return self.queue.popleft(), self.edge, self.generation, self.dataset

    def finish(self, index: int, edge: int, generation: int, image: QImage) -> bool:
        """Hand an image over; True where the receiver has to be told."""
        with self.lock:
            self.done.append((index, edge, generation, image))
            return len(self.done) == 1


class _Decoder(QRunnable):
    def __init__(self, wanted: _Wanted, owner: Thumbnails) -> None:
        super().__init__()
        self._wanted, self._owner = wanted, owner

    def run(self) -> None:
        while task := self._wanted.next():
            index, edge, generation, dataset = task
            if self._wanted.finish(index, edge, generation, self._decoded(dataset, index, edge)):
                with contextlib.suppress(RuntimeError):  # the window went away meanwhile
                    self._owner.decoded.emit()

    def _decoded(self, dataset: Dataset, index: int, edge: int) -> QImage:
        try:
            return _decode(dataset, index, edge)
        except UserError as error:
            self._wanted.reasons[index] = str(error)
        except Exception as error:  # a damaged file is a placeholder, whatever the decoder raised
            self._wanted.reasons[index] = one_sentence(f"The image cannot be read ({error or type(error).__name__}).")
        return QImage()


_FILES = ThumbnailFiles()


def _decode(dataset: Dataset, index: int, edge: int) -> QImage:
    file = dataset.file_of(index)
    kept = _FILES.load(file, edge) if file is not None else None
    image = kept or to_qimage(_pixels(dataset, index, edge))
    if file is not None and kept is None:
        _FILES.save(file, edge, image)
    return fitted(image, edge)


def _pixels(dataset: Dataset, index: int, edge: int) -> Images:
    """Of a large file no more pixels than its copy on disk is made from."""
    small = 0 < edge <= EDGES[-1]
    return dataset.small_image(index, WORTH * kept_edge(edge)) if small else dataset.image(index)


class Thumbnails(QObject):
    """A cache of one data set's images; ``want`` replaces what is being decoded, ``arrived`` follows."""

    arrived = Signal()
    decoded = Signal()

    def __init__(self, parent: QObject | None = None, *, limit: int = CACHE_BYTES) -> None:
        super().__init__(parent)
        self._limit, self._bytes = limit, 0
        self._cache: OrderedDict[int, tuple[int, QImage]] = OrderedDict()
        self._wanted = _Wanted()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_THREADS)
        self.decoded.connect(self._take, Qt.ConnectionType.QueuedConnection)
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self.close)

    @property
    def bytes(self) -> int:
        """Bytes of pixels in the cache."""
        return self._bytes

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Forget all images and take them from ``dataset`` from now on."""
        with self._wanted.lock:
            self._wanted.dataset = dataset
            self._wanted.queue.clear()
            self._wanted.done.clear()
            self._wanted.reasons.clear()
            self._wanted.generation += 1
        self._cache.clear()
        self._bytes = 0

    def image(self, index: int) -> QImage | None:
        """The image, at whatever size it was last wanted; None while it is not there; null where it cannot be read."""
        found = self._cache.get(index)
        if found is None:
            return None
        self._cache.move_to_end(index)
        return found[1]

    def reason(self, index: int) -> str:
        """Why an image is null: a sentence that names it; "" where it is not."""
        return self._wanted.reasons.get(index, "")

    def want(self, indices: Iterable[int], edge: int = 0) -> None:
        """Decode these (first ones first), longer side ``edge`` pixels; earlier wishes lapse."""
        missing = [i for i in indices if self._cache.get(i, (-1,))[0] != edge]
        wanted = self._wanted
        with wanted.lock:
            wanted.edge = edge
            wanted.queue = deque(missing)
            to_start = min(_THREADS, len(missing)) - wanted.running if wanted.dataset is not None else 0
            wanted.running += max(0, to_start)
        for _ in range(to_start):
            self._pool.start(_Decoder(wanted, self))

    @Slot()
    def close(self) -> None:
        """Stop decoding and wait for the threads; happens by itself when the application quits."""
        self.set_dataset(None)
        self._pool.waitForDone(2000)

    @Slot()
    def _take(self) -> None:
        with self._wanted.lock:
            done, self._wanted.done = self._wanted.done, []
            generation = self._wanted.generation
        for index, edge, made_for, image in done:
            if made_for == generation:
                self._put(index, edge, image)
        if done:
            self.arrived.emit()

    def _put(self, index: int, edge: int, image: QImage) -> None:
        if index in self._cache:
            self._bytes -= self._cache.pop(index)[1].sizeInBytes()
        self._cache[index] = (edge, image)
        self._bytes += image.sizeInBytes()
        while self._bytes > self._limit and len(self._cache) > 1:
            self._bytes -= self._cache.popitem(last=False)[1][1].sizeInBytes()
