"""Opening predictions of any origin. Imported ones are kept as a folder of ours, so that they are memory-mapped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from mpt_studio import paths
from mpt_studio.data.dataset import Progress, tell_nobody
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import plain
from mpt_studio.files.class_lists import LARGEST, USUAL, agreed, lists_in, read_class_list, told_apart
from mpt_studio.files.kinds import PREDICTIONS, TABLES
from mpt_studio.files.parquet_images import holds_images
from mpt_studio.predictions import folder as folders
from mpt_studio.predictions.answers import Predictions
from mpt_studio.predictions.scales import SCALES, Scale
from mpt_studio.predictions.table import Table, file_name

IMPORT_FORMAT = 3
"""Raise it when importing changes its mind about a file."""
KEPT_IMPORTS = 30
LARGE = 256 << 20
"""Bytes of a file that is looked at before it is hashed, which may take minutes."""
_BEGINS = {".npz": (b"PK",), ".parquet": (b"PAR1",)}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How text of two bytes a sign begins, the only one with zero bytes."""
_SAID = ".said"
"""Where it is kept what somebody said that the scores of a file are."""


def read_predictions(
    path: Path, classes: tuple[str, ...] = (), progress: Progress | None = None, scores: Scale | None = None
) -> Predictions:
    """Open a folder of ours (memory-mapped), or import CSV, Parquet or ``.npz``. See docs/predictions.md.

    Args:
        path: the folder or file.
        classes: the version's class names in the order of its columns; by default the file's own, or those of a list
            beside it (NAME.classes.txt; classes.txt, labels.txt … where columns are only numbered).
        progress: is told a sentence and the fraction done; what it raises ends the import.
        scores: what they are, where the numbers do not tell; it is remembered for a file with this content.
    Raises ``UserError``; where somebody has to say what the scores are, ``UnclearScores``.
    """
    if path.is_dir():
        if classes:
            raise UserError(f"{path} names its classes itself; leave the list of classes out.")
        if scores:
            raise UserError(f"{path} says itself what its scores are; leave --scores out.")
        return folders.read(path)
    if not PREDICTIONS.fits(path):
        raise UserError(f"{path} is neither a predictions folder nor an .npz, .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise UserError(f"There is no file {one_sentence(str(path), 150)}.")
    return _imported(path, classes or _listed_beside(path), progress or tell_nobody, scores)


def is_predictions(path: Path) -> bool:
    """Whether ``path`` looks like something that ``read_predictions`` opens; other tables are not taken for it."""
    if path.is_dir():
        return (path / "meta.json").is_file()
    if not (PREDICTIONS.fits(path) and path.is_file()) or holds_images(path):
        return False
    return not TABLES.fits(path) or _looks_like_predictions(path)


def _looks_like_predictions(path: Path) -> bool:
    from mpt_studio.predictions.csv_file import read_layout, roles_of

    try:
        roles = roles_of(read_layout(path))
    except UserError:
        return False
    return roles.answers >= 0 or roles.certain


def _listed_beside(path: Path) -> tuple[str, ...]:
    own = path.with_name(f"{path.stem}.classes.txt")
    return read_class_list(own) if own.is_file() else ()


def _imported(path: Path, classes: tuple[str, ...], progress: Progress, scores: Scale | None) -> Predictions:
    """From the cache, else imported and kept there."""
    name = file_name(path)
    try:
        _refuse_at_once(path, name)
        content = plain.sha256_of(path, lambda: progress(f"Reading {name}", None))
    except OSError as error:
        raise UserError(f"{name} could not be read ({error.strerror or error}).") from None
    said = scores or _said_before(content)
    key = json.dumps([IMPORT_FORMAT, content, path.suffix.lower(), classes, _beside_key(path), said])
    kept = _home() / hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if (kept / "meta.json").is_file():
        try:
            return dataclasses.replace(folders.read(kept), version=path.stem)
        except UserError:
            logging.getLogger(__name__).info("The kept import %s is made anew.", kept.name)
    made = _read(path, classes, progress, said)
    if scores:
        with suppress(OSError):
            paths.write_text(_home() / _SAID / content, scores)
    return _mapped(made, kept) or made


def _refuse_at_once(path: Path, name: str) -> None:
    """Raise ``UserError`` for a large file whose first bytes are no table's."""
    with os.fdopen(plain.handle_of(path), "rb") as stream:
        if os.fstat(stream.fileno()).st_size < LARGE:
            return
        head = stream.read(4096)
    known = _BEGINS.get(path.suffix.lower())
    if not (head.startswith(known) if known else head.startswith(_WIDE) or b"\0" not in head):
        raise UserError(f"{name} does not begin like a {path.suffix.lower()} file; export it again.")


def _home() -> Path:
    return paths.cache_dir() / "predictions"


def _said_before(content: str) -> Scale | None:
    """What somebody said that the scores of a file with this content are."""
    try:
        said = (_home() / _SAID / content).read_text("utf-8")
    except (OSError, ValueError):
        return None
    return next((scale for scale in SCALES if scale == said), None)


def _beside_key(path: Path) -> list[str]:
    """What lists beside the file hold, since they may change."""
    found = []
    for place in map(path.with_name, USUAL):
        with suppress(OSError):
            found.append(f"{place.name} {plain.sha256_of(place, most=LARGEST)}")
    return found


def _read(path: Path, classes: tuple[str, ...], progress: Progress, said: Scale | None) -> Predictions:
    from mpt_studio.predictions.importing import to_predictions

    table = _table(path, classes, progress)
    notes: tuple[str, ...] = ()
    if not classes and table.scores is not None and table.score_names is None and not table.class_names:
        found, name, note = agreed(lists_in(map(path.with_name, USUAL)), table.scores.shape[1])
        classes = told_apart(found)
        notes = (f"The class names are those of {name} beside the file.",) if found else (note,) if note else ()
    if said and table.scores is None:
        raise UserError(f"{table.name} has no scores, only answers; leave --scores out.")
    return to_predictions(table, classes, notes, said)


def _table(path: Path, classes: tuple[str, ...], progress: Progress) -> Table:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        from mpt_studio.predictions.npz_file import read_npz

        return read_npz(path, classes, progress)
    if suffix == ".parquet":
        from mpt_studio.predictions.parquet_file import read_parquet

        return read_parquet(path, classes, progress)
    from mpt_studio.predictions.csv_file import read_csv

    return read_csv(path, classes, progress)


def _mapped(made: Predictions, kept: Path) -> Predictions | None:
    """The same from a folder in the cache; None where it cannot be kept."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
        try:
            folders.write_predictions(made, fresh)
            shutil.rmtree(kept, ignore_errors=True)  # damaged, or of a kill
            fresh.rename(kept)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        _make_room(kept)
        return dataclasses.replace(folders.read(kept), version=made.version)
    except (OSError, UserError) as error:
        logging.getLogger(__name__).info("An import could not be kept (%s).", one_sentence(str(error)))
        return None


def _make_room(newest: Path) -> None:
    def made(folder: Path) -> float:
        try:
            return folder.stat().st_mtime
        except OSError:
            return 0.0

    kept = sorted((f for f in newest.parent.iterdir() if f != newest and not f.name.startswith(".")), key=made)
    for folder in kept[: max(0, len(kept) + 1 - KEPT_IMPORTS)]:
        shutil.rmtree(folder, ignore_errors=True)
