"""Shards and tables of small pictures."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Members = Sequence[tuple[str, bytes]]


def picture(seed: int, suffix: str = "png", size: tuple[int, int] = (12, 8)) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, {"png": "PNG", "jpg": "JPEG"}[suffix])
    return stream.getvalue()


def pack(path: Path, members: Iterable[tuple[str, bytes]], form: int = tarfile.USTAR_FORMAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def samples(labels: Sequence[str], start: int = 0, suffix: str = "png") -> list[tuple[str, bytes]]:
    """An image and a .cls for each label."""
    return [
        member
        for i, label in enumerate(labels, start)
        for member in ((f"{i:06}.{suffix}", picture(i, suffix)), (f"{i:06}.cls", label.encode()))
    ]


def write_table(path: Path, columns: Mapping[str, list[object]], names: Sequence[str] = (), rows: int = 4) -> Path:
    """Parquet as Hugging Face's library writes it; ``image`` holds bytes, or a pair of bytes and path."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    arrays = {name: pa.array(each, kind if name == "image" else None) for name, each in columns.items()}
    table = pa.table(arrays)
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, path, row_group_size=rows)
    return path
