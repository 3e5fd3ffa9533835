"""Where the parts and classes of a folder lie, told by the usual names of parts: never a part as a class.

Read are, whatever the case and the words around the names (``train_images``, ``Training``, ``val2017``, ``seg_test``):
part/CLASS, CLASS/part, CLASS alone; all of them below folders that hold nothing else (``archive/dataset/train``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from mpt_studio.data.dataset import Part
from mpt_studio.data.index import PARTS
from mpt_studio.data.part_names import AROUND, WORDS, parted, words_of
from mpt_studio.data.walk import Tree
from mpt_studio.errors import UserError, one_sentence, quoted

_FOLD = re.compile(r"(?:fold|cv|split|part|batch|set|group)[\s_.-]*[0-9a-z]?[0-9]*", re.IGNORECASE)
_LISTS = (".txt", ".csv", ".tsv", ".json", ".lst", ".mat")
_DEEPEST = 6
"""Levels of folders that hold nothing but one other."""


@dataclass(frozen=True)
class Layout:
    """Where the parts lie."""

    places: Mapping[Part, str]
    """Folder of each part, relative to the root; {"train": place} where a single level is to be split."""
    notes: tuple[str, ...] = ()
    inside: Mapping[str, Part] = field(default_factory=dict)
    """Folder below a class → its part, where the parts lie inside of the classes."""

    @property
    def is_split(self) -> bool:
        """Whether the parts have to be drawn from a single level."""
        return set(self.places) == {"train"} and not self.inside

    def part_of(self, path: str) -> Part | None:
        """The part of an image inside of a class; None where it lies beside the parts."""
        below = path[len(self.places["train"]) :].strip(os.sep).split(os.sep)
        return self.inside.get(os.path.join(self.places["train"], *below[:2])) if len(below) > 2 else None


def layout_of(tree: Tree, root: Path) -> Layout:
    """The folders of parts and classes below a root. Raises ``UserError`` with what was seen where it is unclear.

    With train, val and test each is what its name says; with two of them the second is the test part. Without train
    the folder has no training part, where nothing but val and test is there.
    """
    return _Finder(tree, root).layout()


class _Finder:
    def __init__(self, tree: Tree, root: Path) -> None:
        self._root = root
        self._images = {folder.path: len(folder.entries) for folder in tree.folders}
        self._kids: dict[str, list[str]] = {}
        for folder in tree.folders:
            if folder.path:
                above, _, name = folder.path.rpartition(os.sep)
                self._kids.setdefault(above, []).append(name)

    def layout(self) -> Layout:
        home, notes = self._home()
        parts = self._parts(home)
        if parts:
            return self._with_parts(home, parts, notes)
        kids = self._filled(home)
        inside = {kid: self._parts(os.path.join(home, kid)) for kid in kids}
        if any(inside.values()):
            return self._inside(home, inside, notes)
        return Layout({"train": home}, (*notes, *self._shared(home, kids), *self._lists(home)))

    def _home(self) -> tuple[str, tuple[str, ...]]:
        """The folder that holds the parts or classes: the root, or the only one below it that does."""
        home, left = "", list[str]()
        for _ in range(_DEEPEST):
            kids = self._filled(home)
            if self._images.get(home) or self._parts(home):
                break
            holding = kids if len(kids) == 1 else [kid for kid in kids if self._holds_parts(os.path.join(home, kid))]
            if len(kids) > 1 and len(holding) > 1:
                self._refuse_several(home, kids, holding)
                break
            if len(holding) != 1 or not self._filled(os.path.join(home, holding[0])):
                break
            left += [os.path.join(home, kid) for kid in kids if kid not in holding]
            home = os.path.join(home, holding[0])
        return home, (f"Only {home}{os.sep} is read, not the folder {quoted(left)}.",) if left else ()

    def _refuse_several(self, home: str, kids: Sequence[str], holding: Sequence[str]) -> None:
        """Several data sets with parts of their own; where all hold no class folders, they are classes instead."""
        if any(self._has_classes(os.path.join(home, kid)) for kid in holding):
            raise UserError(
                f"{one_sentence(str(self._root / home))} holds several folders with parts of their own, "
                f"{quoted(holding, 3)}; open one of them."
            )

    def _has_classes(self, place: str) -> bool:
        return any(self._filled(folder) for folder in self._parts(place).values())

    def _holds_parts(self, place: str, depth: int = _DEEPEST) -> bool:
        """Whether parts with class folders lie below, behind folders that hold one other."""
        if self._parts(place):
            return self._has_classes(place)
        kids = self._filled(place)
        return depth > 0 and len(kids) == 1 and self._holds_parts(os.path.join(place, kids[0]), depth - 1)

    @cached_property
    def _below(self) -> frozenset[str]:
        """Folders with images in or below them."""
        found: set[str] = set()
        for path, count in self._images.items():
            parts = path.split(os.sep)
            found |= {os.sep.join(parts[:end]) for end in range(len(parts) + 1)} if count else set()
        return frozenset(found)

    def _filled(self, place: str) -> list[str]:
        return [kid for kid in self._kids.get(place, []) if os.path.join(place, kid) in self._below]

    def _parts(self, place: str) -> dict[Part, str]:
        """The folders of two parts or more below a place; {} where there are none, or names have another sense."""
        groups: dict[tuple[str, ...], dict[Part, list[str]]] = {}
        for kid in self._kids.get(place, []):
            part, others = parted(kid)
            if part:
                groups.setdefault(others, {}).setdefault(part, []).append(kid)
        plain = groups.get((), {})
        best = max((plain, *groups.values()), key=len)
        if len(best) < 2 and not self._is_one_part(place, plain):
            return {}
        return {part: self._chosen(place, kids) for part, kids in best.items()}

    def _is_one_part(self, place: str, group: Mapping[Part, Sequence[str]]) -> bool:
        """Whether a single part is there with class folders: a train folder, or nothing but a test folder."""
        names = [name for names in group.values() for name in names]
        with_classes = [name for name in names if self._filled(os.path.join(place, name))]
        return bool(with_classes) and ("train" in group or set(self._filled(place)) == set(names))

    def _chosen(self, place: str, kids: Sequence[str]) -> str:
        """Of several folders of one part the plainest that holds class folders, or a folder of its name below it."""
        plain = sorted(kids, key=lambda kid: (not self._filled(os.path.join(place, kid)), len(kid), kid))
        path = os.path.join(place, plain[0])
        for _ in range(_DEEPEST):
            below = self._filled(path)
            if len(below) != 1 or self._images.get(path) or not self._filled(os.path.join(path, below[0])):
                break
            if parted(below[0])[0] != parted(plain[0])[0] and below[0].lower() not in AROUND:
                break
            path = os.path.join(path, below[0])
        return path

    def _with_parts(self, home: str, parts: dict[Part, str], notes: tuple[str, ...]) -> Layout:
        bare = {part: place for part, place in parts.items() if place in self._below and not self._filled(place)}
        places = {part: parts[part] for part in PARTS if part in parts and part not in bare}
        if "test" not in places and "validation" in places:
            places["test"] = places.pop("validation")
        if "train" in places and "test" not in places:
            self._refuse_train_alone(home, places["train"], bare)
        if bare and not ("train" in places and "test" in places):
            places |= bare  # it is said that they lack class folders
        tops = {place[len(home) :].strip(os.sep).split(os.sep)[0] for place in places.values()}
        beside = sorted(set(self._filled(home)) - tops)
        names = " and ".join(places[part] for part in PARTS if part in places)
        note = (f"Beside {names}, the folder {quoted(beside)} is not read.",) if beside else ()
        return Layout({part: places[part] for part in PARTS if part in places}, (*notes, *note))

    def _refuse_train_alone(self, home: str, train: str, bare: Mapping[Part, str]) -> None:
        where = one_sentence(str(self._root / home))
        if bare:
            what = f"There are no class folders in {one_sentence(str(self._root / next(iter(bare.values()))))}"
            raise UserError(
                f"{what}; put the images of each class into a folder of its own, "
                f"or open folder:{self._root / train} to have the training images split."
            )
        raise UserError(
            f"{where} has a train folder but neither test, val nor valid; "
            f"add one, or open folder:{self._root / train} to have it split."
        )

    def _inside(self, home: str, inside: Mapping[str, dict[Part, str]], notes: tuple[str, ...]) -> Layout:
        """Parts below each class."""
        where = one_sentence(str(self._root / home))
        lacking = [kid for kid, parts in inside.items() if not parts]
        if lacking:
            holding = [kid for kid, parts in inside.items() if parts]
            raise UserError(
                f"In {where} the folders {quoted(holding, 3)} hold train and test folders, {quoted(lacking, 3)} none; "
                "give each class the same parts, or none."
            )
        of = {place: part for parts in inside.values() for part, place in parts.items()}
        if "test" not in of.values():
            of = {place: "test" if part == "validation" else part for place, part in of.items()}
        return Layout({"train": home}, (*notes, "The parts lie inside of the class folders."), of)

    def _shared(self, home: str, kids: Sequence[str]) -> Iterator[str]:
        """A note where all classes share folders: those may be classes. Raises ``UserError`` where they are more."""
        below = [set(self._filled(os.path.join(home, kid))) for kid in kids]
        again = [kid for kid, names in zip(kids, below, strict=True) if len(names & set(kids)) > 1]
        if again:
            raise UserError(
                f"In {one_sentence(str(self._root / home))} the folder {quoted(again, 3)} holds folders that are "
                "called like the classes beside it; move it elsewhere, or open it alone."
            )
        shared = sorted(set.intersection(*below)) if len(below) > 1 else []
        if len(shared) < 2 or any(self._images.get(os.path.join(home, kid)) for kid in kids):
            return
        seen = f"{quoted(kids, 3)} all hold the folders {quoted(shared, 3)}"
        is_more = len(shared) > len(kids) and not all(name.isdigit() for name in shared)
        if is_more or all(_FOLD.fullmatch(kid) for kid in kids):
            raise UserError(
                f"In {one_sentence(str(self._root / home))}, {seen}, which look like the classes; open one of the "
                "former, or write a table of the images (manifest:FILE.csv)."
            )
        yield f"The classes are the topmost folders, though {seen}."

    def _lists(self, home: str) -> Iterator[str]:
        """A note on lists that name parts: those are not read, and the parts that are drawn are others."""
        above = [
            "",
            *(home[: match.start()] for match in re.finditer(re.escape(os.sep), home)),
            *([home] if home else []),
        ]
        beside = [os.path.join(place, kid) for place in above for kid in self._kids.get(place, [])]
        places = [*above, *(place for place in beside if place not in self._below)]
        found = [name for place in places for name in _names(self._root / place) if _is_list_of_part(name)]
        if found:
            yield (
                f"The list {quoted(sorted(set(found)), 3)} beside the images is not read, and the test part is drawn "
                "anew; a table with a column of parts (manifest:FILE.csv) keeps theirs."
            )


def _is_list_of_part(name: str) -> bool:
    stem, suffix = os.path.splitext(name)
    return suffix.lower() in _LISTS and any(word in WORDS for word in words_of(stem))


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in islice(os.scandir(folder), 1000)]
    except OSError:
        return []
