"""Lists of class names in their order, as people and programs write them: text, CSV, JSON, or names with commas.

An order is never guessed: numbers beside names count only where they are 0 … C−1.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.errors import UsageError, UserError, one_sentence
from mpt_studio.files.kinds import CLASS_LISTS, TABLES
from mpt_studio.files.tables import cells_of, position_of, table_of, text_of

USUAL = (
    "labels.txt", "classes.txt", "class_names.txt", "labels.json", "classes.json", "class_names.json",
    "class_to_idx.json", "idx_to_class.json", "id2label.json", "label2id.json", "label_map.json",
)  # fmt: skip
"""What lists beside weights or predictions are called, in the order in which they are looked for."""
LARGEST = 16 << 20
LONGEST_NAME = 200
_OWN = (".txt", "_labels.txt", "_classes.txt", ".labels.txt", ".classes.txt", "_class_to_idx.json")
_NAMES = ("class_name", "class", "name", "label", "label_name", "category")
_NUMBERS = ("index", "idx", "id", "class_id", "class_index", "class_idx", "label_id", "number")


def beside(weights: Path) -> list[Path]:
    """Where lists of the classes of a version may be: files of its own name, usual ones, ``*.names``."""
    folder, stem = (weights, "") if weights.is_dir() else (weights.parent, weights.name.partition(".")[0])
    try:
        others = sorted(path.name for path in itertools.islice(folder.glob("*.names"), 3))
    except OSError:
        others = []
    return [folder / name for name in (*(f"{stem}{end}" for end in _OWN if stem), *USUAL, *others)]


def lists_in(places: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """What those of the files hold that can be read as lists of names, by their names for people."""
    found = {}
    for path in places:
        with contextlib.suppress(UserError):
            found[one_sentence(path.name, 60)] = names_in(path)
    return found


def agreed(lists: Mapping[str, tuple[str, ...]], count: int) -> tuple[tuple[str, ...], str, str]:
    """The list with ``count`` names and where it is from; none, and a note, where two of them disagree."""
    fitting = {name: names for name, names in lists.items() if len(names) == count}
    if len(set(fitting.values())) > 1:
        return (), "", f"{' and '.join(fitting)} beside it disagree, so none was used."
    name = next(iter(fitting), "")
    return fitting.get(name, ()), name, ""


def told_apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that stand more than once (ImageNet has two cranes) get their index behind them."""
    count = Counter(names)
    return tuple(f"{name} ({i})" if count[name] > 1 else name for i, name in enumerate(names))


def class_list(text: str) -> tuple[str, ...]:
    """Class names that somebody gives: a file, or names separated by commas; none where nothing is given.

    Raises ``UserError``, for what was typed ``UsageError``.
    """
    path = paths.expanded(text.strip())
    if not text.strip():
        return ()
    if paths.is_file(path):
        return read_class_list(path)
    names = separated(text)
    if not names or (len(names) == 1 and (CLASS_LISTS.fits(path) or len(path.parts) > 1)):
        raise UsageError(f"There is no file {one_sentence(text, 100)} with class names, a name a line.")
    return _each_once(names, "The list of classes", UsageError)


def read_class_list(path: Path) -> tuple[str, ...]:
    """The names in a file, each there once. Raises ``UserError``."""
    return _each_once(names_in(path), one_sentence(path.name, 60), UserError)


def names_in(path: Path, known: Collection[str] = ()) -> tuple[str, ...]:
    """The names in a file: a name a line, a table with a column of names, JSON. Raises ``UserError``.

    Numbers before the names ("0 cat", "1: dog") say the order and are taken off, unless the lines are ``known`` names.
    """
    called = one_sentence(path.name, 60)
    text = text_of(path, called, LARGEST)
    if path.suffix.lower() == ".json":
        names = names_in_value(_json(text, called)) or ()
        why = 'JSON with a list of names, {"name": number} or {"number": "name"}, counted from 0'
    elif TABLES.fits(path):
        names, why = _names_in_table(text, called), "a name a line, or a table with the columns index and name"
    else:
        names, why = names_in_lines(text, known), "a name a line"
    if not names:
        raise UserError(f"{called} holds no list of class names; it needs {why}.")
    return names


