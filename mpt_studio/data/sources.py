"""Spec strings, the same in window and command line, and the one way to open a data set.

builtin                      36 characters, drawn on first use
fashion-mnist[:DIR]          found on this machine, or downloaded
cifar10:DIR  cifar100:DIR    the official python batches
folder:DIR                   one folder per class
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from mpt_studio.data.dataset import Dataset, Progress
from mpt_studio.errors import UserError, one_sentence

KINDS = ("builtin", "fashion-mnist", "cifar10", "cifar100", "folder")
_NEED_A_FOLDER = ("cifar10", "cifar100", "folder")


def open_dataset(spec: str, progress: Progress | None = None) -> Dataset:
    """Open the data set that ``spec`` names.

    The first opening may take a while (drawing, decoding, downloading, verifying); what it makes is kept in the cache
    folder, so that later ones are quick. Raises ``UserError`` for everything the user can put right.
    """
    kind, folder = parse_spec(spec)
    tell = progress or _tell_nobody
    try:
        return _open(kind, folder, tell)
    except OSError as error:
        where = f" ({one_sentence(str(error.filename))})" if error.filename else ""
        raise UserError(f"The data set {one_sentence(spec)!r} cannot be opened: {error.strerror}{where}.") from error


def parse_spec(spec: str) -> tuple[str, Path | None]:
    """Split a spec string into its kind and its absolute folder; the path of a folder alone means ``folder:PATH``."""
    kind, _, text = spec.strip().partition(":")
    kind = kind.strip().lower().replace("_", "-")
    if kind not in KINDS:
        if spec.strip() and Path(spec.strip()).expanduser().is_dir():
            return "folder", _absolute(spec)
        raise UserError(_unknown(spec, kind))
    if kind in _NEED_A_FOLDER and not text.strip():
        raise UserError(f"{kind} needs a folder: write {kind}:DIR.")
    if kind == "builtin" and text.strip():
        raise UserError("builtin takes no folder: write builtin alone.")
    folder = _absolute(text) if text.strip() else None
    if folder is not None and not folder.is_dir():
        raise UserError(_not_a_folder(kind, folder))
    return kind, folder


def _open(kind: str, folder: Path | None, progress: Progress) -> Dataset:
    # Imported only when asked for, so that importing this package costs nothing.
    if kind == "builtin":
        from mpt_studio.data import builtin

        return builtin.open_builtin(progress)
    if kind == "fashion-mnist":
        from mpt_studio.data import fashion_mnist

        return fashion_mnist.open_fashion_mnist(folder, progress)
    assert folder is not None
    if kind == "folder":
        from mpt_studio.data import folder as folders

        return folders.open_folder(folder, progress)
    from mpt_studio.data import cifar

    return cifar.open_cifar(folder, 10 if kind == "cifar10" else 100, progress)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(Path(text.strip()).expanduser()))


def _unknown(spec: str, kind: str) -> str:
    close = difflib.get_close_matches(kind, KINDS, n=1)
    choices = "use builtin, fashion-mnist, cifar10:DIR, cifar100:DIR or folder:DIR."
    hint = f"did you mean {close[0]}?" if close else choices
    return f"There is no data set {one_sentence(spec, 120)!r}; {hint}"


def _not_a_folder(kind: str, folder: Path) -> str:
    name = one_sentence(str(folder))
    if folder.is_file():
        return f"{kind} needs a folder but {name} is a file; unpack it if it is an archive, and name the folder."
    return f"There is no folder {name}; check the path in {kind}:DIR."


def _tell_nobody(sentence: str, fraction: float | None) -> None:
    """Default listener."""
