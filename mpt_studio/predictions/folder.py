"""Predictions as a folder of arrays that can be memory-mapped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from mpt_studio import paths
from mpt_studio.errors import Damaged, UserError
from mpt_studio.files import plain
from mpt_studio.predictions.answers import Predictions

LARGEST_META = 256 << 20
META, SUMS = "meta.json", "SHA256SUMS"
"""What ``sha256sum --check`` reads; folders that were written before they were kept have none."""
FORMAT = 2
"""1 knew only logits, and no fingerprint of the part; folders without more are still written so."""
_TEXTS = ("data", "data_fingerprint", "version", "checkpoint", "checkpoint_sha256")
_MORE: dict[str, Any] = {"scores": "logits", "open_ended": False, "notes": (), "part_fingerprint": ""}
"""What format 2 tells as well, with what format 1 stands for."""


def write_predictions(predictions: Predictions, folder: Path) -> None:
    """Write ``meta.json`` and one ``.npy`` per array; ``meta.json`` comes last and makes the folder valid.

    Raises ``UserError`` where the folder cannot be written.
    """
    try:
        write(predictions, folder)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(
            f"The predictions cannot be written to {folder}: that is, or lies below, a file; choose another folder."
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"The predictions could not be written to {folder} ({reason}); put that right or choose another folder."
        ) from error


def write(predictions: Predictions, folder: Path) -> None:
    """As ``write_predictions``, for who has other sentences for an ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / META).unlink(missing_ok=True)  # a kill from here on must not leave a mixture that looks whole
    files = [f"{name}.npy" for name in _arrays(predictions.scores)]
    for name in files:
        paths.write_array(folder / name, getattr(predictions, name.removesuffix(".npy")))
    meta = json.dumps(_meta(predictions), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
    sums = {name: plain.sha256_of(folder / name) for name in files} | {META: hashlib.sha256(meta).hexdigest()}
    paths.write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    paths.write_bytes(folder / META, meta)


def check(folder: Path) -> bool:
    """Compare with the checksums that were noted on writing; False where none were.

    Raises ``UserError``, and ``Damaged`` for files that changed.
    """
    read(folder)
    try:
        noted = [line.partition("  ") for line in (folder / SUMS).read_text("utf-8").splitlines()]
        changed = [name for digest, _, name in noted if not _is(folder, name, digest)]
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise Damaged(f"The checksums of the predictions in {folder} cannot be read{reason_in(error)}.") from None
    if changed:
        raise Damaged(f"The predictions in {folder} are damaged: {', '.join(changed)} changed after it was written.")
    return True


def _is(folder: Path, name: str, digest: str) -> bool:
    path = folder / Path(name).name
    return path.is_file() and plain.sha256_of(path) == digest


def _arrays(scores: str) -> tuple[str, ...]:
    return ("sample_ids", "labels", "answers" if scores == "answers" else "logits")


def _meta(predictions: Predictions) -> dict[str, Any]:
    values = {name: getattr(predictions, name) for name in ("class_names", "label_names", *_TEXTS)}
    foreign = {name: getattr(predictions, name) for name in _MORE}
    is_plain = foreign == _MORE and _labels_known(predictions)
    return {"format": 1 if is_plain else FORMAT, "samples": len(predictions), **values, **({} if is_plain else foreign)}


def _labels_known(predictions: Predictions) -> bool:
    return not len(predictions) or int(predictions.labels.min()) >= 0


def read(folder: Path) -> Predictions:
    """Open a folder of ours, memory-mapped. Raises ``UserError``."""
    try:
        found, samples = _read(folder)
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} is not a predictions folder: {Path(error.filename or '').name} is missing."
        ) from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"The predictions in {folder} are damaged{reason_in(error)}.") from None
    if len(found) != samples:
        raise UserError(f"The predictions in {folder} are damaged: {samples} samples announced, {len(found)} found.")
    return found


def _read(folder: Path) -> tuple[Predictions, int]:
    meta = json.loads(plain.read(plain.member(folder, META), LARGEST_META))
    if int(meta.pop("format")) > FORMAT:
        raise UserError(f"{folder} was written by a newer MPT Studio; update the program to read it.")
    samples = meta.pop("samples")
    scores = meta.get("scores", "logits")
    values: dict[str, Any] = {
        name: np.load(plain.member(folder, f"{name}.npy"), mmap_mode="r", allow_pickle=False)
        for name in _arrays(scores)
    }
    if scores == "answers":
        values["logits"] = np.zeros((len(values["sample_ids"]), 0), dtype=np.float32)
    values |= {key: tuple(meta.pop(key)) for key in ("class_names", "label_names")}
    meta["notes"] = tuple(meta.get("notes", ()))
    return Predictions(**values, **meta), samples


def reason_in(error: Exception) -> str:
    """What NumPy says, in brackets, but for its advice on unpickling, which would run foreign code."""
    text = str(error)
    return f" ({text})" if text and "pickle" not in text else ""
