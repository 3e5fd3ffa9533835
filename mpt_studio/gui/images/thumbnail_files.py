"""Small copies of large image files in the cache folder, so that a folder of photographs is decoded once.

A copy belongs to a file's identity: its path, size and time. A file that changed has another one; old copies go when
the folder outgrows its limit, those that were not looked at for longest first. Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from mpt_studio import paths

EDGES = (128, 320)
"""Longer sides that are kept; a wish is served by the next larger one."""
LIMIT = 512 << 20
"""Bytes on disk."""
WORTH = 2
"""Only images this many times larger than their copy are kept."""
_QUALITY = 92
_LOOK_AFTER = 32 << 20
"""Bytes written between two looks at the limit."""
_LEFT = 0.8
_DAY = 86_400.0


class ThumbnailFiles:
    """The copies under one folder."""

    def __init__(self, folder: Path | None = None, limit: int = LIMIT) -> None:
        self._folder, self._limit = folder, limit
        self._lock, self._written = threading.Lock(), _LOOK_AFTER  # one look per session at least

    @property
    def folder(self) -> Path:
        return self._folder or paths.cache_dir() / "thumbnails"

    def load(self, file: Path, edge: int) -> QImage | None:
        """The copy that serves ``edge``; None where there is none of this file as it is now."""
        place = self._place(file, edge)
        if place is None or not place.is_file():
            return None
        image = QImage(str(place))
        if image.isNull():  # cut off by a power failure
            return None
        self._used(place)
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def save(self, file: Path, edge: int, image: QImage) -> None:
        """Keep a copy, where that saves work; a full disk only costs the copy."""
        place, size = self._place(file, edge), max(image.width(), image.height())
        if place is None or size < WORTH * kept_edge(edge):
            return
        copy = shrunk(image, kept_edge(edge))
        try:
            save_image(copy, place, "JPEG", _QUALITY)
            self._count(place.stat().st_size)
        except OSError:
            return

    def _place(self, file: Path, edge: int) -> Path | None:
        if not 0 < edge <= EDGES[-1]:
            return None
        try:
            found = file.stat()
        except OSError:
            return None
        identity = f"1|{found.st_size}|{found.st_mtime_ns}|{kept_edge(edge)}|".encode() + os.fsencode(file.absolute())
        name = hashlib.blake2b(identity, digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name}.jpg"

    @staticmethod
    def _used(place: Path) -> None:
        try:
            if time.time() - place.stat().st_mtime > _DAY:
                os.utime(place)
        except OSError:
            return

    def _count(self, size: int) -> None:
        with self._lock:
            self._written += size
            if self._written < _LOOK_AFTER:
                return
            self._written = 0
        self.keep_limit()

    def keep_limit(self) -> None:
        """Delete the copies that were not used for longest, where all take more than the limit."""
        found = []
        for place in self.folder.glob("??/*.jpg"):
            try:
                facts = place.stat()
            except OSError:  # another window was quicker
                continue
            found.append((facts.st_mtime, facts.st_size, place))
        total = sum(size for _, size, _ in found)
        if total <= self._limit:
            return
        for _, size, place in sorted(found):
            place.unlink(missing_ok=True)
            total -= size
            if total <= _LEFT * self._limit:
                return


def kept_edge(edge: int) -> int:
    """The longer side that is kept for a wish."""
    return next(kept for kept in EDGES if edge <= kept)


def shrunk(image: QImage, edge: int) -> QImage:
    """``image`` with the longer side ``edge``."""
    return image.scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


def save_image(image: QImage, place: Path, form: str, quality: int = -1) -> None:
    """Write a picture that can be made again. Raises ``OSError``."""

    def write(temporary: Path) -> None:
        if not image.save(str(temporary), form, quality):  # type: ignore[call-overload]
            raise OSError(f"{temporary} could not be written")

    paths.replace_file(place, write, durable=False)
