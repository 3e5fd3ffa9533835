"""Which Parquet files hold images: their bytes in a column, alone or beside the path that they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mpt_studio.files.kinds import PARQUET


def holds_images(path: Path) -> bool:
    """Whether a file is Parquet with a column of images, by its schema; False where it cannot be read."""
    if not (PARQUET.fits(path) and path.is_file()):
        return False
    try:
        from pyarrow import parquet

        return bool(image_columns(parquet.read_schema(path)))
    except Exception:  # no pyarrow, or one of the many types of errors of a damaged file
        return False


def image_columns(schema: Any) -> list[str]:
    """Names of the columns of bytes, or of structures that have bytes."""
    return [each.name for each in schema if _is_bytes(each.type) or is_structure(each.type)]


def is_structure(of: Any) -> bool:
    """Whether values are bytes beside a path, as Hugging Face writes images."""
    from pyarrow import types

    return bool(types.is_struct(of)) and any(each.name == "bytes" and _is_bytes(each.type) for each in of)


def _is_bytes(of: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(of) or types.is_large_binary(of))
