"""A folder of images, one folder per class: under train/ and test/ (or val/, valid/), or one level that is split.

Sample ids are relative paths. In the one-level form a fifth of the images, by a hash of their paths, is the test part.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpt_studio.data import decode, manifest, scan
from mpt_studio.data.classes import check_no_twins, natural_key, quoted
from mpt_studio.data.dataset import Dataset, Images, Indices, Part, Progress, Skipped
from mpt_studio.data.fit import Fit, as_fit
from mpt_studio.data.manifest import Verdict
from mpt_studio.data.scan import Found
from mpt_studio.errors import UserError, one_sentence

TEST_SHARE = 0.2
"""Of the one-level form."""
TEST_NAMES = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Sample:
    """One usable image."""

    found: Found
    verdict: Verdict
    part: Part


class FolderDataset(Dataset):
    """Image files, decoded when asked for."""

    def __init__(self, root: Path, samples: Sequence[Sample], class_names: tuple[str, ...]) -> None:
        self.spec = f"folder:{root}"
        self.class_names = class_names
        self._root = root
        self._files = [s.found.path for s in samples]
        self._verdicts = [s.verdict for s in samples]
        index = {name: i for i, name in enumerate(class_names)}
        self.sample_ids = np.array([s.found.sample_id for s in samples])
        self.labels = np.array([index[s.found.class_name] for s in samples], dtype=np.int64)
        is_test = np.array([s.part == "test" for s in samples], dtype=bool)
        self.train, self.test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        sizes = {(v.width, v.height) for v in self._verdicts}
        width, height = sizes.pop()
        self.image_size = width if not sizes and width == height else 0
        self.content = hashlib.sha256("".join(v.digest for v in self._verdicts).encode()).hexdigest()

    def file_of(self, index: int) -> Path:
        return self._root / self._files[index]

    def image(self, index: int) -> Images:
        return self._decoded(int(index), 0)

    def batch(self, indices: Sequence[int] | Indices, size: int | Fit) -> Images:
        chosen, fit = [int(i) for i in indices], as_fit(size)
        made = np.empty((len(chosen), fit.size, fit.size, 3), dtype=np.uint8)
        for row, image in enumerate(manifest.in_threads(lambda i: self._decoded(i, fit), chosen)):
            made[row] = image
        return made

    def _decoded(self, index: int, size: int | Fit) -> Images:
        try:
            content = (self._root / self._files[index]).read_bytes()
            if manifest.digest_of(content) == self._verdicts[index].digest:
                return decode.decode(content, size)
            problem = "changed"
        except (OSError, decode.BadImage):
            problem = "vanished or become unreadable"
        name = one_sentence(str(self.sample_ids[index]))
        raise UserError(f"The image {name} in {self._root} has {problem} since the data were opened; open them again.")


def open_folder(root: Path, progress: Progress) -> FolderDataset:
    """Find, verify and sort the images under ``root``.

    Every file is decoded once; what was found out is kept in the cache by path, size and time, so that only new and
    changed files are looked at again. Unreadable ones are listed in ``skipped``.

    Raises:
        UserError: no class folders, fewer than two classes, a class without images, a class that one part lacks, class
            names that differ only by case or Unicode normal form.
    """
    parts = _part_folders(root)
    progress("Looking for images", None)
    found: list[tuple[Found, Part]] = []
    outside: list[Skipped] = []
    for part, place in parts.items():
        listing = scan.scan(root, place)
        outside += listing.skipped
        check_no_twins(listing.class_names, str(place))
        _refuse_empty(listing.class_names, (f.class_name for f in listing.found), place)
        found += [(f, part) for f in listing.found]
    samples, unusable = _verified(root, found, progress)
    if len(parts) == 1:
        samples = _split(samples)
    class_names = _agreed_classes(samples, found, parts, root)
    dataset = FolderDataset(root, samples, class_names)
    dataset.skipped = tuple(outside + unusable)
    return dataset


def _part_folders(root: Path) -> dict[Part, Path]:
    """The folders of the parts; one entry where a single level is to be split."""
    by_name = {p.name.lower(): p for p in sorted(root.iterdir(), reverse=True) if p.is_dir()}
    test = next((by_name[name] for name in TEST_NAMES if name in by_name), None)
    if "train" not in by_name:
        return {"train": root}
    if test is not None:
        return {"train": by_name["train"], "test": test}
    if any(p.is_dir() and not p.name.startswith(".") for p in by_name["train"].iterdir()):
        raise UserError(
            f"{one_sentence(str(root))} has a train folder but neither test, val nor valid; "
            f"add one, or open folder:{by_name['train']} to have it split."
        )
    return {"train": root}


def _refuse_empty(class_names: Sequence[str], used: Iterable[str], place: Path) -> None:
    with_images = set(used)
    empty = [name for name in class_names if name not in with_images]
    where = one_sentence(str(place))
    if not class_names:
        raise UserError(
            f"There are no class folders in {where}; put the images of each class into a folder of its own."
        )
    if empty:
        raise UserError(
            f"There are no images of class {quoted(empty)} in {where}; add some or remove the empty folder."
        )


def _verified(root: Path, found: list[tuple[Found, Part]], progress: Progress) -> tuple[list[Sample], list[Skipped]]:
    verdicts = manifest.verify(root, [f for f, _ in found], progress)
    samples, unusable = [], []
    for (f, part), verdict in zip(found, verdicts, strict=True):
        if verdict.reason:
            unusable.append(Skipped(f.sample_id, verdict.reason))
        else:
            samples.append(Sample(f, verdict, part))
    return samples, unusable


def _split(samples: list[Sample]) -> list[Sample]:
    """Give a fifth to the test part by a hash of each id, and at least one image of each class with two or more."""
    hashes = {s.found.sample_id: _unit_hash(s.found.sample_id) for s in samples}
    per_class: dict[str, list[str]] = {}
    for s in samples:
        per_class.setdefault(s.found.class_name, []).append(s.found.sample_id)
    test = {name for name, value in hashes.items() if value < TEST_SHARE}
    for ids in per_class.values():
        ranked = sorted(ids, key=hashes.__getitem__)
        if len(ids) > 1:
            test.add(ranked[0])
            test.discard(ranked[-1])
    parted = [Sample(s.found, s.verdict, "test" if s.found.sample_id in test else "train") for s in samples]
    return sorted(parted, key=lambda s: s.part == "test")


def _unit_hash(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2.0**64


def _agreed_classes(
    samples: list[Sample], found: list[tuple[Found, Part]], parts: dict[Part, Path], root: Path
) -> tuple[str, ...]:
    """The classes in natural order, once every one of them has images in both parts."""
    names = sorted({f.class_name for f, _ in found}, key=natural_key)
    check_no_twins(names, str(root))
    where = one_sentence(str(root))
    if len(names) < 2:
        raise UserError(f"There is only one class, {quoted(names)}, in {where}; a classifier needs at least two.")
    for part in ("train", "test"):
        lacking = Counter(s.found.class_name for s in samples if s.part == part)
        missing = [name for name in names if not lacking[name]]
        if missing and len(parts) == 1:
            raise UserError(f"Class {quoted(missing)} in {where} has fewer than two readable images; it needs more.")
        if missing:
            raise UserError(
                f"Class {quoted(missing)} has no readable images in {parts[part].name}/ of {where}, though the other "
                "part has some; add images or remove the class from both."
            )
    return tuple(names)
