"""Preprocessing in other people's words: sizes, three numbers per channel, kinds of interpolation."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mpt_studio.checkpoint import Interpolation, Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.errors import UserError
from mpt_studio.files.class_lists import whole_number
from mpt_studio.made_of import made_of

Three = tuple[float, float, float]
_OURS = set(Preprocessing.__dataclass_fields__)

_KINDS: dict[str, Interpolation] = {
    "0": "nearest",
    "1": "lanczos",
    "2": "bilinear",
    "3": "bicubic",
    "nearest": "nearest",
    "lanczos": "lanczos",
    "bilinear": "bilinear",
    "linear": "bilinear",
    "bicubic": "bicubic",
    "cubic": "bicubic",
}
"""By name and by Pillow's number."""

LONGEST = 2_000_000
"""Characters of a text that is read as a value: 20,000 class names."""
LARGEST = 4096
"""Pixels; larger sides in a file are taken for something else."""


@dataclass(frozen=True, kw_only=True)
class FoundPreprocessing:
    """Preprocessing and where it is from; none where a person has to say it."""

    preprocessing: Preprocessing | None = None
    source: str = ""
    """For people, as in ``Reading.preprocessing_from``."""
    notes: tuple[str, ...] = ()


def in_our_words(values: Mapping[str, Any]) -> Preprocessing | None:
    """What ``mpt-studio export`` writes, to the letter; None where anything of it lacks or cannot be meant."""
    if not values.keys() >= _OURS:
        return None
    try:
        found = made_of(Preprocessing, {key: values[key] for key in _OURS}, allow_nan=False)
        Fit.of(found)
    except (ValueError, TypeError, RecursionError, UserError):
        return None
    return found if min(found.std) > 0 else None


def value_of(text: str) -> Any:
    """What a text stands for: JSON, or a Python literal as some programs write a dict; the text itself else."""
    if not 0 < len(text) <= LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return text


def words_of(text: str) -> list[str]:
    """The entries of a list that is written as lines or with commas."""
    parts = text.splitlines() if "\n" in text.strip() else text.split(",")
    return [part for part in map(str.strip, parts) if part]


def three(value: Any) -> Three | None:
    """A number per channel from three of them, or from one for all, in any form; None for anything else."""
    numbers = _numbers(value)
    if len(numbers) not in (1, 3) or not all(abs(number) < 1000 for number in numbers):
        return None
    return cast(Three, tuple(numbers if len(numbers) == 3 else numbers * 3))


def _numbers(value: Any, depth: int = 0) -> list[float]:
    """The numbers in whatever holds them, as [[[0.5]], [[0.4]], [[0.3]]], "0.5 0.4 0.3" or {"r": 0.5, …}."""
    if isinstance(value, str):
        value = _parted(value)
    if isinstance(value, Mapping):
        known = {str(key).lower(): part for key, part in value.items()}
        value = next(([known[c] for c in names] for names in _CHANNELS if known.keys() == set(names)), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [float(value)]
    if not isinstance(value, list | tuple) or depth > 5 or len(value) > 3:
        return []
    parts = [_numbers(part, depth + 1) for part in value]
    return [number for part in parts for number in part] if all(parts) else []


_CHANNELS = (("r", "g", "b"), ("red", "green", "blue"), ("0", "1", "2"))


def _parted(text: str) -> Any:
    found = value_of(text.strip())
    if not isinstance(found, str):
        return found
    parts = [part for part in re.split(r"[\s,;x×\[\]()]+", found) if part]
    numbers = [value_of(part) for part in parts]
    return numbers if all(isinstance(number, int | float) for number in numbers) else None


def side(value: Any) -> int:
    """A square's side in pixels from 224, "224", [224, 224] or [3, 224, 224]; 0 for anything else."""
    sides = sides_of(value)
    return sides[0] if len(set(sides)) == 1 else 0


def sides_of(value: Any) -> tuple[int, ...]:
    """Height and width as far as they are told; none where it is no size in pixels."""
    if isinstance(value, str):
        value = _parted(value)
    if isinstance(value, Mapping):
        named = [value[key] for key in ("height", "width", "h", "w", "shortest_edge") if key in value]
        value = named if len(named) == len(value) else None
    parts = list(value) if isinstance(value, list | tuple) else [value]
    found = [whole_number(part) for part in parts]
    while len(found) > 2 and found[0] in (-1, 1, 3):  # images, channels
        del found[0]
    if len(found) == 3 and found[2] in (1, 3):
        del found[2]
    fits = len(found) in (1, 2) and all(part is not None and 1 <= part <= LARGEST for part in found)
    return tuple(part for part in found if part is not None) if fits else ()


def interpolation(value: Any) -> Interpolation | None:
    """The kind of resizing that a file names, or Pillow's number for it; None for one that we do not have."""
    return _KINDS.get(str(value).lower().rpartition(".")[2])
