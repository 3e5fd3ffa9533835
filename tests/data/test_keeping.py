"""Files are decoded once: counted at the one door where files are decoded."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import Dataset, decode, keeping, open_dataset, room
from mpt_studio.data.decoded import Decoded
from mpt_studio.data.fit import Fit, Form, Whole
from mpt_studio.errors import UserError

SIZES = [(50, 40), (40, 50), (64, 36), (20, 12), (33, 33)]
FIT, FOREIGN, WHOLE = Fit(16), Fit(16, 20, "bilinear"), Whole(24)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(room, "LEFT_FREE", 0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for part, count in (("train", 10), ("test", 5)):
            for i in range(count):
                path = tmp_path / "photos" / part / name / f"{i}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                width, height = SIZES[i % len(SIZES)]
                Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def data(photos: Path) -> Dataset:
    return open_dataset(f"folder:{photos}")


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The content of every file that is decoded from now on."""
    found: list[bytes] = []
    real = decode.decode
    monkeypatch.setattr(
        decode, "decode", lambda content, *a, **more: found.append(content) or real(content, *a, **more)
    )
    return found


def keep(data: Dataset, form: Form, indices: np.ndarray | None = None, **more: str) -> str:
    work = data.keep(np.arange(len(data)) if indices is None else indices, form, **more)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return str(end.value.note)


def images(data: Dataset, form: Form) -> list[np.ndarray]:
    every = np.arange(len(data))
    return data.wholes(every, form.shorter) if isinstance(form, Whole) else list(data.batch(every, form.asked))


@pytest.mark.parametrize("form", [FIT, FOREIGN, WHOLE])
def test_that_each_file_is_decoded_once_and_read_with_the_same_bits(
    data: Dataset, decodings: list[bytes], form: Form
) -> None:
    direct = images(data, form)
    decodings.clear()
    assert keep(data, form) == ""
    assert len(decodings) == len(set(decodings)) == len(data)
    again = open_dataset(data.spec)
    assert keep(again, form) == ""
    for opened in (data, again, pickle.loads(pickle.dumps(again))):
        assert all(np.array_equal(kept, file) for kept, file in zip(images(opened, form), direct, strict=True))
    assert len(decodings) == len(data)


def test_that_whole_images_keep_their_shapes_and_are_never_enlarged(data: Dataset) -> None:
    keep(data, WHOLE)
    assert [image.shape[:2] for image in data.wholes(range(5), 24)] == [
        (24, 30),
        (30, 24),
        (24, 43),
        (12, 20),
        (24, 24),
    ]


def test_that_only_what_is_not_there_is_decoded_when_data_grow(
    photos: Path, data: Dataset, decodings: list[bytes]
) -> None:
    keep(data, WHOLE)
    decodings.clear()
    Image.new("RGB", (50, 50), "red").save(photos / "train" / "a" / "new.jpg")
    (photos / "train" / "a" / "0.jpg").unlink()
    grown = open_dataset(data.spec)
    keep(grown, WHOLE)
    assert decodings == [(photos / "train" / "a" / "new.jpg").read_bytes()]


def test_that_a_file_that_vanished_or_changed_since_is_still_a_sentence(photos: Path, data: Dataset) -> None:
    keep(data, FIT)
    (photos / "train" / "a" / "0.jpg").unlink()
    Image.new("RGB", (50, 50), "red").save(photos / "train" / "a" / "1.jpg")
    for read in (lambda i: data.batch([i], 16), lambda i: keep(data, FIT, np.array([i]))):
        with pytest.raises(UserError, match=r"0\.jpg in .* has vanished since the data were opened"):
            read(0)
        with pytest.raises(UserError, match=r"1\.jpg in .* has changed since the data were opened"):
            read(1)


def test_that_a_file_that_was_only_touched_is_decoded_again(
    photos: Path, data: Dataset, decodings: list[bytes]
) -> None:
    keep(data, FIT)
    decodings.clear()
    before = data.batch([0], 16)
    os.utime(photos / "train" / "a" / "0.jpg", (1, 1))
    assert np.array_equal(data.batch([0], 16), before)
    keep(data, FIT)
    data.batch([0], 16)
    assert len(decodings) == 2


