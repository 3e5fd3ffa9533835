"""Decodes the files of a data set once for a form and keeps the result, with all cores, for every process that asks.

Cancelled or killed, what was decoded by then stays; two processes at once share the work: the second one waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import filelock

from mpt_studio.data import room
from mpt_studio.data.dataset import Images, Kept
from mpt_studio.data.decoded import Decoded, Stored
from mpt_studio.data.fit import Form, Whole
from mpt_studio.data.verdicts import in_threads

CHUNK_BYTES = 32 << 20
"""Decoded between two reports of progress."""
_MOST_AT_ONCE = 256
_SAVE_EVERY = 20.0
"""Seconds of work that a killed process loses at most."""
JPEG_SHARE = 0.2
"""Of the pixels' bytes, about what JPEG files take."""
_POLL = 0.2

Work = Generator[tuple[int, int], None, Kept]
"""Yields (done, total) now and then. Closed, it stops cleanly."""


@dataclass(frozen=True)
class Files:
    """Some samples of a data set as files."""

    spec: str
    known: Sequence[bytes]
    """Each sample's ``decoded.identity``."""
    sizes: Sequence[tuple[int, int]]
    """(width, height) of each."""
    decode: Callable[[int], Images]
    """The image of the sample at a position, in the form. Raises ``UserError`` for a file that changed or vanished."""


def keep(files: Files, form: Form, there: Decoded | None, *, may_pack: bool) -> Work:
    """Decode what is not kept yet.

    Args:
        files: the samples.
        form: what they are decoded for.
        there: what is kept already, and how it goes on being stored.
        may_pack: whether whole images may be stored as JPEG where nothing is kept yet and pixels take too much.

    Raises ``UserError`` for a file that cannot be read, and for a limit that is none.
    """
    kept, note = _chosen(files, form, there, may_pack)
    if kept is None:
        return Kept(False, note)
    if _missing(kept, files):
        try:
            with _locked(kept) as waiting:
                for _ in waiting:
                    yield len(files.known) - len(_missing(kept, files)), len(files.known)
                kept.load()
                yield from _fill(kept, files, form)
        except OSError as error:
            left = len(_missing(kept, files))
            note = (
                f"{left:,} of {len(files.known):,} decoded images cannot be kept ({error.strerror or error}): {_AGAIN}"
            )
            return Kept(False, note)
    kept.used()
    return Kept(True, note)


_AGAIN = "they are decoded each time they are needed, which is slower."


def _chosen(files: Files, form: Form, there: Decoded | None, may_pack: bool) -> tuple[Decoded | None, str]:
    """Where to keep them, and what to say of it."""
    kept = there or Decoded(room.place_of(files.spec, form, "pixels"), "pixels")
    kept.load()
    pixels = 3 * sum(width * height for width, height in _sides(files, form, _missing(kept, files)))
    if not pixels or room.make_room(_on_disk(pixels, kept.stored), kept.folder):
        return kept, ""
    limit, takes = room.limit(), f"Decoded, the images would take {room.as_size(pixels)}"
    if not limit:
        return None, ""
    too_much = f"{takes}, more than there is room for (limit: {room.as_size(limit)}; see mpt-studio cache)"
    packed = room.place_of(files.spec, form, "jpeg")
    if may_pack and isinstance(form, Whole) and kept.is_empty and room.make_room(_on_disk(pixels, "jpeg"), packed):
        return Decoded(packed, "jpeg"), f"{too_much}: they are kept as JPEG files of that size."
    return None, f"{too_much}: {_AGAIN}"


def _on_disk(pixels: int, stored: Stored) -> int:
    return pixels if stored == "pixels" else int(JPEG_SHARE * pixels)


def _sides(files: Files, form: Form, positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    return (form.sides(*files.sizes[position]) for position in positions)


def _missing(kept: Decoded, files: Files) -> list[int]:
    """Positions of the samples that are not there."""
    return [position for position, known in enumerate(files.known) if not kept.has(known)]


@contextmanager
def _locked(kept: Decoded) -> Iterator[Iterator[None]]:
    """Gives what to go through before the lock is held: one turn for each look at what another process does."""
    lock = room.lock_of(kept.folder)

    def waiting() -> Iterator[None]:
        while True:
            try:
                lock.acquire(timeout=_POLL)
                return
            except filelock.Timeout:
                kept.load()
                yield

    try:
        yield waiting()
    finally:
        lock.release()


def _fill(kept: Decoded, files: Files, form: Form) -> Iterator[tuple[int, int]]:
    todo, total = _missing(kept, files), len(files.known)
    with kept.open_to_append({"data": files.spec, "form": form.name}) as stream:
        saved_at = time.monotonic()
        try:
            while todo:
                yield total - len(todo), total
                chunk, todo = _next(todo, files, form)
                kept.append(stream, zip((files.known[i] for i in chunk), in_threads(files.decode, chunk), strict=True))
                if time.monotonic() - saved_at > _SAVE_EVERY:
                    kept.save()
                    saved_at = time.monotonic()
        finally:
            kept.save()


def _next(todo: list[int], files: Files, form: Form) -> tuple[list[int], list[int]]:
    """As many as are decoded at once, and the rest."""
    count = size = 0
    for width, height in _sides(files, form, todo[:_MOST_AT_ONCE]):
        count, size = count + 1, size + 3 * width * height
        if size > CHUNK_BYTES:
            break
    return todo[:count], todo[count:]
