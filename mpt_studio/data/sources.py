"""Spec strings, the same in window and command line, and the one way to open a data set.

builtin                      36 characters, drawn on first use
fashion-mnist[:DIR]          found on this machine, or downloaded
cifar10:DIR  cifar100:DIR    the official python batches
folder:DIR                   one folder per class
manifest:FILE.csv            a path and a label per line
shards:DIR                   tar files in WebDataset's layout
parquet:DIR or FILE          Parquet with the images' bytes, in Hugging Face's layout
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mpt_studio import paths
from mpt_studio.data.dataset import Dataset, Progress, tell_nobody
from mpt_studio.data.manifest_table import is_manifest
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.kinds import IMAGES, MANIFESTS, PARQUET, SHARDS, Kind
from mpt_studio.files.parquet_images import holds_images


@dataclass(frozen=True)
class Source:
    """One kind of data, and what its spec string has behind the colon."""

    title: str
    """For people."""
    place: Literal["", "folder", "file"] = ""
    files: Kind | None = None
    """What the file may be; also where the folder may be one file as well."""
    optional: bool = False
    """Whether the place may be left out."""
    splits_itself: bool = False
    """Whether the data say themselves which classes an old model knows."""


SOURCES = {
    "builtin": Source("Built-in characters", splits_itself=True),
    "fashion-mnist": Source("Fashion-MNIST", "folder", optional=True),
    "cifar10": Source("CIFAR-10 (folder of the python version)", "folder"),
    "cifar100": Source("CIFAR-100 (folder of the python version)", "folder"),
    "folder": Source("A folder of images, one folder per class", "folder"),
    "manifest": Source("A table of images and their labels (CSV)", "file", MANIFESTS),
    "shards": Source("Tar shards of images (WebDataset)", "folder"),
    "parquet": Source("Parquet with images (Hugging Face)", "folder", PARQUET),
}
"""By what a spec string begins with."""
_PACKED = {"shards": SHARDS, "parquet": PARQUET}
_CHOICES = "builtin, fashion-mnist, cifar10:DIR, cifar100:DIR, folder:DIR, manifest:FILE.csv, shards:DIR or parquet:DIR"


def open_dataset(spec: str, progress: Progress | None = None) -> Dataset:
    """Open the data set that ``spec`` names.

    The first opening may take a while (drawing, decoding, downloading, verifying); what it makes is kept in the cache
    folder, so that later ones are quick. Raises ``UserError`` for everything the user can put right.
    """
    kind, folder = parse_spec(spec)
    tell = progress or tell_nobody
    try:
        return _open(kind, folder, tell)
    except OSError as error:
        where = f" ({one_sentence(str(error.filename))})" if error.filename else ""
        raise UserError(f"The data set {one_sentence(spec)!r} cannot be opened: {error.strerror}{where}.") from error


def parse_spec(spec: str) -> tuple[str, Path | None]:
    """Split a spec string into its kind and its absolute folder or manifest.

    The path of a folder alone means what lies in it, that of a table of paths and labels ``manifest:PATH``.
    """
    kind, text = _parted(spec)
    if kind not in SOURCES:
        alone = _kind_of_path(spec)
        if alone:
            return alone, _absolute(spec)
        raise UserError(_unknown(spec, kind))
    source = SOURCES[kind]
    if source.place == "file":
        return kind, _manifest(text)
    if source.place and not source.optional and not text.strip():
        raise UserError(f"{kind} needs a folder: write {kind}:DIR.")
    if not source.place and text.strip():
        raise UserError(f"{kind} takes no folder: write {kind} alone.")
    folder = _absolute(text) if text.strip() else None
    if folder is not None and not (folder.is_dir() or (source.files and folder.is_file())):
        raise UserError(_not_a_folder(kind, folder))
    return kind, folder


def is_spec(text: str) -> bool:
    """Whether a text begins like a spec string, and is not the path of a folder or table alone."""
    return _parted(text)[0] in SOURCES


def splits_itself(spec: str) -> bool:
    """Whether the data say themselves which classes an old model knows."""
    kind, _ = _parted(spec)
    return kind in SOURCES and SOURCES[kind].splits_itself


def _parted(spec: str) -> tuple[str, str]:
    kind, _, text = spec.strip().partition(":")
    return kind.strip().lower().replace("_", "-"), text


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
        return _open_folder(folder, progress)
    if kind == "manifest":
        from mpt_studio.data import manifest

        return manifest.open_manifest(folder, progress)
    if kind in ("shards", "parquet"):
        return _open_packed(kind, folder, progress)
    from mpt_studio.data import cifar

    return cifar.open_cifar(folder, 10 if kind == "cifar10" else 100, progress)


def _open_folder(folder: Path, progress: Progress) -> Dataset:
    from mpt_studio.data import folder as folders

    try:
        return folders.open_folder(folder, progress)
    except UserError:
        packed = _kind_of_path(str(folder))
        if packed == "folder":
            raise
        name, what = one_sentence(str(folder)), SOURCES[packed].title
        raise UserError(f"{name} holds no images by themselves but {what}: open it as {packed}:DIR.") from None


def _open_packed(kind: str, place: Path, progress: Progress) -> Dataset:
    from mpt_studio.data.packed.opening import open_packed

    if kind == "shards":
        from mpt_studio.data.packed.shards import Shards

        return open_packed(f"shards:{place}", place, Shards(), progress)
    from mpt_studio.data.packed.tables import Tables

    return open_packed(f"parquet:{place}", place, Tables(), progress)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(paths.named(text.strip())))


def _kind_of_path(spec: str) -> str:
    """What the path of a folder or table alone means; "" for anything else."""
    path = paths.expanded(spec.strip())
    try:
        if not spec.strip() or not path.exists():
            return ""
        if path.is_dir():
            return next((kind for kind, files in _PACKED.items() if _holds(path, files)), "folder")
    except (OSError, ValueError):  # no path at all
        return ""
    if holds_images(path):
        return "parquet"
    return "manifest" if is_manifest(path) else ""


def spec_of(path: Path) -> str:
    """The spec string of a folder or file that holds images; "" for any other."""
    kind = _kind_of_path(str(path))
    return f"{kind}:{path}" if kind else ""


def _holds(folder: Path, files: Kind) -> bool:
    """Whether such files lie in a folder, and no images."""
    return not holds(folder, IMAGES) and holds(folder, files)


def holds(folder: Path, files: Kind, depth: int = 3, look_at: int = 400) -> bool:
    """Whether a file of a kind lies within ``depth`` levels; looks at few entries, so that huge folders stay quick."""
    seen, level = 0, [folder]
    for _ in range(depth):
        below: list[Path] = []
        for entry in (e for place in level for e in sorted(_entries(place))[:look_at]):
            seen += 1
            if seen > look_at * 4:
                return False
            if entry.is_dir() and not entry.name.startswith("."):
                below.append(entry)
            elif files.fits(entry):
                return True
        level = below
    return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


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
    if not spec.strip():
        return f"No data are named; write {_CHOICES}."
    close = difflib.get_close_matches(kind, SOURCES, n=1, cutoff=0.75)
    hint = f"did you mean {close[0]}?" if close else f"use {_CHOICES}."
    return f"There is no data set {one_sentence(spec, 120)!r}; {hint}"


def _not_a_folder(kind: str, folder: Path) -> str:
    name = one_sentence(str(folder))
    if folder.is_file() and kind == "shards":
        return f"shards needs a folder but {name} is a file; name the folder that holds the shards."
    if folder.is_file():
        return f"{kind} needs a folder but {name} is a file; unpack it if it is an archive, and name the folder."
    return f"There is no folder {name}; check the path in {kind}:DIR."
