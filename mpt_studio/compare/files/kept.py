"""Comparisons kept on disk: one memory-mapped ``.npy`` per column, found again by what was compared.

Opening reads no logits. A kept comparison is used only while the predictions are the ones that it was made of.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.compare.answers import Columns
from mpt_studio.compare.comparison import Comparison, compare
from mpt_studio.compare.matching.matching import Matching, Rows
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

FORMAT = 1
KEPT_FOLDERS = 50
"""So many comparisons are kept under one root; the ones used longest ago make room."""
_ARRAYS = tuple(f.name for f in dataclasses.fields(Columns))
_ROWS = ("old", "new", "by_id")


def open_comparison(old: Predictions, new: Predictions, root: Path) -> Comparison:
    """``compare``, kept below ``root`` (a store's "comparisons" folder): the second time it is memory-mapped.

    Where nothing can be written the comparison is made anew each time. Raises ``UserError`` as ``compare`` does.
    """
    stamp = {"old": identity(old), "new": identity(new)}
    folder = root / hashlib.sha256(json.dumps(stamp, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if (folder / "meta.json").is_file():
        try:
            found = load(folder, old, new)
            (folder / "used").touch()
            return found
        except (UserError, OSError):
            logging.getLogger(__name__).info("The kept comparison %s is made anew.", folder.name)
    made = compare(old, new)
    try:
        save(made, folder)
        _make_room(root, folder)
    except OSError:
        logging.getLogger(__name__).warning("The comparison could not be kept in %s.", folder, exc_info=True)
    return made


def identity(version: Predictions) -> dict[str, Any]:
    """What tells two predictions apart: the files' names, sizes and times where they are mapped, else the content."""
    arrays = {"sample_ids": version.sample_ids, "labels": version.labels, "logits": version.logits}
    if version.answers is not None:
        arrays["answers"] = version.answers
    return {
        "class_names": version.class_names,
        "label_names": version.label_names,
        "data_fingerprint": version.data_fingerprint,
        "scores": version.scores,
        **{name: _of_array(array) for name, array in arrays.items()},
    }


def _of_array(array: npt.NDArray[Any]) -> list[Any]:
    if isinstance(array, np.memmap) and array.filename is not None:
        file = Path(str(array.filename)).resolve()
        about = file.stat()
        return [str(file), about.st_size, about.st_mtime_ns, list(array.shape)]
    digest = hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data, digest_size=16)
    return [digest.hexdigest(), str(array.dtype), list(array.shape)]


def save(comparison: Comparison, folder: Path) -> None:
    """Write the columns; ``meta.json`` comes last and makes the folder valid."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    rows = {f"row_{name}": rows for name in _ROWS if (rows := vars(comparison.rows)[name]) is not None}
    for name, array in {**vars(comparison.columns), **rows, "lower_ids": comparison.lower_ids}.items():
        paths.write_array(folder / f"{name}.npy", array)
    meta = {
        "format": FORMAT,
        "samples": len(comparison),
        "names": comparison.names,
        "old_class_names": comparison.old.class_names,
        "rows": sorted(rows),
        "matching": comparison.matching.to_json(),
    }
    paths.write_text(folder / "meta.json", json.dumps(meta, ensure_ascii=False))


def load(folder: Path, old: Predictions, new: Predictions) -> Comparison:
    """Open what ``save`` wrote, for the same two predictions. Raises ``UserError`` where it is damaged or of others."""
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        samples = int(meta["samples"])
        arrays = {name: _read(folder, name, samples) for name in _ARRAYS}
        rows = {name: _read(folder, f"row_{name}", samples) for name in _ROWS if f"row_{name}" in meta["rows"]}
        found = Comparison(
            old,
            new,
            Rows(rows.get("old"), rows.get("new"), arrays["truth"], rows.get("by_id")),
            _matching(meta["matching"]),
            Columns(**arrays),
        )
        found.lower_ids = _read(folder, "lower_ids", samples)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The kept comparison in {folder} is damaged ({error}); delete it.") from None
    same = meta["format"] == FORMAT and meta["names"] == list(found.names)
    if not same or meta["old_class_names"] != list(old.class_names) or not _fits(found):
        raise UserError(f"The kept comparison in {folder} is of other predictions or of another format.")
    return found


def _matching(record: dict[str, Any]) -> Matching:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
    return Matching(**values)


def _fits(found: Comparison) -> bool:
    of_new = len(found.new) if found.rows.new is None else len(found)
    of_old = len(found.old) if found.rows.old is None else len(found)
    return of_new == of_old == len(found)


def _read(folder: Path, name: str, samples: int) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    if array.shape != (samples,):
        raise ValueError(f"{name} has shape {array.shape} instead of ({samples},)")
    return np.asarray(array)  # a plain view of the mapped file: memmap's own indexing is slower


def _make_room(root: Path, newest: Path) -> None:
    def used(folder: Path) -> float:
        try:
            return max((folder / name).stat().st_mtime for name in ("used", "meta.json") if (folder / name).exists())
        except (OSError, ValueError):
            return time.time()  # being written

    kept = sorted((f for f in root.iterdir() if f.is_dir() and f != newest), key=used)
    for folder in kept[: max(0, len(kept) + 1 - KEPT_FOLDERS)]:
        shutil.rmtree(folder, ignore_errors=True)
