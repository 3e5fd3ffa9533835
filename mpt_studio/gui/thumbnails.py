"""Images for the window: decoded by a pool as QImage, only while wanted, kept in a cache with a byte limit.

Small copies of large image files are kept on disk as well.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from mpt_studio.compare import Comparison
from mpt_studio.data.dataset import Dataset, Images
from mpt_studio.gui.thumbnail_files import ThumbnailFiles

CACHE_BYTES = 160 << 20
PIXELATED_UP_TO = 64
"""Images up to this side are enlarged pixel by pixel, so that what the model saw stays visible."""
OTHER_DATA = 0.1
"""Where more than this share of the images has another class than the samples, the data set is another one."""
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
            if self._wanted.finish(index, edge, generation, _decode(dataset, index, edge)):
                with contextlib.suppress(RuntimeError):  # the window went away meanwhile
                    self._owner.decoded.emit()


_FILES = ThumbnailFiles()


def _decode(dataset: Dataset, index: int, edge: int) -> QImage:
    try:
        file = dataset.file_of(index)
        kept = _FILES.load(file, edge) if file is not None else None
        image = kept or to_qimage(dataset.image(index))
        if file is not None and kept is None:
            _FILES.save(file, edge, image)
        return fitted(image, edge)
    except Exception:  # a vanished or damaged file is a placeholder, whatever the decoder raised
        return QImage()


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

    @property
    def pending(self) -> int:
        """Images still to be decoded."""
        return len(self._wanted.queue)

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Forget all images and take them from ``dataset`` from now on."""
        with self._wanted.lock:
            self._wanted.dataset = dataset
            self._wanted.queue.clear()
            self._wanted.done.clear()
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


class ImageIndex:
    """Which image of the data set belongs to each sample of a comparison; -1 where the data set lacks it."""

    def __init__(self, dataset: Dataset | None, sample_ids: npt.NDArray[np.str_]) -> None:
        self._of_row = _locate(dataset, sample_ids)

    def __getitem__(self, row: int) -> int:
        return int(self._of_row[row]) if row < len(self._of_row) else -1

    def drop_others(self, dataset: Dataset, comparison: Comparison) -> None:
        """Forget images whose class is not the sample's; all of them where that is common: these are other data."""
        position = {name: i for i, name in enumerate(comparison.names)}
        class_of = np.array([position.get(name, -1) for name in dataset.class_names], np.int64)
        there = self._of_row >= 0
        other = there & (class_of[dataset.labels[self._of_row]] != comparison.truth)
        common = other.sum() > OTHER_DATA * there.sum()
        self._of_row = np.where(there if common else other, -1, self._of_row)

    def all(self, samples: int) -> npt.NDArray[np.int64]:
        """(samples,) indices of all samples; -1 where the data set lacks one."""
        return self._of_row if len(self._of_row) == samples else np.full(samples, -1, np.int64)

    def many(self, rows: npt.NDArray[np.integer]) -> list[int]:
        """Indices of the rows that have an image, in order."""
        if not len(self._of_row):
            return []
        found = self._of_row[rows]
        return [int(i) for i in found[found >= 0]]


def _locate(dataset: Dataset | None, sample_ids: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """(N,) dataset indices of ``sample_ids``: at once where they are a part in order, else by one sort."""
    if dataset is None or not len(sample_ids):
        return np.empty(0, np.int64)
    for part in (dataset.test, dataset.train):
        if len(part) == len(sample_ids) and np.array_equal(_taken(dataset.sample_ids, part), sample_ids):
            return np.asarray(part, np.int64)
    order = np.argsort(dataset.sample_ids)
    at = np.searchsorted(dataset.sample_ids, sample_ids, sorter=order)
    found = order[np.minimum(at, len(order) - 1)]
    return np.where(dataset.sample_ids[found] == sample_ids, found, -1)


def _taken(ids: npt.NDArray[np.str_], part: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """``ids[part]``, without a copy where the ascending ``part`` has no gap."""
    first, last = int(part[0]), int(part[-1])
    return ids[first : last + 1] if last - first + 1 == len(part) else ids[part]


class _Latest:
    """The last index made: every panel asks for the same one."""

    key: tuple[Dataset | None, Comparison | None] | None = None
    made: ImageIndex


def image_index(dataset: Dataset | None, comparison: Comparison | None) -> ImageIndex:
    """The index of a data set and a comparison's samples; kept, so that asking again costs nothing.

    Ids such as "test/00042" occur in many data sets, so the true classes have to agree as well.
    """
    if _Latest.key is None or _Latest.key[0] is not dataset or _Latest.key[1] is not comparison:
        _Latest.made = _checked(dataset, comparison)
        _Latest.key = (dataset, comparison)
    return _Latest.made


def _checked(dataset: Dataset | None, comparison: Comparison | None) -> ImageIndex:
    if dataset is None or comparison is None:
        return ImageIndex(None, np.empty(0, np.str_))
    found = ImageIndex(dataset, comparison.sample_ids)
    found.drop_others(dataset, comparison)
    return found
