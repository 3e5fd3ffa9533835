"""The names of a version's classes, in the order of the head's outputs: from the file, beside it, from the data.

An order is never guessed: a list counts only with exactly as many names as the head has outputs, a mapping only with
the numbers 0 … C−1, a set never, and the data's classes only where every usual way of sorting gives the same order.
Where a file, ``config.json`` and lists beside them do not say the same, none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpt_studio.data.classes import natural_key
from mpt_studio.engine.recognise import published
from mpt_studio.engine.recognise.colours import quoted
from mpt_studio.engine.recognise.evidence import Evidence, mappings
from mpt_studio.engine.recognise.values import value_of, words_of
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.class_lists import LONGEST_NAME, beside, lists_in, names_in_value, told_apart
from mpt_studio.files.pickle_machine import Unordered
from mpt_studio.predictions.names import spelling
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
    told = _Told(evidence, count)
    if told.unclear:
        return Names(notes=(*told.notes, told.unclear))
    if told.names:
        unique, more = _unique(told.names)
        return Names(names=unique, source=told.source, notes=(*told.notes, *more))
    if known.names:
        return Names(names=_unique(known.names)[0], source=known.source, notes=tuple(told.notes))
    return _of_data(evidence, count, data_classes, tuple(told.notes))


def _chosen(names: tuple[str, ...], count: int) -> Names:
    if len(names) != count:
        raise UserError(f"{len(names)} class names were given, but the head of the network has {count} outputs.")
    return Names(names=names, source="your choice")


class _Told:
    """What the file, ``config.json`` and the lists beside them say; names only where all of them agree."""

    def __init__(self, evidence: Evidence, count: int) -> None:
        self.count = count
        self.notes: list[str] = []
        self.unclear = ""
        self.names: tuple[str, ...] = ()
        self.source = self._first = ""
        for values, source in ((evidence.extras, "the file"), (evidence.config, "config.json")):
            for where, value in _under_keys(values):
                self._add(f"{where!r} in {source}", value, source)
        for name, names in lists_in(beside(evidence.path)).items():
            self._add_names(name, names, f"{name} beside it")

    def _add(self, where: str, value: Any, source: str) -> None:
        if isinstance(value, Unordered | set | frozenset):
            self.notes.append(f"The class names under {one_sentence(where, 80)} are a set, which has no order.")
            return
        names = names_in_value(value)
        if names is None and value and not isinstance(value, int | float):
            self.notes.append(f"What stands under {one_sentence(where, 80)} is no list of names: {quoted(value)}.")
        if names is not None and _says_something(names):
            self._add_names(where, names, source)

    def _add_names(self, where: str, names: tuple[str, ...], source: str) -> None:
        where = one_sentence(where, 80)
        if len(names) != self.count:
            self.notes.append(_not_used(where, len(names), self.count))
        elif not self.names:
            self.names, self.source, self._first = _shown(names), source, where
        elif [spelling(name) for name in _shown(names)] != [spelling(name) for name in self.names]:
            self.unclear = f"{self._first} and {where} disagree, so none was used."


def _not_used(where: str, found: int, count: int) -> str:
    return f"The {found} class names under {one_sentence(where, 80)} were not used: the head has {count} outputs."


def _under_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Lists of names, the most believed first; a text that stands for one is read."""
    every = list(mappings(values))
    for key in _KEYS:
        for where, mapping in every:
            if key in mapping:
                value = mapping[key]
                read = value_of(value) if isinstance(value, str) else value
                yield f"{where}.{key}".lstrip("."), words_of(read) if isinstance(read, str) else read


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
