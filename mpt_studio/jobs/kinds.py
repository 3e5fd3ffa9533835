"""What a dropped file or folder is, by its content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mpt_studio import jobs
from mpt_studio.checkpoint import has_our_header
from mpt_studio.data.sources import MANIFEST_SUFFIXES
from mpt_studio.data.table import looks_like_manifest
from mpt_studio.errors import UserError
from mpt_studio.predictions import is_predictions

if TYPE_CHECKING:
    pass


FileKind = Literal["checkpoint", "weights", "predictions", "images", "table"]
"""Ours, weights from elsewhere, answers, a folder of images, a table that is a manifest or metadata."""
TABLES = (".csv", ".tsv")
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})


def kind_of(path: Path) -> FileKind:
    """What a dropped file or folder is, by its content. Raises ``UserError`` for anything else.

    Weights from elsewhere are only looked at; whether they can be read is for the reader to say.
    """
    if is_predictions(path):
        return "predictions"
    suffix = path.suffix.lower()
    if path.is_dir():
        return _kind_of_folder(path)
    is_there = path.exists()
    if suffix in TABLES and (path.is_file() or not is_there):
        return "table"
    if suffix in MANIFEST_SUFFIXES and path.is_file() and looks_like_manifest(path):
        return "table"
    if not is_there:
        raise UserError(f"There is no file {path}.")
    if has_our_header(path):
        return "checkpoint"
    if suffix in IMAGE_SUFFIXES:
        raise UserError(f"{path.name} is a single image; drop the folder that holds one folder of images per class.")
    _refuse_by_looks(path)
    return "weights"


def _kind_of_folder(path: Path) -> FileKind:
    if jobs.is_version_folder(path):
        return "weights"
    if _has_images(path):
        return "images"
    raise UserError(f"{path} holds neither predictions, nor weights, nor folders of images, one per class.")


def _refuse_by_looks(path: Path) -> None:
    """Say at once what a file is that its first bytes tell to be no weights. Raises ``UserError``."""
    from mpt_studio.engine.intake import sniff
    from mpt_studio.engine.intake.contents import refusal
    from mpt_studio.engine.intake.opened import opened

    try:
        with opened(path) as file:
            sniff.kind_of(file)
    except UserError as error:
        raise refusal(path, str(error)) from None
    except OSError as error:
        raise UserError(f"{path.name} cannot be opened ({error.strerror or error}).") from None


def _has_images(folder: Path, depth: int = 3, look_at: int = 400) -> bool:
    """Whether an image lies within ``depth`` levels; looks at few entries, so that a huge folder stays quick."""
    seen, level = 0, [folder]
    for _ in range(depth):
        below: list[Path] = []
        for entry in (e for place in level for e in sorted(_entries(place))[:look_at]):
            seen += 1
            if seen > look_at * 4:
                return False
            if entry.is_dir() and not entry.name.startswith("."):
                below.append(entry)
            elif entry.suffix.lower() in IMAGE_SUFFIXES:
                return True
        level = below
    return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
