"""What one version answers on one data set: per-sample arrays that can be memory-mapped.

Shape letters: N samples, C classes of the version (columns of the logits), L names that labels refer to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.errors import UserError

FORMAT = 1
_ARRAYS = ("sample_ids", "labels", "logits")
_NEEDED = (*_ARRAYS, "class_names")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Logits of one version with the samples' ids and true classes."""

    sample_ids: Strings
    """(N,) unique text ids."""
    labels: Ints
    """(N,) true class as an index into ``label_names``."""
    label_names: tuple[str, ...]
    """(L,) names that ``labels`` refers to: the data's classes, which may be more than the version's."""
    logits: Floats
    """(N, C) float32."""
    class_names: tuple[str, ...]
    """(C,) columns of ``logits``."""
    data: str = ""
    """The data's spec string and part, where known ("fashion-mnist test")."""
    data_fingerprint: str = ""
    version: str = ""
    """What answered, for people: a run's label, a file's name."""
    checkpoint: str = ""
    checkpoint_sha256: str = ""

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UserError(f"The predictions{f' of {self.version}' if self.version else ''} {problem}.")

    def _problem(self) -> str:
        n = len(self.sample_ids)
        if not self.class_names:
            return "have no classes"
        if self.logits.ndim != 2 or self.logits.shape != (n, len(self.class_names)):
            return (
                f"have {n} sample ids and {len(self.class_names)} class names, but logits of shape {self.logits.shape}"
            )
        if self.labels.shape != (n,):
            return f"have {n} sample ids but {self.labels.size} labels"
        if n and not (int(self.labels.min()) >= 0 and int(self.labels.max()) < len(self.label_names)):
            return f"have labels outside of their {len(self.label_names)} names"
        for what, names in (("class", self.class_names), ("label", self.label_names)):
            if len(set(names)) != len(names):
                double = next(name for name in names if names.count(name) > 1)
                return f"list the {what} name {double!r} more than once"
        return ""

    def __len__(self) -> int:
        return len(self.sample_ids)

    @cached_property
    def predicted(self) -> Ints:
        """(N,) index into ``class_names`` of the largest logit."""
        largest: Ints = self.logits.argmax(axis=1).astype(np.int64)
        return largest

    def save(self, folder: Path) -> None:
        """Write ``meta.json`` and one ``.npy`` per array; ``meta.json`` comes last and makes the folder valid.

        Raises ``UserError`` where the folder cannot be written.
        """
        try:
            self._write(folder)
        except (FileExistsError, NotADirectoryError) as error:
            raise UserError(
                f"The predictions cannot be written to {folder}: that is, or lies below, a file; choose another folder."
            ) from error
        except OSError as error:
            reason = error.strerror or error
            raise UserError(
                f"The predictions could not be written to {folder} ({reason}); put that right or choose another folder."
            ) from error

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "meta.json").unlink(missing_ok=True)  # a kill from here on must not leave a mixture that looks whole
        for name in _ARRAYS:
            _save_array(folder / f"{name}.npy", getattr(self, name))
        paths.write_text(folder / "meta.json", json.dumps(self._meta(), ensure_ascii=False, indent=1))

    def _meta(self) -> dict[str, Any]:
        names = ("class_names", "label_names", "data", "data_fingerprint", "version", "checkpoint", "checkpoint_sha256")
        return {"format": FORMAT, "samples": len(self), **{name: getattr(self, name) for name in names}}


def _save_array(path: Path, array: npt.NDArray[Any]) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.save(stream, array)

    paths.replace_file(path, write)


