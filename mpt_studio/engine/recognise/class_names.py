"""The names of a version's classes, in the order of the head's outputs: from the file, beside it, from the data.

An order is never guessed: a list counts only with exactly as many names as the head has outputs, a mapping only with
the numbers 0 … C−1, and the data's classes only where every usual way of sorting them gives the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpt_studio.data.classes import natural_key
from mpt_studio.engine.recognise import published
from mpt_studio.engine.recognise.evidence import Evidence, mappings
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.class_lists import LONGEST_NAME, agreed, beside, lists_in, names_in_value, told_apart
from mpt_studio.reading import Choices

_KEYS = (
    "class_names",
    "classes",
    "label_names",
    "labels",
    "class_to_idx",
    "idx_to_class",
    "id2label",
    "label2id",
    "idx2label",
    "label2idx",
    "categories",
    "target_names",
    "class_labels",
    "CLASSES",
    "names",
)
"""In the order in which they are believed."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Class names and where they are from; none where they are unknown."""

    names: tuple[str, ...] = ()
    source: str = ""
    """For people, as in ``Reading.class_names_from``."""
    notes: tuple[str, ...] = ()


def find(evidence: Evidence, count: int, choices: Choices, data_classes: tuple[str, ...], known: Names) -> Names:
    """The names of the head's ``count`` outputs.

    Args:
        known: names that the weights themselves tell, as torchvision's published ones do.

    Raises:
        UserError: where the names that were chosen are not as many as the head's outputs.
    """
    if choices.class_names:
        return _chosen(choices.class_names, count)
    notes: list[str] = []
    for names, source in _told(evidence, count, notes):
        unique, more = _unique(names)
        return Names(names=unique, source=source, notes=(*notes, *more))
    if known.names:
        return Names(names=_unique(known.names)[0], source=known.source, notes=tuple(notes))
    return _of_data(evidence, count, data_classes, tuple(notes))


def _chosen(names: tuple[str, ...], count: int) -> Names:
    if len(names) != count:
        raise UserError(f"{len(names)} class names were given, but the head of the network has {count} outputs.")
    return Names(names=names, source="your choice")


def _told(evidence: Evidence, count: int, notes: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Lists of the right length: the file's, ``config.json``'s, then those in files beside it if they agree."""
    for values, source in ((evidence.extras, "the file"), (evidence.config, "config.json")):
        for where, found in _under_keys(values):
            names = names_in_value(found)
            if names is None or not _says_something(names):
                continue
            if len(names) == count:
                yield _shown(names), source
            else:
                notes.append(_not_used(f"{where!r} in {source}", len(names), count))
    lists = lists_in(beside(evidence.path))
    notes.extend(_not_used(name, len(names), count) for name, names in lists.items() if len(names) != count)
    agreed_on, name, note = agreed(lists, count)
    if agreed_on:
        yield _shown(agreed_on), f"{name} beside it"
    elif note:
        notes.append(note)


def _not_used(where: str, found: int, count: int) -> str:
    return f"The {found} class names under {one_sentence(where, 80)} were not used: the head has {count} outputs."


def _under_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in _KEYS:
        for where, mapping in mappings(values):
            if key in mapping:
                yield f"{where}.{key}".lstrip("."), mapping[key]


def _shown(names: tuple[str, ...]) -> tuple[str, ...]:
    """Made fit to be shown."""
    return tuple(one_sentence(name, LONGEST_NAME) for name in names)


def _says_something(names: tuple[str, ...]) -> bool:
    """transformers writes LABEL_0, LABEL_1 … where nobody gave names."""
    return not all(re.fullmatch(r"LABEL_\d+", name) for name in names)


def _unique(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    apart = told_apart(names)
    twice = len({name for name, new in zip(names, apart, strict=True) if name != new})
    return apart, (f"{twice} class names stand more than once; their index was put behind them.",) if twice else ()


def _of_data(evidence: Evidence, count: int, data: tuple[str, ...], notes: tuple[str, ...]) -> Names:
    if first := published.old_classes(evidence, count, data):
        note = f"The class names are the first {count} of the data, as the published script's old model has them."
        return Names(names=first, source="the data", notes=(*notes, note))
    if not data or len(data) != count:
        return Names(notes=notes)
    if not has_one_order(data):
        why = "The data have as many classes, but they sort differently by number, case or text: say the order."
        return Names(notes=(*notes, why))
    return Names(names=data, source="the data", notes=(*notes, "The class names are the data's, in their order."))


def has_one_order(names: Sequence[str]) -> bool:
    """Whether every usual way of sorting gives the same order, or the data's own numbers are in none of them."""
    orders = [sorted(names), sorted(names, key=natural_key), sorted(names, key=str.casefold)]
    return all(order == list(names) for order in orders) or all(order != list(names) for order in orders)