@pytest.mark.parametrize("how", ["cancelled", "damaged file"])
def test_that_what_was_decoded_before_the_end_stays(
    photos: Path, data: Dataset, decodings: list[bytes], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(keeping, "_MOST_AT_ONCE", 4)
    if how == "cancelled":
        work = data.keep(np.arange(len(data)), FIT)
        assert [next(work) for _ in range(3)] == [(0, 30), (4, 30), (8, 30)]
        work.close()
    else:
        file, status = photos / "train" / "a" / "7.jpg", (photos / "train" / "a" / "7.jpg").stat()
        whole = file.read_bytes()
        file.write_bytes(whole[:100])
        with pytest.raises(UserError, match=r"7\.jpg in .* has changed"):
            keep(data, FIT)
        file.write_bytes(whole)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(decodings) == 8 - (how == "damaged file")
    keep(data, FIT)
    assert len(decodings) == 30


def test_that_a_killed_process_leaves_nothing_that_harms(data: Dataset, decodings: list[bytes]) -> None:
    direct = images(data, FIT)
    keep(data, FIT, data.train)
    place = room.place_of(data.spec, FIT, "pixels")
    with (place / "pixels").open("ab") as stream:
        stream.write(b"half an image, of which the table knows nothing")
    keep(data, FIT)
    decodings.clear()
    assert all(np.array_equal(a, b) for a, b in zip(images(data, FIT), direct, strict=True))
    assert not decodings


@pytest.mark.parametrize("damage", ["a byte", "cut off", "no table", "foreign table"])
def test_that_damaged_pixels_are_never_shown_and_made_again(data: Dataset, decodings: list[bytes], damage: str) -> None:
    direct = images(data, FIT)
    keep(data, FIT)
    place = room.place_of(data.spec, FIT, "pixels")
    content = bytearray((place / "pixels").read_bytes())
    if damage == "a byte":
        content[1000] ^= 1
        (place / "pixels").write_bytes(content)
    elif damage == "cut off":
        (place / "pixels").write_bytes(content[:5000])
    else:
        (place / "table.npy").unlink()
        if damage == "foreign table":
            np.save(place / "table.npy", np.zeros(3))
    for again in (open_dataset(data.spec), data):
        assert all(np.array_equal(a, b) for a, b in zip(images(again, FIT), direct, strict=True))
        keep(again, FIT)
    decodings.clear()
    assert all(np.array_equal(a, b) for a, b in zip(images(data, FIT), direct, strict=True))
    assert not decodings


_KEEP = """
import sys
from mpt_studio.data import decode, keeping, open_dataset
from mpt_studio.data.fit import Fit
keeping._MOST_AT_ONCE, real, count = 2, decode.decode, []
decode.decode = lambda content, *a, **more: count.append(1) or real(content, *a, **more)
data = open_dataset(sys.argv[1])
for _ in data.keep(range(len(data)), Fit(16)):
    pass
print(len(count))
"""


def test_that_two_processes_share_one_result(data: Dataset, decodings: list[bytes]) -> None:
    words = [sys.executable, "-c", _KEEP, data.spec]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.communicate(timeout=100)[0]) for process in both]
    assert sum(counts) == len(data)
    images(data, FIT)
    assert not decodings


class FullDisk:
    """A file on a disk that is full after some bytes."""

    def __init__(self, stream, most: int) -> None:
        self._stream, self._left = stream, most

    def write(self, content) -> int:
        self._left -= len(content) if isinstance(content, bytes) else content.nbytes
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._stream.write(content)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *what: object) -> None:
        self._stream.close()


@pytest.fixture
def disk_that_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_MOST_AT_ONCE", 4)
    real = Decoded.open_to_append
    monkeypatch.setattr(Decoded, "open_to_append", lambda self, about: FullDisk(real(self, about), 10 * 768))


@pytest.mark.usefixtures("disk_that_fills")
def test_that_a_full_disk_is_told_and_changes_no_pixel(data: Dataset, decodings: list[bytes]) -> None:
    direct = images(data, FIT)
    note = (
        "20 of 30 decoded images cannot be kept (No space left on device): they are decoded each time they are needed"
    )
    assert keep(data, FIT) == f"{note}, which is slower."
    decodings.clear()
    assert all(np.array_equal(a, b) for a, b in zip(images(data, FIT), direct, strict=True))
    assert len(decodings) == 20


def test_that_a_cache_that_cannot_be_written_is_told(data: Dataset) -> None:
    room.home().parent.mkdir(parents=True, exist_ok=True)
    room.home().write_text("a file is in the way")
    assert "30 of 30 decoded images cannot be kept" in keep(data, FIT)
    assert data.batch([0], 16).shape == (1, 16, 16, 3)


def test_that_whole_images_are_kept_as_jpeg_where_pixels_take_too_much(
    data: Dataset, decodings: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = images(data, WHOLE)
    monkeypatch.setenv(room.LIMIT, "20K")
    decodings.clear()
    assert "they are kept as JPEG files of that size" in keep(data, WHOLE)
    first = images(data, WHOLE)
    assert (data.stored(WHOLE), len(decodings)) == ("jpeg", 30)
    assert keep(open_dataset(data.spec), WHOLE) == ""
    assert all(np.array_equal(a, b) for a, b in zip(images(open_dataset(data.spec), WHOLE), first, strict=True))
    assert len(decodings) == 30
    assert [a.shape for a in first] == [a.shape for a in exact]
    assert not all(np.array_equal(a, b) for a, b in zip(first, exact, strict=True))


def test_that_images_asked_for_as_jpeg_have_the_same_bits_kept_or_not(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(data, WHOLE, stored="jpeg")
    kept = images(data, WHOLE)
    room.empty()
    monkeypatch.setenv(room.LIMIT, "0")
    again = open_dataset(data.spec)
    keep(again, WHOLE, stored="jpeg")
    assert again.stored(WHOLE) == "jpeg"
    assert all(np.array_equal(a, b) for a, b in zip(images(again, WHOLE), kept, strict=True))


def test_that_what_a_version_sees_is_never_packed(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = images(data, FOREIGN)
    monkeypatch.setenv(room.LIMIT, "10K")
    assert keep(data, FOREIGN).endswith(
        "see mpt-studio cache): they are decoded each time they are needed, which is slower."
    )
    assert not room.entries()
    assert all(np.array_equal(a, b) for a, b in zip(images(data, FOREIGN), direct, strict=True))


def test_that_a_limit_of_nothing_keeps_nothing_and_says_nothing(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(room.LIMIT, "0")
    assert keep(data, FIT) == ""
    assert not room.entries()


def test_that_thumbnails_come_from_what_is_kept(data: Dataset, decodings: list[bytes]) -> None:
    keep(data, WHOLE)
    decodings.clear()
    assert data.small_image(2, 20).shape == (24, 43, 3)
    assert not decodings
    assert data.small_image(2, 30).shape[0] >= 30
    assert len(decodings) == 1
