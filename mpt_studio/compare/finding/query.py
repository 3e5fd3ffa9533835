"""The search field's language: a filter as one line of text, and back.

    truth:shirt new:coat,pullover margin_drop>2 confidence>=0.9 id:*123* kind:negative cause:stolen mark:blocker
    truth:"T-shirt/top" margin_drop:1..2 to:new subset:old_classes camera:front some words

Conditions are separated by spaces and all have to be met; values separated by commas are alternatives; a name with
spaces or signs goes into double quotes. A word alone is part of a sample id or of a class's name.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from mpt_studio.compare.annotations import Cause
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.finding.filters import NUMBER_WORDS, Among, Filter, Interval, Operator, Range
from mpt_studio.compare.finding.tokens import OPERATORS, Term, Value, quoted, terms
from mpt_studio.compare.tally import SUBSETS
from mpt_studio.errors import UserError
from mpt_studio.flips import FlipKind, Mark

KINDS = {
    "negative": FlipKind.NEGATIVE,
    "positive": FlipKind.POSITIVE,
    "both_wrong": FlipKind.BOTH_WRONG,
    "both_right": FlipKind.BOTH_RIGHT,
}
CAUSES = {
    "stolen": Cause.NEW_CLASS,
    "near_tie": Cause.NEAR_TIE,
    "reversal": Cause.CONFIDENT_REVERSAL,
    "old_old": Cause.OLD_OLD,
    "suspect": Cause.SUSPECT_LABEL,
    "none": Cause.NONE,
}
MARKS = {
    "blocker": Mark.BLOCKER,
    "acceptable": Mark.ACCEPTABLE,
    "label_wrong": Mark.LABEL_WRONG,
    "none": Mark.NONE,
}
SIDES = {"new": True, "old": False}
_WORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "kind": ("kinds", KINDS), "cause": ("causes", CAUSES), "mark": ("marks", MARKS),
}  # fmt: skip
_CLASSES = {"truth": "truths", "new": "answers", "old": "old_answers"}
_INTERVALS = {"margin_drop": "drops", "confidence": "confidences"}


class QueryError(UserError):
    """The search text has a mistake; ``start`` and ``end`` tell where."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


@dataclass(frozen=True)
class Vocabulary:
    """What a comparison offers to be named: classes, metadata columns with their values."""

    names: tuple[str, ...] = ()
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Columns of texts with their values."""
    numbers: tuple[str, ...] = ()
    """Columns of numbers."""
    missing: tuple[tuple[str, str], ...] = ()
    """Numbers that the comparison lacks, each with the reason as a sentence."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all metadata columns."""
        return tuple(dict.fromkeys((*(name for name, _ in self.texts), *self.numbers)))


def vocabulary(comparison: Comparison) -> Vocabulary:
    """The words of one comparison."""
    columns = comparison.metadata.columns.values() if comparison.metadata else ()
    return Vocabulary(
        comparison.names,
        tuple((c.name, c.values) for c in columns if c.numbers is None or c.values),
        tuple(c.name for c in columns if c.numbers is not None),
        tuple((name, why) for name in NUMBER_WORDS if (why := missing.reason(comparison, name))),
    )


def parse(text: str, words: Vocabulary) -> Filter:
    """Read a search text. Raises ``QueryError`` with a sentence and the place of the mistake."""
    found = Filter()
    for term in terms(text, QueryError):
        found = _Reader(words, term).add(found)
    return found


