from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mpt_studio.data import open_dataset
from mpt_studio.gui.images import thumbnails
from mpt_studio.gui.images.thumbnail_files import ThumbnailFiles
from mpt_studio.gui.images.thumbnails import Thumbnails, to_qimage

pytestmark = pytest.mark.gui


def picture(side: int = 400, grey: int = 90) -> QImage:
    return to_qimage(np.full((side, side // 2, 3), grey, np.uint8))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (200, 400), (90, 90, 90)).save(path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> ThumbnailFiles:
    return ThumbnailFiles(tmp_path / "thumbnails")


def copies(files: ThumbnailFiles) -> list[Path]:
    return sorted(p for p in files.folder.rglob("*") if p.is_file())


def test_that_a_copy_comes_back_small_and_alike(files: ThumbnailFiles, photo: Path) -> None:
    files.save(photo, 96, picture())
    kept = files.load(photo, 112)
    assert kept is not None
    assert (kept.width(), kept.height()) == (64, 128)
    assert abs(kept.pixelColor(30, 60).red() - 90) <= 2
    assert len(copies(files)) == 1


def test_that_a_larger_wish_needs_a_larger_copy(files: ThumbnailFiles, photo: Path) -> None:
    files.save(photo, 96, picture())
    assert files.load(photo, 200) is None
    assert files.load(photo, 2000) is None


def test_that_small_images_and_whole_ones_are_not_copied(files: ThumbnailFiles, photo: Path) -> None:
    files.save(photo, 96, picture(200))
    files.save(photo, 0, picture())
    assert not files.folder.exists()


def test_that_a_changed_file_has_no_copy(files: ThumbnailFiles, photo: Path) -> None:
    files.save(photo, 96, picture())
    os.utime(photo, ns=(1, 1))
    assert files.load(photo, 96) is None
    photo.unlink()
    assert files.load(photo, 96) is None
    files.save(photo, 96, picture())


def test_that_a_damaged_copy_counts_as_none(files: ThumbnailFiles, photo: Path) -> None:
    files.save(photo, 96, picture())
    copies(files)[0].write_bytes(b"")
    assert files.load(photo, 96) is None


def test_that_the_limit_drops_what_was_used_longest_ago(tmp_path: Path, photo: Path) -> None:
    files = ThumbnailFiles(tmp_path / "thumbnails")
    sources = [shutil.copy(photo, tmp_path / f"{i}.png") for i in range(4)]
    for age, source in enumerate(sources):
        files.save(Path(source), 96, picture())
        newest = max(copies(files), key=lambda p: p.stat().st_mtime)
        os.utime(newest, (1000 - age, 1000 - age))
    size = copies(files)[0].stat().st_size
    ThumbnailFiles(files.folder, limit=3 * size).keep_limit()
    assert [files.load(Path(s), 96) is not None for s in sources] == [True, True, False, False]


def test_that_an_image_folder_is_decoded_once(
    files: ThumbnailFiles, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, color in (("cat", (200, 0, 0)), ("dog", (0, 0, 200))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (300, 300), color).save(tmp_path / "photos" / name / f"{i}.png")
    dataset = open_dataset(f"folder:{tmp_path / 'photos'}")
    monkeypatch.setattr(thumbnails, "_FILES", files)
    for _ in range(2):
        pool = Thumbnails()
        pool.set_dataset(dataset)
        pool.want(range(len(dataset)), 96)
        qtbot.waitUntil(lambda pool=pool: all(pool.image(i) is not None for i in range(len(dataset))))
        shown = [pool.image(i) for i in range(len(dataset))]
        pool.close()
        assert all(image is not None and image.width() == 96 for image in shown)
        monkeypatch.setattr(dataset, "image", lambda index: pytest.fail("decoded again"))
    assert len(copies(files)) == 6


def test_that_a_large_jpeg_is_decoded_small_and_its_copy_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, slope = tmp_path / "photos", np.linspace(0, 255, 1024, dtype=np.uint8)
    for name in "ab":
        (root / name).mkdir(parents=True)
        for i in "12":
            photo = np.repeat(np.tile(slope, (768, 1))[:, :, None], 3, axis=2)
            Image.fromarray(photo).save(root / name / f"{i}.jpg")
    data = open_dataset(f"folder:{root}")
    assert data.image(0).shape == (768, 1024, 3)
    small = data.small_image(0, 256)
    assert small.shape == (384, 512, 3)
    assert np.abs(small[100].astype(int) - data.image(0)[200, ::2].astype(int)).max() <= 8
    kept = ThumbnailFiles(tmp_path / "copies")
    monkeypatch.setattr(thumbnails, "_FILES", kept)
    assert max(thumbnails._decode(data, 0, 96).size().toTuple()) == 96  # type: ignore[type-var]
    assert len(copies(kept)) == 1
    assert thumbnails._decode(data, 0, 0).width() == 1024
