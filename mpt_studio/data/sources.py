"""Spec strings, the same in window and command line, and the one way to open a data set.

builtin                      36 characters, drawn on first use
fashion-mnist[:DIR]          found on this machine, or downloaded
cifar10:DIR  cifar100:DIR    the official python batches
folder:DIR                   one folder per class
manifest:FILE.csv            a path and a label per line
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from mpt_studio.data.dataset import Dataset, Progress
from mpt_studio.errors import UserError, one_sentence

KINDS = ("builtin", "fashion-mnist", "cifar10", "cifar100", "folder", "manifest")
MANIFEST_SUFFIXES = (".csv", ".tsv", ".txt")
"""Of files that may be a manifest when named without ``manifest:``."""
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
    """Split a spec string into its kind and its absolute folder or manifest.

    The path of a folder alone means ``folder:PATH``, that of a table of paths and labels ``manifest:PATH``.
    """
    kind, _, text = spec.strip().partition(":")
    kind = kind.strip().lower().replace("_", "-")
    if kind not in KINDS:
        alone = _kind_of_path(spec)
        if alone:
            return alone, _absolute(spec)
        raise UserError(_unknown(spec, kind))
    if kind in _NEED_A_FOLDER and not text.strip():
        raise UserError(f"{kind} needs a folder: write {kind}:DIR.")
    if kind == "builtin" and text.strip():
        raise UserError("builtin takes no folder: write builtin alone.")
    if kind == "manifest":
        return kind, _manifest(text)
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
    if kind == "manifest":
        from mpt_studio.data import manifest

        return manifest.open_manifest(folder, progress)
    from mpt_studio.data import cifar

    return cifar.open_cifar(folder, 10 if kind == "cifar10" else 100, progress)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(Path(text.strip()).expanduser()))


def _kind_of_path(spec: str) -> str:
    """What the path of a folder or table alone means; "" for anything else."""
    path = Path(spec.strip()).expanduser()
    try:
        if not spec.strip() or not path.exists():
            return ""
        if path.is_dir():
            return "folder"
    except (OSError, ValueError):  # no path at all
        return ""
    if path.suffix.lower() not in MANIFEST_SUFFIXES:
        return ""
    from mpt_studio.data import table

    return "manifest" if table.looks_like_manifest(path) else ""


def _manifest(text: str) -> Path:
    if not text.strip():
        raise UserError("manifest needs a file: write manifest:FILE.csv.")
    file = _absolute(text)
    if file.is_dir():
        raise UserError(f"manifest needs a file but {one_sentence(str(file))} is a folder; use folder:DIR for that.")
    if not file.exists():
        raise UserError(f"There is no file {one_sentence(str(file))}; check the path in manifest:FILE.csv.")
    return file


def _unknown(spec: str, kind: str) -> str:
    close = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.75)
    choices = "use builtin, fashion-mnist, cifar10:DIR, cifar100:DIR, folder:DIR or manifest:FILE.csv."
    hint = f"did you mean {close[0]}?" if close else choices
    return f"There is no data set {one_sentence(spec, 120)!r}; {hint}"


def _not_a_folder(kind: str, folder: Path) -> str:
    name = one_sentence(str(folder))
    if folder.is_file():
        return f"{kind} needs a folder but {name} is a file; unpack it if it is an archive, and name the folder."
    return f"There is no folder {name}; check the path in {kind}:DIR."


def _tell_nobody(sentence: str, fraction: float | None) -> None:
    """Default listener."""