def separated(text: str) -> tuple[str, ...]:
    """Names separated by commas or line breaks; one with a comma in double quotes. Raises ``UserError``."""
    return tuple(filter(None, cells_of(text.replace("\n", ","))))


def names_in_lines(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """One name per line, numbers before all names taken off; none where lines are too long to be names."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(len(line) > LONGEST_NAME for line in lines):
        return ()
    parts = [re.fullmatch(r"([0-9]{1,7})(?:\s*[:,;=\t]\s*|\s+)(\S.*)", line) for line in lines]
    numbered = {int(part[1]): part[2] for part in parts if part}
    if len(numbered) < len(lines) or set(lines) <= set(known):
        return tuple(lines)
    return _in_order(numbered) or tuple(lines)


def names_in_value(value: Any) -> tuple[str, ...] | None:
    """Names in order from a list, from {0: name} or from {name: 0}; None for anything else."""
    if isinstance(value, Mapping):
        by_index: dict[int | None, Any] = {_index(key): name for key, name in value.items()}
        if not _in_order(by_index):
            by_index = {_index(index, as_text=False): name for name, index in value.items()}
        return _in_order(by_index) if len(by_index) == len(value) else None
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _in_order(dict(enumerate(value)))
    return None


def _in_order(by_index: Mapping[Any, Any]) -> tuple[str, ...] | None:
    """The names, where their numbers are 0 … C−1 and all of them are texts."""
    if not by_index or set(by_index) != set(range(len(by_index))):
        return None
    names = [by_index[i] for i in range(len(by_index))]
    return tuple(name.strip() for name in names) if all(isinstance(n, str) and n.strip() for n in names) else None


def _index(value: Any, *, as_text: bool = True) -> int | None:
    if isinstance(value, str):
        return int(value) if as_text and re.fullmatch(r"[0-9]{1,7}", value) else None
    return whole_number(value)


def whole_number(value: Any) -> int | None:
    """A whole number in whatever a file has for one."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _json(text: str, called: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"{called} is not JSON; write a list of class names.") from None


def _names_in_table(text: str, called: str) -> tuple[str, ...]:
    """A column of names, in the order of a column of numbers where there is one; else the names of a line or a line."""
    rows = [[cell.strip() for cell in row] for _, row in table_of(text, (*_NAMES, *_NUMBERS), called) if any(row)]
    header = rows[0] if rows else []
    name, number = position_of(header, _NAMES), position_of(header, _NUMBERS)
    if name >= 0:
        return _below_header(rows, name, number)
    widths = {len(row) for row in rows}
    if widths <= {1}:
        return tuple(row[0] for row in rows)
    if len(rows) == 1:
        return tuple(filter(None, header))
    for at in (0, 1):
        if widths == {2} and all(_index(row[at]) is not None for row in rows):
            return _in_order({_index(row[at]): row[1 - at] for row in rows}) or ()
    return names_in_lines(text)  # a name a line after all, some with commas


def _below_header(rows: list[list[str]], name: int, number: int) -> tuple[str, ...]:
    header, *below = rows
    if any(len(row) != len(header) or not row[name] for row in below):
        return ()
    if number < 0 or all(_index(row[number]) is None for row in below):
        return tuple(row[name] for row in below)
    return _in_order({_index(row[number]): row[name] for row in below}) or ()


def _each_once(names: tuple[str, ...], where: str, error: type[UserError]) -> tuple[str, ...]:
    double = next((name for name, count in Counter(names).items() if count > 1), None)
    if double is not None:
        raise error(f"{where} has {one_sentence(double, 60)!r} twice; every class needs a name of its own.")
    return names
