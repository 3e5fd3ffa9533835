"""When two class names are one, spelled otherwise; and names that are numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

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
