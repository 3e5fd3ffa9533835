"""Thumbnails inside the page: small, few, and each once."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from mpt_studio.data import Dataset
from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError

MOST = 200
SIDE = 96
_SMALL = 48
"""Up to this side an image is kept pixel for pixel."""


def thumbnails(dataset: Dataset | None, ids: Iterable[str], progress: Progress | None = None) -> dict[str, str]:
    """Sample id → the image as a data URI; images that cannot be read are left out."""
    if dataset is None:
        return {}
    wanted = [(name, dataset.index_of[name]) for name in dict.fromkeys(ids) if name in dataset.index_of][:MOST]
    found = {}
    for done, (name, index) in enumerate(wanted):
        if progress is not None:
            progress(f"Reading image {done + 1:,} of {len(wanted):,}", done / len(wanted))
        try:
            found[name] = data_uri(Image.fromarray(np.ascontiguousarray(dataset.small_image(index, SIDE))))
        except UserError:
            continue
    return found


def data_uri(image: Image.Image) -> str:
    """Small ones exactly as they are (PNG), larger ones at the size of a thumbnail (JPEG)."""
    stream, is_small = io.BytesIO(), max(image.size) <= _SMALL
    if is_small:
        image.save(stream, "PNG", optimize=True)
    else:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.convert("RGB").save(stream, "JPEG", quality=80, optimize=True)
    return f"data:image/{'png' if is_small else 'jpeg'};base64,{base64.b64encode(stream.getvalue()).decode()}"
