"""The names of a version's classes, in the order of the head's outputs: from the file, beside it, from the data.

An order is never guessed: a list counts only with exactly as many names as the head has outputs, a mapping only with
the numbers 0 … C−1, and the data's classes only where every usual way of sorting them gives the same order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.data.classes import natural_key
from mpt_studio.engine.recognise import published
from mpt_studio.engine.recognise.evidence import Evidence, mappings, read_json, read_small
from mpt_studio.engine.recognise.hints import number
from mpt_studio.errors import UserError, one_sentence
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

_FILES = (
    "labels.txt",
    "classes.txt",
    "class_names.txt",
    "labels.json",
    "classes.json",
    "class_names.json",
    "class_to_idx.json",
    "idx_to_class.json",
    "id2label.json",
    "label2id.json",
    "label_map.json",
)

MOST_CHARACTERS = 200
"""Of one name."""


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
            names = as_names(found)
            if names is None or not _says_something(names):
                continue
            if len(names) == count:
                yield names, source
            else:
                notes.append(_not_used(f"{where!r} in {source}", len(names), count))
    beside = {path.name: names for path in _files(evidence) if (names := _names_in(path)) is not None}
    fitting = {name: names for name, names in beside.items() if len(names) == count}
    notes.extend(_not_used(one_sentence(n, 60), len(names), count) for n, names in beside.items() if n not in fitting)
    if len(set(fitting.values())) > 1:
        notes.append(f"{' and '.join(one_sentence(n, 60) for n in fitting)} beside it disagree, so none was used.")
    elif fitting:
        name = next(iter(fitting))
        yield fitting[name], f"{one_sentence(name, 60)} beside it"


def _not_used(where: str, found: int, count: int) -> str:
    return f"The {found} class names under {one_sentence(where, 80)} were not used: the head has {count} outputs."


def _under_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in _KEYS:
        for where, mapping in mappings(values):
            if key in mapping:
                yield f"{where}.{key}".lstrip("."), mapping[key]


def as_names(value: Any) -> tuple[str, ...] | None:
    """Names in order from a list, from {0: name} or from {name: 0}; None for anything else."""
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        return tuple(map(_clean, value)) if all(isinstance(name, str) and name.strip() for name in value) else None
    return None


def _from_mapping(value: Mapping[Any, Any]) -> tuple[str, ...] | None:
    by_index: dict[int | None, Any] = {_index(key): name for key, name in value.items()}
    if not _is_range(by_index) or not all(isinstance(name, str) for name in value.values()):
        by_index = {number(index): name for name, index in value.items()}
    if not _is_range(by_index) or not all(isinstance(name, str) and name.strip() for name in by_index.values()):
        return None
    return tuple(_clean(by_index[i]) for i in range(len(by_index))) if len(by_index) == len(value) else None


def _index(key: Any) -> int | None:
    return int(key) if isinstance(key, str) and re.fullmatch(r"[0-9]{1,7}", key) else number(key)


def _is_range(values: Collection[int | None]) -> bool:
    return bool(values) and set(values) == set(range(len(values)))


def _clean(name: str) -> str:
    return one_sentence(name, MOST_CHARACTERS)


def _says_something(names: tuple[str, ...]) -> bool:
    """transformers writes LABEL_0, LABEL_1 … where nobody gave names."""
    return not all(re.fullmatch(r"LABEL_\d+", name) for name in names)


def _files(evidence: Evidence) -> list[Path]:
    stem = evidence.path.name.partition(".")[0] if not evidence.path.is_dir() else ""
    own = [f"{stem}{end}" for end in (".txt", "_labels.txt", "_classes.txt", ".labels.txt", "_class_to_idx.json")]
    try:
        listed = sorted(p.name for p in evidence.folder.glob("*.names"))[:3]
    except OSError:
        listed = []
    return [evidence.folder / name for name in (*(own if stem else ()), *_FILES, *listed)]


def _names_in(path: Path) -> tuple[str, ...] | None:
    if path.suffix == ".json":
        return as_names(read_json(path))
    text = read_small(path)
    return None if text is None else names_in_lines(text)


def names_in_lines(text: str) -> tuple[str, ...] | None:
    """One name per line; numbers before all names ("0 cat", "1: dog") say the order and are taken off."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or any(len(line) > MOST_CHARACTERS for line in lines):
        return None
    parts = [re.fullmatch(r"([0-9]{1,7})(?:\s*[:,;=\t]\s*|\s+)(\S.*)", line) for line in lines]
    by_index = {int(part[1]): part[2] for part in parts if part}
    if len(by_index) == len(lines) and _is_range(by_index):
        return tuple(_clean(by_index[i]) for i in range(len(lines)))
    return tuple(map(_clean, lines))


def _unique(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that stand more than once (ImageNet has two cranes) get their index behind them."""
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    told = f"{len(twice)} class names stand more than once; their index was put behind them." if twice else ""
    return tuple(f"{n} ({i})" if n in twice else n for i, n in enumerate(names)), (told,) if told else ()


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
