"""What a dropped file or folder is, by its content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mpt_studio import paths
from mpt_studio.checkpoint import has_our_header
from mpt_studio.data.manifest_table import is_manifest
from mpt_studio.data.sources import holds
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import IMAGES, PARQUET, SHARDS, TABLES
from mpt_studio.files.parquet_images import holds_images
from mpt_studio.files.sniff import check_looks
from mpt_studio.files.version_folder import is_version_folder
from mpt_studio.predictions import is_predictions

FileKind = Literal["checkpoint", "weights", "predictions", "images", "table"]
"""Ours, weights from elsewhere, answers, images (a folder, shards, Parquet), a table that is a manifest or metadata."""


def kind_of(path: Path) -> FileKind:
    """What a dropped file or folder is, by its content. Raises ``UserError`` for anything else.

    Weights from elsewhere are only looked at; whether they can be read is for the reader to say.
    """
    path = paths.named(path)
    if is_predictions(path):
        return "predictions"
    if path.is_dir():
        return _kind_of_folder(path)
    if holds_images(path):
        return "images"
    is_there = path.exists()
    if (TABLES.fits(path) and (path.is_file() or not is_there)) or is_manifest(path):
        return "table"
    if not is_there:
        raise UserError(f"There is no file {path}.")
    if has_our_header(path):
        return "checkpoint"
    if SHARDS.fits(path):
        raise UserError(f"{path.name} is a single archive; drop the folder that holds the shards.")
    if IMAGES.fits(path):
        raise UserError(f"{path.name} is a single image; drop the folder that holds one folder of images per class.")
    check_looks(path)
    return "weights"


def _kind_of_folder(path: Path) -> FileKind:
    if is_version_folder(path):
        return "weights"
    if any(holds(path, files) for files in (IMAGES, SHARDS, PARQUET)):
        return "images"
    raise UserError(f"{path} holds neither predictions, nor weights, nor folders of images, one per class.")
