"""Parquet with the bytes of images, in Hugging Face's layout: a column of images, a column of labels, more as metadata.

A row group is what can be read by itself. Those that were read last are kept, so that one after the other costs little;
images in any order are quick once they are decoded and kept (``keeping``).
"""

from __future__ import annotations

import bisect
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.data.manifest_table import LABEL_NAMES
from mpt_studio.data.packed.holding import Holding, Listed, holding_of
from mpt_studio.data.packed.shards import MOST_COLUMNS, plain_text
from mpt_studio.data.scan import Found
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.class_lists import names_in_value
from mpt_studio.files.kinds import PARQUET
from mpt_studio.files.parquet_images import image_columns, is_structure
from mpt_studio.files.plain import MAX_BYTES, NotAFile, handle_of
from mpt_studio.files.tables import position_of
from mpt_studio.predictions.parquet_pages import pages_of

IMAGE_NAMES = ("image", "img", "jpg", "jpeg", "png", "picture", "photo")
KEPT_BYTES = 512 << 20
"""Of row groups in memory; one is always kept."""
_ROWS = 8192
_SPARE_BYTES = 256 << 20


@dataclass(frozen=True)
class _Columns:
    image: str
    label: str
    names: tuple[str, ...]
    """Class names by number, where the file says them."""
    more: tuple[str, ...]


class Tables:
    """How Parquet files are read."""

    kind, word = PARQUET, "Parquet file"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starts: dict[tuple[Path, int, int], list[int]] = {}
        """By file, size and time: the first row of each group, and the number of rows."""
        self._groups: OrderedDict[tuple[Path, int, int, int], tuple[Any, int]] = OrderedDict()
        """The images of a row group, and their bytes; what was used last comes last."""

    def __reduce__(self) -> tuple[type[Tables], tuple[()]]:
        return Tables, ()  # a loader process reads for itself

    def listed(self, path: Path, found: Found) -> Holding:
        """The rows with a label. Raises ``OSError``, ``UserError`` where columns or pyarrow are missing."""
        with _opened(path) as file:
            columns = _columns_of(file, path.name)
            _refuse_bombs(path)
            images, skipped = list[Listed](), list[tuple[str, str]]()
            for row, label, more in _rows(file, columns):
                text, reason = _label(label, columns.names)
                if reason:
                    skipped.append((str(row), reason))
                else:
                    images.append(Listed(str(row), row, 0, text, more))
        return holding_of(found, images, skipped)

    def content(self, path: Path, at: int, length: int) -> bytes:
        """The bytes of one image. Raises ``OSError``."""
        status = os.stat(path)
        with self._lock:
            images, start = self._group(path, (path, status.st_size, status.st_mtime_ns), at)
        value = images[at - start]
        value = value["bytes"] if is_structure(value.type) and value.is_valid else value
        if not value.is_valid:
            raise NotAFile("no image in its row, at most the path of one")
        content = value.as_buffer()
        if len(content) > MAX_BYTES:
            raise NotAFile(f"larger than {MAX_BYTES >> 20} MB")
        return bytes(content)

    def _group(self, path: Path, known: tuple[Path, int, int], at: int) -> tuple[Any, int]:
        """The images of a row's group, and the group's first row."""
        starts = self._starts.get(known)
        group = bisect.bisect_right(starts, at) - 1 if starts else -1
        if group < 0 or (*known, group) not in self._groups:
            with _opened(path) as file:
                about = file.metadata
                counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
                starts = [sum(counts[:i]) for i in range(len(counts) + 1)]
                self._starts[known] = starts
                group = bisect.bisect_right(starts, at) - 1
                if group >= len(counts):
                    raise NotAFile("no such row")
                images = file.read_row_group(group, [_columns_of(file, path.name).image]).column(0)
            self._keep((*known, group), images)
        assert starts is not None
        self._groups.move_to_end((*known, group))
        return self._groups[(*known, group)][0], starts[group]

    def _keep(self, known: tuple[Path, int, int, int], images: Any) -> None:
        self._groups[known] = images, images.nbytes
        while len(self._groups) > 1 and sum(size for _, size in self._groups.values()) > KEPT_BYTES:
            self._groups.popitem(last=False)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A Parquet file; what pyarrow raises for a damaged one becomes ``NotAFile``."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise UserError("Parquet needs the package pyarrow (pip install pyarrow).") from None
    os.close(handle_of(path))
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except NotAFile:
        raise
    except (ArrowException, ValueError, OSError, MemoryError) as error:
        raise NotAFile(f"no readable Parquet file ({one_sentence(str(error), 80)})") from None


def _columns_of(file: Any, name: str) -> _Columns:
    schema = file.schema_arrow
    features = _features(schema)
    header = list(schema.names)
    called = one_sentence(name, 80)
    images = image_columns(schema)
    found = [each for each in images if features.get(each, {}).get("_type") == "Image"] or images
    at = position_of(found, IMAGE_NAMES) if len(found) > 1 else 0
    if not found or at < 0:
        what = f"several columns of bytes, {quoted(found)}" if found else f"no column of images but {quoted(header)}"
        raise UserError(f"{called} has {what}; name one image, with the bytes of the images (and their paths).")
    plain = [each for each in header if each not in images and _is_plain(schema.field(each).type)]
    named = [each for each in plain if features.get(each, {}).get("_type") == "ClassLabel"]
    label = position_of(plain, LABEL_NAMES)
    if label < 0 and len(named) != 1:
        what = f"several columns of labels, {quoted(named)}" if named else f"no column of labels but {quoted(header)}"
        raise UserError(f"{called} has {what}; name one label.")
    chosen = plain[label] if label >= 0 else named[0]
    names = names_in_value(features.get(chosen, {}).get("names")) or ()
    more = tuple(each for each in plain if each != chosen)[:MOST_COLUMNS]
    return _Columns(found[at], chosen, names, more)


def _features(schema: Any) -> dict[str, Any]:
    """What Hugging Face's library says of the columns."""
    try:
        found = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        return {name: value for name, value in found.items() if isinstance(value, dict)}
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError):
        return {}


def _is_plain(of: Any) -> bool:
    from pyarrow import types

    of = of.value_type if types.is_dictionary(of) else of
    tests = (types.is_integer, types.is_floating, types.is_string, types.is_large_string)
    return any(test(of) for test in tests)


def _refuse_bombs(path: Path) -> None:
    """Images hardly pack: pages that unpack to far more than the file are no images."""
    if pages_of(path).unpacked > 4 * path.stat().st_size + _SPARE_BYTES:
        raise NotAFile("its pages unpack to far more than its size")


def _rows(file: Any, columns: _Columns) -> Iterator[tuple[int, Any, dict[str, str]]]:
    """Number, label and further columns of each row."""
    row = 0
    wanted: Sequence[str] = (columns.label, *columns.more)
    for batch in file.iter_batches(_ROWS, columns=list(wanted)):
        texts = {name: batch.column(name).to_pylist() for name in wanted}
        for i, label in enumerate(texts[columns.label]):
            yield row, label, {name: plain_text(texts[name][i]) for name in columns.more}
            row += 1


def _label(value: Any, names: Sequence[str]) -> tuple[str, str]:
    """The label's text, or why there is none."""
    if names and isinstance(value, int):
        if 0 <= value < len(names):
            return plain_text(names[value]), ""
        return "", "no label" if value == -1 else f"its label {value} is none of the {len(names)} in the file"
    text = plain_text(value)
    return text, "" if text else "no label"
