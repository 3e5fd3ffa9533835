"""Class names: lists of them, and when two of them are one name, spelled otherwise."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence

LARGEST_LIST = 8 << 20
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}(?:\.0*)?")


def spelling(name: str) -> str:
    """What is left of a name without case, spaces, underscores, hyphens and Unicode's ways to store accents.

    Between two digits one space stays, so that "1-1" is not "11"; so does the sign of a number.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()
    if re.fullmatch(r"[-+][0-9.]+", text):
        return text
    text = re.sub(r"(?<=[0-9])[\s_\-]+(?=[0-9])", "\0", text)
    return re.sub(r"[\s_\-]+", "", text).replace("\0", " ")


def respelled(names: Sequence[str], within: Sequence[str]) -> dict[str, str]:
    """Name → the one among ``within`` that is spelled otherwise; only where both are the only ones of their kind."""
    ours, theirs = _once(names), _once(within)
    same = set(within)
    return {name: theirs[key] for key, name in ours.items() if key in theirs and name not in same}


def _once(names: Sequence[str]) -> dict[str, str]:
    """Spelling → name, for spellings that one name alone has."""
    keys = [spelling(name) for name in names]
    count = Counter(keys)
    return {key: name for key, name in zip(keys, names, strict=True) if count[key] == 1 and key}


def whole(text: str) -> int | None:
    """The whole number that a text is ("3", "3.0"); None for anything else."""
    return int(float(text)) if _WHOLE.fullmatch(text) else None


def all_whole(names: Iterable[str]) -> bool:
    """Whether every name is a whole number, and there is one."""
    every = list(names)
    return bool(every) and all(whole(name) is not None for name in every)


def any_whole(names: Iterable[str]) -> bool:
    """Whether any name is a whole number."""
    return any(whole(name) is not None for name in names)


def class_list(text: str) -> tuple[str, ...]:
    """Class names in their order: a file with a name a line, or names separated by commas. Raises ``UserError``."""
    path = Path(text.strip()).expanduser()
    if text.strip() and paths.is_file(path):
        return read_class_list(path)
    rows = csv.reader([text.replace("\n", ",")], skipinitialspace=True)
    names = tuple(name.strip() for row in rows for name in row if name.strip())
    if text.strip() and (not names or (len(names) == 1 and (path.suffix or len(path.parts) > 1))):
        raise UserError(f"There is no file {one_sentence(text, 100)} with class names, a name a line.")
    return _checked(names, "The list of classes")


def read_class_list(path: Path) -> tuple[str, ...]:
    """A file with a class name a line. Raises ``UserError``."""
    where = one_sentence(path.name, 60)
    try:
        if path.stat().st_size > LARGEST_LIST:
            raise UserError(f"{where} is too large for a list of class names; it needs a name a line.")
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError):
        raise UserError(f"{where} is not UTF-8 text with a class name a line.") from None
    names = tuple(line.strip() for line in lines if line.strip())
    if not names:
        raise UserError(f"{where} holds no class names; write a name a line.")
    return _checked(names, where)


def _checked(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    double = next((name for name, count in Counter(names).items() if count > 1), None)
    if double is not None:
        raise UserError(f"{where} has {one_sentence(double, 60)!r} twice; every class needs a name of its own.")
    return names
