"""A folder of images, one folder per class: under train/, val/ and test/, or one level that is split.

Sample ids are relative paths. In the one-level form a fifth of the images, by a hash of their paths, is the test part.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from mpt_studio.data import decode, room
from mpt_studio.data.classes import check_no_twins, quoted
from mpt_studio.data.dataset import Dataset, Images, Indices, Kept, Part, Progress, Skipped
from mpt_studio.data.decoded import Decoded, Stored, identity
from mpt_studio.data.fit import Fit, Form, Whole, as_fit
from mpt_studio.data.index import PARTS, Index, load_index, save_index
from mpt_studio.data.keeping import Files, keep
from mpt_studio.data.layout import Layout, layout_of
from mpt_studio.data.parts import Sample, agreed_classes, build_index, split
from mpt_studio.data.scan import Found, Listing, scan, shown, without_repeats
from mpt_studio.data.verdicts import in_threads, verify
from mpt_studio.data.walk import Tree, walk
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import plain

_UNKNOWN = bytes(16)
"""Of a file that is gone: nothing is kept by it."""


class FolderDataset(Dataset):
    """Image files, decoded when asked for; what ``keep`` has decoded is read from the cache."""

    def __init__(self, spec: str, root: Path, index: Index) -> None:
        self.spec = spec
        self._root, self._index = root, index
        self.class_names, self.sample_ids, self.labels = index.class_names, index.sample_ids, index.labels
        self.train, self.validation, self.test = (np.flatnonzero(index.parts == i) for i in range(len(PARTS)))
        self.skipped, self.notes, self.metadata = index.skipped, index.notes, index.metadata
        width, height = index.sizes[0].tolist()
        self.image_size = width if width == height and bool((index.sizes == width).all()) else 0
        self.content = index.content
        self._kept: dict[Form, Decoded] = {}

    def file_of(self, index: int) -> Path:
        return self._root / self._index.files[index]

    def _content_of(self, chosen: Indices) -> str:
        return self._index.digests[chosen].tobytes().hex()

    def image(self, index: int) -> Images:
        return self._decoded(int(index), 0)

    def sides(self, index: int) -> tuple[int, int]:
        """As they were when the data were opened: nothing is decoded."""
        width, height = self._index.sizes[int(index)].tolist()
        return width, height

    def small_image(self, index: int, at_least: int) -> Images:
        known = self._known(int(index))
        for form in room.existing_wholes(self.spec, at_least):
            kept = self._kept_in(form)
            if kept is not None and known and (image := kept.read(known)) is not None:
                return image
        return self._decoded(int(index), 0, at_least)

    def batch(self, indices: Sequence[int] | Indices, size: int | Fit) -> Images:
        fit = as_fit(size)
        made = np.empty((len(indices), fit.size, fit.size, 3), dtype=np.uint8)
        for row, image in enumerate(self._images(indices, fit)):
            made[row] = image
        return made

    def wholes(self, indices: Sequence[int] | Indices, shorter: int) -> list[Images]:
        return self._images(indices, Whole(shorter))

    def keep(
        self, indices: Sequence[int] | Indices, form: Form, stored: Stored | None = None
    ) -> Generator[tuple[int, int], None, Kept]:
        if stored and self.stored(form) != stored:
            self._kept[form] = Decoded(room.place_of(self.spec, form, stored), stored)
        chosen = [int(i) for i in indices]
        files = Files(
            spec=self.spec,
            known=[self._known(i) or _UNKNOWN for i in chosen],
            sizes=self._index.sizes[chosen].tolist(),
            decode=lambda position: self._decoded(chosen[position], form),
        )
        return (yield from keep(files, form, self._kept_in(form), may_pack=stored is None))

    def stored(self, form: Form) -> Stored:
        kept = self._kept_in(form)
        return kept.stored if kept else "pixels"

    def _images(self, indices: Sequence[int] | Indices, form: Form) -> list[Images]:
        """From what is kept, else decoded by threads."""
        chosen, kept = [int(i) for i in indices], self._kept_in(form)
        found = [kept.read(known) if kept and (known := self._known(i)) else None for i in chosen]
        missing = [i for i, image in zip(chosen, found, strict=True) if image is None]
        made = in_threads(lambda i: self._decoded(i, form), missing) if missing else iter(())
        return [_as_stored(next(made), kept) if image is None else image for image in found]

    def _kept_in(self, form: Form) -> Decoded | None:
        """What is kept of these data in a form by now; None where nothing is."""
        found = self._kept.get(form) or room.existing(self.spec, form)
        if found is not None:
            self._kept[form] = found
            found.load()
        return found

    def _known(self, index: int) -> bytes | None:
        """What the file as it is now is kept by; None where the system has none."""
        try:
            status = os.stat(os.path.join(self._root, self._index.files[index]))  # quicker than a path: asked for often
            return identity(self._index.digests[index].tobytes(), status)
        except OSError:
            return None

    def _decoded(self, index: int, form: int | Form, at_least: int = 0) -> Images:
        try:
            content = plain.read(self.file_of(index))
            if plain.digest_of(content) == self._index.digests[index].tobytes():
                return decode.decode(content, form, at_least=at_least)
            problem = "changed"
        except FileNotFoundError:
            problem = "vanished"
        except OSError as error:
            problem = f"become unreadable ({error.strerror or error})"
        except decode.BadImage as bad:
            problem = f"become unreadable ({bad})"
        name = one_sentence(str(self.sample_ids[index]))
        raise UserError(f"The image {name} in {self._root} has {problem} since the data were opened; open them again.")


def _as_stored(image: Images, kept: Decoded | None) -> Images:
    return kept.as_stored(image) if kept else image


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
    class_names, notes = agreed_classes(samples, names, called, one_sentence(str(root)), is_split=layout.is_split)
    outside = [s for listing in listings.values() for s in listing.skipped]
    unlisted = [Skipped(shown(path), reason) for path, reason in tree.unreadable]
    index = build_index(
        samples,
        class_names,
        [*outside, *unlisted, *repeated, *unusable],
        [*layout.notes, *_empty_folders(layout, listings, names), *_links(tree), *notes],
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


def _links(tree: Tree) -> Iterator[str]:
    if tree.repeated:
        names = quoted([shown(path) for path in tree.repeated], 3)
        yield f"The folder link {names} leads to images that count already and is not followed."
    if tree.outside:
        names = quoted([shown(path) for path in tree.outside], 3)
        count = len(tree.outside)
        links = f"{count:,} links lead" if count > 1 else "A link leads"
        yield f"{links} out of the folder: {names}. What is there is read; name the real folder if that is not meant."
