"""NumPy archives: plain arrays by their names, never objects."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import ID_COLUMNS, MOST_COLUMNS, refuse_columns
from mpt_studio.predictions.answers import Floats, Strings
from mpt_studio.predictions.columns import ANSWERS, LABELS, Declared
from mpt_studio.predictions.folder import reason_in
from mpt_studio.predictions.table import (
    LONGEST_ID,
    MOST_ROWS,
    Coded,
    Codes,
    Table,
    file_name,
    refuse_large,
    unique_ids,
)

_NAMES = {
    "ids": ("sample_ids", "ids", *ID_COLUMNS, "paths", "filenames", "files"),
    "labels": (*LABELS, "targets"),
    "logits": ("logits",),
    "probabilities": ("probabilities", "probs", "prob"),
    "scores": ("scores",),
    "answers": ANSWERS,
    "class_names": ("class_names", "classes", "names"),
    "label_names": ("label_names",),
}
_DECLARED: dict[str, Declared] = {"logits": "logits", "probabilities": "probabilities", "scores": ""}
MOST_ARRAYS = 1000
_LISTS = ("class_names", "label_names")
Arrays = dict[str, npt.NDArray[Any]]


def read_npz(path: Path, classes: tuple[str, ...], progress: Progress) -> Table:
    """Read the arrays that matter. Raises ``UserError``."""
    name = file_name(path)
    progress(f"Reading {name}", None)
    found = _arrays(path, name)
    kind = next((kind for kind in _DECLARED if kind in found), "")
    _refuse_missing(name, found, kind)
    scores = _scores(name, found[kind], kind) if kind else None
    ids = _ids(found["ids"], name)
    labels = _coded(found["labels"], name, "labels") if "labels" in found else None
    answers = _coded(found["answers"], name, "answers") if "answers" in found else None
    for what, count in (("labels", labels and len(labels.codes)), ("answers", answers and len(answers.codes))):
        if count is not None and count != len(ids):
            raise UserError(f"{name} has {len(ids):,} sample ids but {count:,} {what}.")
    if scores is not None and len(scores) != len(ids):
        raise UserError(f"{name} has {len(ids):,} sample ids, but {kind} of shape {scores.shape}.")
    own = {key: tuple(texts(found[key]).tolist()) if key in found else () for key in _LISTS}
    return Table(path, ids, labels, answers, scores, None, _DECLARED.get(kind, ""), **own)


def _arrays(path: Path, name: str) -> Arrays:
    try:
        _refuse_bombs(path, name)
        with np.load(path, allow_pickle=False) as archive:
            chosen = {key: next((n for n in names if n in archive.files), "") for key, names in _NAMES.items()}
            members = {key: member for key, member in chosen.items() if member}
            _refuse_shapes(path, members, name)
            return {key: _plain(name, archive, member) for key, member in members.items()}
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except UserError:
        raise
    except Exception as error:  # zip, header and pickle problems come as many types
        raise UserError(f"{name} is not a readable .npz file{_reason(error)}.") from None


def _reason(error: Exception) -> str:
    found = one_sentence(reason_in(error), 90)
    return f" {found}" if found else ""


def _refuse_bombs(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > MOST_ARRAYS:
        raise UserError(f"{name} holds {len(entries):,} arrays; predictions are at most {MOST_ARRAYS:,}.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > 4 * path.stat().st_size + (256 << 20):
        raise UserError(f"{name} would unpack to {unpacked >> 20:,} MB, far more than its size; save it uncompressed.")


def _refuse_shapes(path: Path, members: dict[str, str], name: str) -> None:
    """Refuse by the arrays' headers alone what could not be held as ids, labels or names."""
    with zipfile.ZipFile(path) as archive:
        entries = set(archive.namelist())
        for key, member in members.items():
            if f"{member}.npy" not in entries:
                continue
            shape, size = _announced(archive, f"{member}.npy")
            if key in _DECLARED:
                refuse_columns(math.prod(shape[1:]), name)
                continue
            count = math.prod(shape)
            if count > (MOST_COLUMNS if key in _LISTS else MOST_ROWS) or size > 4 * LONGEST_ID:
                raise UserError(f"The {member} in {name} are {count:,} of {size:,} bytes each, more than can be read.")


def _announced(archive: zipfile.ZipFile, member: str) -> tuple[tuple[int, ...], int]:
    """An array's shape, and the bytes of each value."""
    with archive.open(member) as stream:
        old = np.lib.format.read_magic(stream)[0] == 1
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
    return shape, kind.itemsize


def _ids(array: npt.NDArray[Any], name: str) -> Strings:
    flat = array.ravel()
    longest = 20 if flat.dtype.kind not in "US" else flat.dtype.itemsize // (4 if flat.dtype.kind == "U" else 1)
    refuse_large(flat.size, longest, name)
    if flat.dtype.kind not in "iu":
        return unique_ids(texts(flat), name)
    if len(np.unique(flat)) < flat.size:  # as text they take many times the memory
        raise UserError(f"{name} has sample ids more than once; ids tell samples apart, so give each its own.")
    return texts(flat)


def _plain(where: str, archive: Any, name: str) -> npt.NDArray[Any]:
    try:
        array = archive[name]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise UserError(
            f"{name} in {where} holds Python objects, which MPT Studio does not read; save plain arrays."
        ) from None
    if not isinstance(array, np.ndarray):  # NumPy hands out a member that is no .npy file as bytes
        raise ValueError(f"{name} is not an array")
    return array


def _refuse_missing(name: str, found: Arrays, kind: str) -> None:
    if "ids" not in found:
        raise UserError(f"{name} lacks sample_ids; it needs sample_ids and logits, probabilities or predictions.")
    if not kind and "answers" not in found:
        raise UserError(f"{name} lacks logits; it needs logits, probabilities or predictions beside sample_ids.")


def _scores(name: str, array: npt.NDArray[Any], kind: str) -> Floats:
    if array.dtype.kind not in "fiu":
        raise UserError(f"The {kind} in {name} are {array.dtype}; they have to be numbers.")
    if array.ndim != 2 or not array.shape[1]:
        raise UserError(f"The {kind} in {name} have the shape {array.shape}; they need a row for each sample.")
    with np.errstate(over="ignore"):  # they become infinite, and a comparison refuses those with a sentence
        return array.astype(np.float32)


def _coded(array: npt.NDArray[Any], name: str, what: str) -> Coded:
    flat = array.ravel()
    if flat.dtype.kind not in "USiu":
        raise UserError(f"The {what} in {name} are {array.dtype}; they have to be class names or whole numbers.")
    values, places = np.unique(flat, return_inverse=True)
    codes = Codes()
    codes.add(texts(values).tolist())
    known = codes.coded()
    return Coded(known.values, known.codes[places], indices=flat.dtype.kind in "iu")


def texts(array: npt.NDArray[Any]) -> Strings:
    """Flat, as text; bytes are UTF-8."""
    flat = array.ravel()
    text: Strings = np.char.decode(flat, "utf-8", "replace") if flat.dtype.kind == "S" else flat.astype(np.str_)
    return text