class _Reader:
    """One term of the text, read into a filter."""

    def __init__(self, words: Vocabulary, term: Term) -> None:
        self.words, self.term = words, term

    def add(self, to: Filter) -> Filter:
        key, term = self.term.key.lower(), self.term
        if not term.operator:
            return dataclasses.replace(to, words=(*to.words, term.values[0].text))
        if key in _CLASSES:
            return self._list(to, _CLASSES[key], self._class)
        if key in _WORDS:
            field, known = _WORDS[key]
            return self._list(to, field, lambda value: self._one_of(value, known, key))
        if key in _OTHERS:
            return _OTHERS[key](self, to)
        if key in NUMBER_WORDS:
            return self._number(to, key)
        return self._column(to)

    def _list(self, to: Filter, field: str, read: Callable[[Value], Any]) -> Filter:
        self._colon()
        if getattr(to, field):
            self._wrong(f"{self.term.key} is there twice; write alternatives as {self.term.key}:a,b")
        values = tuple(dict.fromkeys(read(value) for value in self.term.values))
        return dataclasses.replace(to, **cast(dict[str, Any], {field: values}))

    def _class(self, value: Value) -> str:
        exact = [name for name in self.words.names if name == value.text]
        same = exact or [name for name in self.words.names if name.lower() == value.text.lower()]
        if same:
            return same[0]
        self._wrong(f"There is no class {value.text!r}{_closest(value.text, self.words.names)}", value)

    def _one_of(self, value: Value, known: dict[str, Any], what: str) -> Any:
        name = value.text.lower().replace(" ", "_").replace("-", "_")
        if name not in known:
            self._wrong(f"There is no {what} {value.text!r}; there are {', '.join(known)}", value)
        return known[name]

    def _id(self, to: Filter) -> Filter:
        self._colon()
        patterns = tuple(value.text for value in self.term.values)
        inner = patterns[0][1:-1]
        is_part = len(patterns) == 1 and patterns[0] == f"*{inner}*" and inner and not set("*?") & set(inner)
        if is_part and not to.text:
            return dataclasses.replace(to, text=inner)
        if to.ids:
            self._wrong("id is there twice; write alternatives as id:a*,b*")
        return dataclasses.replace(to, ids=patterns)

    def _subset(self, to: Filter) -> Filter:
        return dataclasses.replace(to, subset=self._single({name: name for name in SUBSETS}))

    def _to(self, to: Filter) -> Filter:
        return dataclasses.replace(to, to_new_class=self._single(SIDES))

    def _single(self, known: dict[str, Any]) -> Any:
        self._colon()
        if len(self.term.values) > 1:
            self._wrong(f"{self.term.key} takes one value", self.term.values[1])
        return self._one_of(self.term.values[0], known, self.term.key)

    def _number(self, to: Filter, name: str) -> Filter:
        why = dict(self.words.missing).get(name, "")
        if why:
            self._wrong(why.removesuffix("."))
        if self.term.operator == ":" and name in _INTERVALS:
            return self._list(to, _INTERVALS[name], self._interval)
        operator = cast(Operator, "=" if self.term.operator == ":" else self.term.operator)
        if len(self.term.values) > 1:
            self._wrong(f"{self.term.key} is compared with one number", self.term.values[1])
        value = self._float(self.term.values[0], self.term.values[0].text)
        if name == "margin_drop" and operator == ">=" and to.min_drop is None:
            return dataclasses.replace(to, min_drop=value)
        if name == "margin_drop" and operator == "<=" and to.max_drop is None:
            return dataclasses.replace(to, max_drop=value)
        return dataclasses.replace(to, ranges=(*to.ranges, Range(name, operator, value)))

    def _interval(self, value: Value) -> Interval:
        low, dots, high = value.text.partition("..")
        if not dots:
            self._wrong(f"{self.term.key}: takes from..to, as in {self.term.key}:1..2; or use > and <", value)
        return Interval(*(self._float(value, part) if part else None for part in (low, high)))

    def _float(self, value: Value, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            self._wrong(f"{text!r} is no number", value)
        return number

    def _column(self, to: Filter) -> Filter:
        name = next((c for c in self.words.columns if c.lower() == self.term.key.lower()), None)
        if name is None:
            known = (*KEYS, *self.words.columns)
            self._wrong(f"There is nothing called {self.term.key!r} to search in{_closest(self.term.key, known)}")
        if name in self.words.numbers and not self._lists_values(name):
            return self._number(to, name)
        self._colon()
        values = tuple(dict.fromkeys(value.text for value in self.term.values))
        if any(among.column == name for among in to.columns):
            self._wrong(f"{name} is there twice; write alternatives as {name}:a,b")
        return dataclasses.replace(to, columns=(*to.columns, Among(name, values)))

    def _lists_values(self, name: str) -> bool:
        """Whether a column of numbers is asked for some of its few values."""
        few = next((values for column, values in self.words.texts if column == name), ())
        return self.term.operator == ":" and all(value.text in few for value in self.term.values)

    def _colon(self) -> None:
        if self.term.operator not in (":", "="):
            self._wrong(f"{self.term.key} is no number; write {self.term.key}:value")

    def _wrong(self, what: str, value: Value | None = None) -> NoReturn:
        start, end = (value.start, value.end) if value else (self.term.start, self.term.end)
        raise QueryError(f"{what} (at character {start + 1}).", start, end)


_OTHERS: dict[str, Callable[[_Reader, Filter], Filter]] = {
    "id": _Reader._id, "subset": _Reader._subset, "to": _Reader._to,
}  # fmt: skip
KEYS = (*_CLASSES, *_WORDS, *_OTHERS, *NUMBER_WORDS)
"""What may stand before a sign, metadata columns aside."""


def _closest(text: str, known: tuple[str, ...]) -> str:
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(text.lower(), lower, 1, 0.6)
    return f"; did you mean {lower[close[0]]!r}?" if close else ""


def to_text(chosen: Filter) -> str:
    """A filter as search text. ``parse`` reads it back, but for ``samples``, which have no words."""
    found = [_said(key, [quoted(name) for name in getattr(chosen, field)]) for key, field in _CLASSES.items()]
    for key, (field, known) in _WORDS.items():
        name_of = {value: name for name, value in known.items()}
        found.append(_said(key, [name_of[value] for value in getattr(chosen, field)]))
    found += [_said(key, [_between(part) for part in getattr(chosen, field)]) for key, field in _INTERVALS.items()]
    found.append(f"margin_drop>={_number(chosen.min_drop)}" if chosen.min_drop is not None else "")
    found.append(f"margin_drop<={_number(chosen.max_drop)}" if chosen.max_drop is not None else "")
    found += [f"{quoted(part.name)}{part.operator}{_number(part.value)}" for part in chosen.ranges]
    found.append("" if chosen.to_new_class is None else f"to:{'new' if chosen.to_new_class else 'old'}")
    found.append("" if chosen.subset == "all" else f"subset:{chosen.subset}")
    found.append(f"id:{quoted(f'*{chosen.text}*')}" if chosen.text else "")
    found.append(_said("id", [quoted(pattern) for pattern in chosen.ids]))
    found += [_said(quoted(among.column), [quoted(value) for value in among.values]) for among in chosen.columns]
    found += [quoted(word) for word in chosen.words]
    return " ".join(part for part in found if part)


def _said(key: str, values: list[str]) -> str:
    return f"{key}:{','.join(values)}" if values else ""


def _between(part: Interval) -> str:
    return f"{'' if part.low is None else _number(part.low)}..{'' if part.high is None else _number(part.high)}"


def _number(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


@dataclass(frozen=True)
class Completion:
    """Text that may replace the part from ``start`` to ``end`` of the search text."""

    start: int
    end: int
    text: str
    what: str
    """What it is, for people: "true class", "flip kind", …"""


_WHAT = {
    "truth": "true class", "new": "new answer", "old": "old answer", "kind": "flip kind", "cause": "cause",
    "mark": "mark", "subset": "subset", "to": "new answer is a class that is", "id": "sample id",
}  # fmt: skip


def complete(text: str, cursor: int, words: Vocabulary, limit: int = 50) -> list[Completion]:
    """What may be written at the cursor: keys with their sign, or values after one; those that begin so come first."""
    start = _term_start(text, cursor)
    head = text[start:cursor]
    sign = next((i for i, c in enumerate(head) if c in OPERATORS), None)
    if sign is None:
        keys = [(f"{key}:", _WHAT[key]) for key in _WHAT]
        keys += [(f"{key}>", label) for key, label in NUMBER_WORDS.items()]
        keys += [(f"{quoted(name)}:", "metadata") for name, _ in words.texts]
        keys += [(f"{quoted(name)}>", "metadata") for name in words.numbers]
        return _offers(keys, head, start, cursor, limit)
    key, values = head[:sign].strip('"').lower(), head[sign + 1 :]
    comma = _last_comma(values)
    begun = start + sign + 1 + comma
    return _offers(_values(key, words), text[begun:cursor].lstrip('"'), begun, cursor, limit)


def _values(key: str, words: Vocabulary) -> list[tuple[str, str]]:
    if key in _CLASSES:
        return [(quoted(name), _WHAT[key]) for name in words.names]
    known: dict[str, Any] = {**{k: v for k, (_, v) in _WORDS.items()}, "subset": dict.fromkeys(SUBSETS), "to": SIDES}
    if key in known:
        return [(name, _WHAT[key]) for name in known[key]]
    return [(quoted(value), name) for name, values in words.texts if name.lower() == key for value in values]


def _offers(known: list[tuple[str, str]], begun: str, start: int, end: int, limit: int) -> list[Completion]:
    wanted = begun.strip('"').lower()
    fitting = [(text, what) for text, what in known if wanted in text.lower() and text != begun]
    fitting.sort(key=lambda item: not item[0].strip('"').lower().startswith(wanted))
    return [Completion(start, end, text, what) for text, what in fitting[:limit]]


def _term_start(text: str, cursor: int) -> int:
    start, inside = 0, False
    for i, c in enumerate(text[:cursor]):
        inside ^= c == '"'
        if c.isspace() and not inside:
            start = i + 1
    return start


def _last_comma(values: str) -> int:
    place, inside = 0, False
    for i, c in enumerate(values):
        inside ^= c == '"'
        if c == "," and not inside:
            place = i + 1
    return place
