"""What a person says about class names that differ: a file of pairs, kept for the two lists that it was given for."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import cells_of, normal, separator_of, shielded, text_of

FORMAT = 1
FOLDER = "class-maps"
LARGEST = 8 << 20
_ARROWS = ("->", "→")
_HEADERS = (("old", "new"), ("old_name", "new_name"), ("old_class", "new_class"))


@dataclass(frozen=True)
class ClassMap:
    """Pairs (old name, new name); an empty new name means that the class was dropped knowingly."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        meant: dict[str, str] = {}
        for old, new in self.pairs:
            if not old:
                raise UserError(
                    f"The class map has no old name for {one_sentence(new, 60)!r}; write 'old name -> new name'."
                )
            if meant.setdefault(old, new) != new:
                first, second = (one_sentence(name, 60) for name in (meant[old], new))
                raise UserError(
                    f"The class map turns {one_sentence(old, 60)!r} into {first!r} and into {second!r}; keep one."
                )

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def merged(self, newer: ClassMap) -> ClassMap:
        """This map with the newer one's pairs in front of its own."""
        return ClassMap(tuple({**dict(self.pairs), **dict(newer.pairs)}.items()))

    @staticmethod
    def read(path: Path) -> ClassMap:
        """Lines ``old name -> new name`` or CSV ``old,new``; nothing on the right drops the class knowingly.

        Blank lines, lines that begin with #, and a header ``old,new`` are passed over. Raises ``UserError`` with the
        line that cannot be understood.
        """
        where = one_sentence(path.name, 60)
        text = text_of(path, f"The class map {where}", LARGEST)
        numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
        lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
        separator = _separator(lines[0][1]) if lines else ","
        pairs = [_pair(line, number, where, separator) for number, line in lines]
        if pairs and tuple(map(normal, pairs[0])) in _HEADERS:
            pairs = pairs[1:]
        if not pairs:
            raise UserError(f"The class map {where} has no lines; write 'old name -> new name' for each class.")
        return ClassMap(tuple(pairs))

    def write(self, path: Path) -> None:
        """As CSV, which ``read`` reads back. Raises ``UserError`` where it cannot be written."""

        def write(temporary: Path) -> None:
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, lineterminator="\n").writerows(
                    map(shielded, pair) for pair in (("old", "new"), *self.pairs)
                )

        paths.write_chosen(path, write)


NO_MAP = ClassMap()


def _separator(first: str) -> str:
    """Without a header, what else than a comma parts two names is not known."""
    found = separator_of(first, {name for header in _HEADERS for name in header})
    return found if tuple(map(normal, first.split(found))) in _HEADERS else ","


def _pair(line: str, number: int, where: str, separator: str) -> tuple[str, str]:
    arrow = next((arrow for arrow in _ARROWS if arrow in line), "")
    if arrow and not line.startswith('"'):
        old, _, new = line.partition(arrow)
        return old.strip().rstrip(",").strip(), new.strip()
    try:
        cells = cells_of(line, separator)
    except UserError:
        cells = []
    if len(cells) != 2 or not cells[0]:
        raise UserError(
            f"{where}, line {number}: {one_sentence(line, 60)!r} is neither 'old name -> new name' nor 'old,new'."
        )
    return cells[0], cells[1]


def kept_map(store: Path, old: Sequence[str], new: Sequence[str]) -> ClassMap:
    """The map that was kept for two class lists, in whatever order they are; an empty one where there is none."""
    try:
        record = json.loads(_file(store, old, new).read_text("utf-8"))
        if record["format"] != FORMAT:
            return NO_MAP
        return ClassMap(tuple((str(a), str(b)) for a, b in record["pairs"]))
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return NO_MAP


def keep_map(store: Path, old: Sequence[str], new: Sequence[str], class_map: ClassMap) -> None:
    """Keep a map for two class lists, so that it need not be given again. Raises ``UserError``."""
    file = _file(store, old, new)
    record = {"format": FORMAT, "old": list(old), "new": list(new), "pairs": class_map.pairs}
    try:
        paths.write_text(file, json.dumps(record, ensure_ascii=False, indent=1))
    except OSError as error:
        raise UserError(f"The class map could not be kept in {file.parent} ({error.strerror or error}).") from None


def _file(store: Path, old: Iterable[str], new: Iterable[str]) -> Path:
    lists = json.dumps([sorted(old), sorted(new)])
    return store / FOLDER / f"{hashlib.sha256(lists.encode()).hexdigest()[:32]}.json"
