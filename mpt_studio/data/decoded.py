"""Images of one form as they were decoded, in one file on disk that is only ever appended to.

<folder>/pixels      one image after the other: uint8 rows, or JPEG files where pixels would take too much
         table.npy   where each lies, and its checksum; written as a whole, after the pixels that it tells of
         about.json  for people; its time says when somebody needed it last

An image is known by what its file was: content, size and time. One that moved is there, one that changed is not. Each
is checked when it is read, so that nothing has to be flushed to disk: what a power cut has eaten is not there either.
Shape letters: M images that are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from mpt_studio import paths
from mpt_studio.data.decode import Images

Stored = Literal["pixels", "jpeg"]
Row = tuple[int, int, int, int, int, int, int]
"""The fields of ``_ROW``."""
QUALITY = 92
_ROW = np.dtype(
    {
        "names": ["key", "more", "at", "bytes", "height", "width", "crc"],
        "formats": ["<u8", "<u8", "<i8", "<i8", "<i4", "<i4", "<u4"],
    }
)
_NO_ROWS = np.empty(0, _ROW)


def identity(digest: bytes, status: os.stat_result) -> bytes:
    """16 bytes that tell a file as it is now from all others and from itself at other times."""
    facts = struct.pack("<qq", status.st_size, status.st_mtime_ns)
    return hashlib.blake2b(digest + facts, digest_size=16).digest()


class Decoded:
    """What is in one such folder. Any number may read while one, which holds the folder's lock, appends."""

    def __init__(self, folder: Path, stored: Stored) -> None:
        self.folder, self.stored = folder, stored
        self._attach()

    def _attach(self) -> None:
        self._new: list[Row] = []
        self._damaged: set[bytes] = set()
        self._know(_NO_ROWS, -1)

    def _know(self, rows: npt.NDArray[Any], written: int) -> None:
        self._table = np.ascontiguousarray(rows["key"]), rows
        self._mapped: Images = np.empty(0, np.uint8)
        self._written = written

    def __getstate__(self) -> dict[str, Any]:
        """For loader processes: where the pixels are, not the pixels."""
        return {"folder": self.folder, "stored": self.stored}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._attach()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there, as far as is known since the last ``load``."""
        return not len(self._table[0])

    # ------------------------------------------------------------------ reading

    def load(self) -> None:
        """Know what is there now: others may have added to it, or deleted it."""
        try:
            written = (self.folder / "table.npy").stat().st_mtime_ns
            if written != self._written:
                rows = np.load(self.folder / "table.npy", allow_pickle=False)
                ends = rows["at"] + rows["bytes"] if rows.dtype == _ROW else np.empty(0)
                self._know(rows[ends <= (self.folder / "pixels").stat().st_size], written)
        except (OSError, ValueError, EOFError, IndexError):
            self._know(_NO_ROWS, -1)

    def has(self, known: bytes) -> bool:
        """Whether an image is there, as far as the table says and reading it has shown."""
        return self._row(known) is not None and known not in self._damaged

    def read(self, known: bytes) -> Images | None:
        """(H, W, 3), of pixels without a copy and not to be changed; None where it is not there or was damaged."""
        row = self._row(known)
        if row is None:
            return None
        _, _, at, length, height, width, crc = row
        piece = self._pixels(at + length)[at : at + length]
        if len(piece) != length or zlib.crc32(piece.data) != crc:
            self._damaged.add(known)
            return None
        return piece.reshape(height, width, 3) if self.stored == "pixels" else _unpacked(piece)

    def as_stored(self, image: Images) -> Images:
        """What ``read`` will give for an image: the same bits, whether it is kept or not."""
        return image if self.stored == "pixels" else _unpacked(np.frombuffer(_packed(image), np.uint8))

    def _row(self, known: bytes) -> Row | None:
        (key, more), (keys, rows) = struct.unpack("<QQ", known), self._table
        place = int(np.searchsorted(keys, np.uint64(key)))
        if place == len(keys):
            return None
        row: Row = rows[place].item()
        return row if row[:2] == (key, more) else None

    def _pixels(self, end: int) -> Images:
        """The file's bytes, mapped anew where it has grown since."""
        mapped = self._mapped
        if len(mapped) < end:
            with contextlib.suppress(OSError, ValueError), (self.folder / "pixels").open("rb") as stream:
                mapped = np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
                self._mapped = mapped
        return mapped

    # ------------------------------------------------------------------ appending

    def open_to_append(self, about: dict[str, Any]) -> io.BufferedWriter:
        """The file, cut off behind the last image that counts. Raises ``OSError``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        paths.write_text(self.folder / "about.json", json.dumps(about), durable=False)
        stream = (self.folder / "pixels").open("ab")
        stream.truncate(self._end())
        stream.seek(0, io.SEEK_END)
        return stream

    def append(self, stream: io.BufferedWriter, images: Iterable[tuple[bytes, Images]]) -> None:
        """Write images; they are there from the next ``save`` on. Raises ``OSError``."""
        rows: list[Row] = []
        try:
            for known, image in images:
                content = np.ascontiguousarray(image).data if self.stored == "pixels" else _packed(image)
                height, width, at = *image.shape[:2], stream.tell()
                stream.write(content)
                rows.append((*struct.unpack("<QQ", known), at, stream.tell() - at, height, width, zlib.crc32(content)))
        finally:  # a later file cannot be read: what came before it stays
            stream.flush()
            self._new += rows

    def save(self) -> None:
        """Write the table, once the images are with the system. Raises ``OSError``."""
        if not self._new:
            return
        rows = np.concatenate([np.array(self._new, _ROW), self._table[1]])
        _, first = np.unique(
            rows["key"], return_index=True
        )  # one that was damaged is there twice; the first one counts
        rows = rows[first]
        paths.write_array(self.folder / "table.npy", rows, durable=False)
        self._new = []
        self._damaged.clear()
        self.load()

    def _end(self) -> int:
        rows = self._table[1]
        return int((rows["at"] + rows["bytes"]).max(initial=0))

    def used(self) -> None:
        """Note that somebody needs it."""
        with contextlib.suppress(OSError):
            os.utime(self.folder / "about.json")


def _packed(image: Images) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _unpacked(content: Images) -> Images:
    with Image.open(io.BytesIO(content.data), formats=("JPEG",)) as image:
        return np.asarray(image)
