"""What a form needs to know about a recipe's fields, read from the dataclasses themselves. No Qt here."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Interval

from mpt_studio.recipe import words_of

EditorKind = Literal["flag", "choice", "integer", "number", "text", "group"]


@dataclass(frozen=True)
class FieldSpec:
    """One field: how to edit it, which values it takes, what it is for."""

    name: str
    kind: EditorKind
    help: str
    choices: tuple[str, ...] = ()
    interval: Interval = dataclasses.field(default_factory=Interval)
    optional: bool = False
    """Whether it may be empty (None)."""
    type: Any = None
    words: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """What some of its numbers are called: people read and write the word."""

    @property
    def range_text(self) -> str:
        """The values it takes, for people: "auto, or at least 1 and at most 64"; empty where any will do."""
        limits = self._beyond_words()
        words = (("more than", limits.gt), ("at least", limits.ge), ("less than", limits.lt), ("at most", limits.le))
        numbers = " and ".join(f"{word} {_written(bound)}" for word, bound in words if bound is not None)
        return f"{', '.join(self.words)}, or {numbers or 'a number'}" if self.words else numbers

    def _beyond_words(self) -> Interval:
        """The range without the numbers at its lower end that have words."""
        limits, named, least = self.interval, set(self.words.values()), self.interval.ge
        if self.kind == "number" and least in named:
            return dataclasses.replace(limits, ge=None, gt=max(named))
        while least in named:
            least = least + 1
        return dataclasses.replace(limits, ge=least)

    def word_of(self, value: float | None) -> str:
        """What a number is called; empty where it has no word."""
        return next((word for word, number in self.words.items() if number == value), "")

    def number_of(self, text: str) -> float | None:
        """The number that a word stands for, as the field's type has it."""
        found = self.words.get(text.casefold())
        return found if found is None or self.kind == "number" else int(found)

    def problem(self, value: float | None) -> str:
        """Why this number will not do, as the end of a sentence; empty where it will."""
        if value is None:
            return "" if self.optional else "needs a number"
        limits = self.interval
        too_low = (limits.ge is not None and value < limits.ge) or (limits.gt is not None and value <= limits.gt)  # type: ignore[operator]
        too_high = (limits.le is not None and value > limits.le) or (limits.lt is not None and value >= limits.lt)  # type: ignore[operator]
        return f"needs {self.range_text}" if too_low or too_high else ""


def _written(bound: Any) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


@functools.cache
def fields_of(cls: type) -> tuple[FieldSpec, ...]:
    """The fields of a recipe's dataclass, in order."""
    helps = field_docs(cls)
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(_spec(f.name, hints[f.name], helps.get(f.name, "")) for f in dataclasses.fields(cls))


def _spec(name: str, hint: Any, text: str) -> FieldSpec:
    optional = False
    if get_origin(hint) in (typing.Union, types.UnionType):
        optional = True
        hint = next(part for part in get_args(hint) if part is not type(None))
    interval, words = Interval(), words_of(hint)
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        interval = next((extra for extra in extras if isinstance(extra, Interval)), interval)
    choices = tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()
    text = functools.reduce(_without_number, words.values(), text)
    return FieldSpec(name, _kind(hint, bool(choices)), text, choices, interval, optional, hint, words)


def _without_number(text: str, number: float) -> str:
    """A sentence in which "auto (0)" is "auto": on screen the word alone stands for it."""
    return re.sub(rf" \({number:g}\)", "", text)


def _kind(hint: Any, has_choices: bool) -> EditorKind:
    if has_choices:
        return "choice"
    kinds: dict[Any, EditorKind] = {bool: "flag", int: "integer", float: "number", str: "text"}
    return "group" if dataclasses.is_dataclass(hint) else kinds[hint]


@functools.cache
def field_docs(cls: type) -> dict[str, str]:
    """The text under each field of a dataclass, by field name; empty where the source is not at hand."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = _text_of(following)
            if text:
                docs[statement.target.id] = " ".join(inspect.cleandoc(text).split())
    return docs


def _text_of(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return statement.value.value if isinstance(statement.value.value, str) else ""
    return ""


def flat_specs(cls: type, prefix: str = "") -> dict[str, FieldSpec]:
    """Every leaf field, by dotted name."""
    found: dict[str, FieldSpec] = {}
    for spec in fields_of(cls):
        if spec.kind == "group":
            found |= flat_specs(spec.type, f"{prefix}{spec.name}.")
        else:
            found[prefix + spec.name] = spec
    return found


def built(cls: type, values: dict[str, Any], prefix: str = "") -> Any:
    """The dataclass with these values by dotted name."""
    made = {
        spec.name: built(spec.type, values, f"{prefix}{spec.name}.")
        if spec.kind == "group"
        else values[prefix + spec.name]
        for spec in fields_of(cls)
    }
    return cls(**made)
