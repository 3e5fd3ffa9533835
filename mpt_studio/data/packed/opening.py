"""Opens images that lie many to a file: finds the files, lists what is in them, looks through every image."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mpt_studio.data.classes import natural_key
from mpt_studio.data.dataset import Part, Progress, Skipped
from mpt_studio.data.packed.arranging import Contents, arranged
from mpt_studio.data.packed.dataset import PackedDataset, Reader
from mpt_studio.data.packed.holding import Holding, Key, key_of, load, save, without
from mpt_studio.data.packed.labels import class_list_in
from mpt_studio.data.part_names import parted
from mpt_studio.data.scan import Found, is_text, link_notes, sample_id, shown, without_repeats
from mpt_studio.data.verdicts import Verdict, in_threads, verdict_of
from mpt_studio.data.walk import LINK, walk
from mpt_studio.errors import UserError, one_sentence, quoted

_CHUNK = 256
"""Images between two reports of progress."""
_SAVE_EVERY = 60.0
"""Seconds of work that a killed process loses at most."""


def open_packed(spec: str, place: Path, reader: Reader, progress: Progress) -> PackedDataset:
    """Find the files, list what is in them and look through every image, as far as that is not known from earlier.

    What cannot be used is in ``skipped``. Raises ``UserError`` for a place without such files, images without labels,
    parts that some files name and others do not, fewer than two classes, and a class that cannot be learned.
    """
    root = place if place.is_dir() else place.parent
    files, skipped, notes = files_in(place, reader, progress)
    kept_as = spec.partition(":")[0]
    work = Work(place, root, kept_as, reader, progress)
    holdings, unlisted = work.listed(files)
    skipped += unlisted
    parts = _parts(place, [each.path for each in files], reader.word)
    classes = class_list_in(root)
    labelled = [classes.applied(each) for each in holdings]
    if _lacks_test_labels(labelled, unlisted, parts):
        parts = {path: "test" if part == "validation" else part for path, part in parts.items()}
        notes.append(f"The test {reader.word}s have no labels, so that the validation part is the test part.")
    _refuse_unusable(place, labelled, skipped, parts, reader.word)
    holdings = [classes.applied(each) for each in work.verified(holdings)]
    unused = sorted(set(classes.names).difference(*(each.texts for each in holdings)), key=natural_key)
    notes += [f"The class {quoted(unused)} in {classes.source} has no images and is left out."] if unused else []
    return arranged(spec, root, Contents(holdings, parts, skipped, notes), reader)


def _parts(place: Path, files: Sequence[str], word: str) -> dict[str, Part]:
    """The part of each file by its name and its folders'; {} where none names one.

    A file that is opened alone is split, unless it is a test or validation part. Raises ``UserError`` for names that
    leave it open.
    """
    found = {path: _part_of(path) for path in files}
    named = {path: part for path, part in found.items() if part is not None}
    where = one_sentence(str(place))
    if named and len(named) < len(found):
        bare = [path for path in found if path not in named]
        raise UserError(
            f"In {where} the {word}s {quoted(list(named), 2)} name their part, {quoted(bare, 2)} none; "
            "put each into a folder train, val or test."
        )
    given = set(named.values())
    if given == {"train"} and not place.is_dir():
        return {}
    if given == {"train"}:
        raise UserError(
            f"{where} has {word}s of the training part only; add some of the test part, or give them names without "
            "train to have the images split."
        )
    return {path: "test" if "test" not in given and part == "validation" else part for path, part in named.items()}


def _part_of(path: str) -> Part | None:
    folders, name = os.path.split(path)
    pieces = [*folders.split(os.sep), os.path.splitext(name)[0]]
    parts = {part for piece in pieces if (part := parted(piece)[0])}
    return parts.pop() if len(parts) == 1 else None


def _lacks_test_labels(holdings: Sequence[Holding], unlisted: Sequence[Skipped], parts: Mapping[str, Part]) -> bool:
    """Whether test images came without labels beside a validation part that has some, as those of contests do."""
    there = {parts.get(each.key[0]) for each in holdings if len(each)}
    lost = {parts.get(each.sample_id) for each in unlisted}
    return "validation" in there and "test" in parts.values() and "test" not in there | lost


def _refuse_unusable(
    place: Path, holdings: Sequence[Holding], skipped: Sequence[Skipped], parts: Mapping[str, Part], word: str
) -> None:
    """Raise ``UserError`` where all of the data, or all of a part, is left out, with the first reason."""
    where = one_sentence(str(place))
    if not holdings and not skipped:
        raise UserError(f"There are no {word}s in {where}; name the folder that holds them.")
    for part in dict.fromkeys(parts.values()) or [None]:
        of_part = [each for each in holdings if parts.get(each.key[0]) == part]
        if any(len(each) for each in of_part):
            continue
        reasons = [f"{each.sample_id!r}: {each.reason}" for each in skipped if parts.get(each.sample_id) == part]
        reasons += [f"{sample_id(each.key[0])!r}: {each.problem}" for each in of_part if each.problem]
        reasons += [f"{name!r}: {reason}" for each in of_part for name, reason in each.skipped]
        first = one_sentence(reasons[0], 200) if reasons else f"the {word}s hold none"
        raise UserError(f"No image of the {part} part in {where} can be used; {first}."
                        if part else f"No image in {where} can be used; {first}.")  # fmt: skip


def files_in(place: Path, reader: Reader, progress: Progress) -> tuple[list[Found], list[Skipped], list[str]]:
    """The files in natural order, each once."""
    if not place.is_dir():
        status = os.stat(place)
        return [Found(place.name, sample_id(place.name), "", status.st_size, status.st_mtime_ns)], [], []
    endings = {os.path.splitext(f"a{suffix}")[1] for suffix in reader.kind.suffixes}
    tree = walk(place, progress, endings, f"{reader.word}s")
    entries = [(os.path.join(each.path, entry[0]), entry) for each in tree.folders for entry in each.entries]
    entries = [(path, entry) for path, entry in entries if reader.kind.fits(Path(path))]
    skipped = [Skipped(shown(path), reason) for path, reason in tree.unreadable]
    found: list[Found] = []
    for path, (_, size, mtime_ns, note) in sorted(entries, key=lambda entry: natural_key(entry[0])):
        if not is_text(path) or note not in ("", LINK):
            skipped.append(Skipped(shown(path), note or "its name is no valid text"))
        else:
            found.append(Found(path, sample_id(path), "", size, mtime_ns, note == LINK))
    kept, repeated = without_repeats(place, found)
    return kept, [*skipped, *repeated], list(link_notes(tree))


class Work:
    """What takes long; it is kept even where ``progress`` raises: a cancelled opening goes on where it ended."""

    def __init__(self, place: Path, root: Path, kept_as: str, reader: Reader, progress: Progress) -> None:
        self._place, self._root, self._kept_as = place, root, kept_as
        self._reader, self._progress = reader, progress
        self._saved_at = time.monotonic()
        self._fleeting: set[Key] = set()
        """Files of which the system refused to read some image: asked for again the next time."""

    def listed(self, files: Sequence[Found]) -> tuple[list[Holding], list[Skipped]]:
        """What is in each file; only files that are new or have changed are read."""
        known = load(self._place, self._kept_as)
        holdings = {key_of(each): known[key_of(each)] for each in files if key_of(each) in known}
        todo = [each for each in files if key_of(each) not in holdings]
        skipped: list[Skipped] = []
        try:
            for done, each in enumerate(todo):
                self._progress(f"Listing {self._reader.word}s: {done:,} of {len(todo):,}", done / len(todo))
                try:
                    holdings[key_of(each)] = self._reader.listed(self._root / each.path, each)
                except OSError as error:
                    skipped.append(Skipped(each.sample_id, error.strerror or str(error) or "unreadable"))
                self._save_now_and_then(holdings)
        finally:
            if todo:
                self._save(holdings)
        return [holdings[key_of(each)] for each in files if key_of(each) in holdings], skipped

    def verified(self, holdings: Sequence[Holding]) -> list[Holding]:
        """Every image is decoded once, those that cannot be are left out."""
        verified = {each.key: each for each in holdings}
        total = sum(len(each) for each in holdings if not each.is_verified)
        done = 0
        try:
            for each in holdings:
                if not each.is_verified:
                    verified[each.key] = self._verified(each, done, total)
                    done += len(each)
                    self._save_now_and_then(verified)
        finally:
            if total:
                self._save(verified)
        return list(verified.values())

    def _verified(self, holding: Holding, done: int, total: int) -> Holding:
        path, count = self._root / holding.key[0], len(holding)
        digests, sides, bad = np.zeros((count, 16), np.uint8), np.zeros((count, 2), np.int32), dict[int, str]()

        def judged(i: int) -> tuple[int, Verdict]:
            return i, verdict_of(lambda: self._reader.content(path, int(holding.at[i]), int(holding.lengths[i])))

        for start in range(0, count, _CHUNK):
            self._progress(f"Checking images: {done + start:,} of {total:,}", (done + start) / total)
            for i, found in in_threads(judged, range(start, min(start + _CHUNK, count))):
                digests[i], sides[i] = np.frombuffer(found.digest, np.uint8), (found.width, found.height)
                if found.reason:
                    bad[i] = found.reason
                if not found.is_lasting:
                    self._fleeting.add(holding.key)
        return without(dataclasses.replace(holding, digests=digests, sides=sides), bad)

    def _save_now_and_then(self, holdings: Mapping[Key, Holding]) -> None:
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            self._save(holdings)

    def _save(self, holdings: Mapping[Key, Holding]) -> None:
        save(self._place, self._kept_as, [each for key, each in holdings.items() if key not in self._fleeting])
        self._saved_at = time.monotonic()