def read_predictions(path: Path) -> Predictions:
    """Open a folder of ours (memory-mapped) or an ``.npz`` file.

    The ``.npz`` has ``sample_ids``, ``labels``, ``logits`` and ``class_names`` (the columns of the logits).
    In it, ``labels`` are true classes as names, or as indices into ``class_names``; an optional
    ``label_names`` replaces ``class_names`` as what indices refer to. Raises ``UserError``.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.suffix.lower() == ".npz":
        return _read_npz(path)
    raise UserError(f"{path} is neither a predictions folder nor an .npz file.")


def is_predictions(path: Path) -> bool:
    """Whether ``path`` looks like something that ``read_predictions`` opens."""
    return (path / "meta.json").is_file() if path.is_dir() else path.suffix.lower() == ".npz" and path.is_file()


def _read_folder(folder: Path) -> Predictions:
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        if int(meta.pop("format")) > FORMAT:
            raise UserError(f"{folder} was written by a newer MPT Studio; update the program to read it.")
        samples = meta.pop("samples")
        values: dict[str, Any] = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in _ARRAYS}
        values |= {key: tuple(meta.pop(key)) for key in ("class_names", "label_names")}
        found = Predictions(**values, **meta)
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} is not a predictions folder: {Path(error.filename or '').name} is missing."
        ) from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"The predictions in {folder} are damaged{_reason(error)}.") from None
    if len(found) != samples:
        raise UserError(f"The predictions in {folder} are damaged: {samples} samples announced, {len(found)} found.")
    return found


def _read_npz(path: Path) -> Predictions:
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: _plain(path, archive, name) for name in archive.files if name in (*_NEEDED, "label_names")}
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except UserError:
        raise
    except Exception as error:  # zip, header and pickle problems come as many types
        raise UserError(f"{path} is not a readable .npz file{_reason(error)}.") from None
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise UserError(f"{path} lacks {' and '.join(missing)}; it needs sample_ids, labels, logits and class_names.")
    return _from_arrays(path, found)


def _plain(path: Path, archive: Any, name: str) -> npt.NDArray[Any]:
    try:
        array = archive[name]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise UserError(
            f"{name} in {path} holds Python objects, which MPT Studio does not read; save plain arrays."
        ) from None
    if not isinstance(array, np.ndarray):  # NumPy hands out a member that is no .npy file as bytes
        raise ValueError(f"{name} is not an array")
    return array


def _reason(error: Exception) -> str:
    """What NumPy says, in brackets, but for its advice on unpickling, which would run foreign code."""
    text = str(error)
    return f" ({text})" if text and "pickle" not in text else ""


def _from_arrays(path: Path, found: dict[str, npt.NDArray[Any]]) -> Predictions:
    class_names = tuple(_texts(found["class_names"]).tolist())
    label_names = tuple(_texts(found["label_names"]).tolist()) if "label_names" in found else class_names
    labels = found["labels"].ravel()
    if labels.dtype.kind in "US":
        label_names, labels = _as_indices(_texts(labels), label_names)
    elif labels.dtype.kind not in "iu":
        raise UserError(f"The labels in {path} are {labels.dtype}; they have to be class names or whole numbers.")
    if found["logits"].dtype.kind not in "fiu":
        raise UserError(f"The logits in {path} are {found['logits'].dtype}; they have to be numbers.")
    labels = labels.astype(np.int64)
    _refuse_indices_beyond(path, labels, len(label_names), "label" if "label_names" in found else "class")
    with np.errstate(over="ignore"):  # they become infinite, and a comparison refuses those with a sentence
        logits = found["logits"].astype(np.float32)
    return Predictions(
        sample_ids=_texts(found["sample_ids"]),
        labels=labels,
        label_names=label_names,
        logits=logits,
        class_names=class_names,
        version=path.stem,
    )


def _refuse_indices_beyond(path: Path, labels: Ints, count: int, what: str) -> None:
    beyond = labels[(labels < 0) | (labels >= count)]
    if len(beyond):
        raise UserError(
            f"{path} has the label {beyond[0]}, but {count} {what} names, counted from 0; "
            "write the labels as names, or add an array label_names with what the numbers refer to."
        )


def _texts(array: npt.NDArray[Any]) -> Strings:
    """Flat, as text; bytes are UTF-8."""
    flat = array.ravel()
    text: Strings = np.char.decode(flat, "utf-8", "replace") if flat.dtype.kind == "S" else flat.astype(np.str_)
    return text


def _as_indices(labels: Strings, known: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    names, inverse = np.unique(labels, return_inverse=True)
    every = tuple(dict.fromkeys([*known, *(str(name) for name in names)]))
    position = {name: i for i, name in enumerate(every)}
    return every, np.array([position[str(name)] for name in names], dtype=np.int64)[inverse]
