"""A folder of images, one folder per class: under train/, val/ and test/, or one level that is split.

Sample ids are relative paths. In the one-level form a fifth of the images, by a hash of their paths, is the test part.
"""

from __future__ import annotations

import os
from pathlib import Path

from mpt_studio.data.classes import check_no_twins
from mpt_studio.data.dataset import Part, Progress, Skipped
from mpt_studio.data.decoded import identity
from mpt_studio.data.index import PARTS, Index, load_index, save_index
from mpt_studio.data.indexed import IndexedDataset
from mpt_studio.data.layout import Layout, layout_of
from mpt_studio.data.parts import Sample, agreed_classes, build_index, classes_of, split
from mpt_studio.data.scan import Found, Listing, link_notes, scan, shown, without_repeats
from mpt_studio.data.verdicts import verify
from mpt_studio.data.walk import Tree, walk
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files import plain


class FolderDataset(IndexedDataset):
    """Image files."""

    def file_of(self, index: int) -> Path:
        return self._root / self._index.files[index]

    def _content(self, index: int) -> bytes:
        return plain.read(self.file_of(index))

    def _known(self, index: int) -> bytes | None:
        try:
            status = os.stat(os.path.join(self._root, self._index.files[index]))  # quicker than a path: asked for often
            return identity(self._index.digests[index].tobytes(), status)
        except OSError:
            return None


def open_folder(root: Path, progress: Progress) -> FolderDataset:
    """Find, verify and sort the images under ``root``.

    Every file is decoded once; what was found out is kept in the cache. A tree in which no file came, went or changed
    its size or time is only listed the next time, in another only new and changed files are decoded. Unreadable files
    are listed in ``skipped``.

    Raises:
        UserError: no class folders, fewer than two classes, a class that cannot be learned, class names that differ
            only by case or Unicode normal form.
    """
    tree = walk(root, progress)
    index = load_index(root, tree.fingerprint)
    if index is None:
        index, is_lasting = _indexed(root, tree, progress)
        if is_lasting:
            save_index(root, tree.fingerprint, index)
    return FolderDataset(f"folder:{root}", root, index)


def _indexed(root: Path, tree: Tree, progress: Progress) -> tuple[Index, bool]:
    """The index, and whether it holds for as long as the tree looks the same."""
    layout = layout_of(tree, root)
    listings = {part: scan(tree, place) for part, place in layout.places.items()}
    for part, listing in listings.items():
        place = str(root / layout.places[part])
        check_no_twins(listing.class_names, place)
        if not listing.class_names:
            raise UserError(
                f"There are no class folders in {one_sentence(place)}; "
                "put the images of each class into a folder of its own."
            )
    found, repeated = _without_repeats(root, listings)
    if layout.inside:
        found, beside = _parted_inside(layout, found)
        repeated += beside
    verdicts = verify(root, [f for f, _ in found], progress)
    judged = [Sample(f, verdict, part) for (f, part), verdict in zip(found, verdicts, strict=True)]
    samples = [s for s in judged if not s.verdict.reason]
    unusable = [Skipped(s.found.sample_id, s.verdict.reason) for s in judged if s.verdict.reason]
    samples = split(samples) if layout.is_split else samples
    names = {f.class_name for f, _ in found}
    called: dict[Part, str] = {part: f"{place}/" for part, place in layout.places.items()}
    if layout.is_split:
        called = {"train": "train", "test": "test"}
    if layout.inside:
        called = {part: f"the {part} folders" for part in PARTS if part in layout.inside.values()}
    class_names, notes = agreed_classes(
        classes_of(samples, called), names, called, one_sentence(str(root)), is_split=layout.is_split
    )
    outside = [s for listing in listings.values() for s in listing.skipped]
    unlisted = [Skipped(shown(path), reason) for path, reason in tree.unreadable]
    index = build_index(
        samples,
        class_names,
        [*outside, *unlisted, *repeated, *unusable],
        [*layout.notes, *_empty_folders(layout, listings, names), *link_notes(tree), *notes],
    )
    return index, not unlisted and all(verdict.is_lasting for verdict in verdicts)


def _without_repeats(root: Path, listings: dict[Part, Listing]) -> tuple[list[tuple[Found, Part]], list[Skipped]]:
    part_of = {id(f): part for part, listing in listings.items() for f in listing.found}
    kept, repeated = without_repeats(root, [f for listing in listings.values() for f in listing.found])
    return [(f, part_of[id(f)]) for f in kept], repeated


def _parted_inside(layout: Layout, found: list[tuple[Found, Part]]) -> tuple[list[tuple[Found, Part]], list[Skipped]]:
    parted = [(f, layout.part_of(f.path)) for f, _ in found]
    beside = [Skipped(f.sample_id, "lies beside the folders of the parts") for f, part in parted if part is None]
    return sorted(((f, p) for f, p in parted if p is not None), key=lambda pair: PARTS.index(pair[1])), beside


def _empty_folders(layout: Layout, listings: dict[Part, Listing], used: set[str]) -> list[str]:
    every = dict.fromkeys(name for listing in listings.values() for name in listing.class_names)
    empty = [name for name in every if name not in used]
    return [f"The class folder {quoted(empty)} has no images and is left out."] if empty else []
