"""Search text cut into terms: key, sign, values, each with its place. Quotes are doubled within quotes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OPERATORS = ":<>="
_SIGNS = (">=", "<=", ">", "<", "=", ":")


@dataclass(frozen=True)
class Value:
    """One value of a term, without its quotes; ``start`` and ``end`` are its place in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Term:
    """``key operator values``, or a word alone, which has neither key nor operator."""

    key: str
    operator: str
    values: tuple[Value, ...]
    start: int
    end: int


def quoted(text: str) -> str:
    """``text`` as one value: in quotes where it would be read as something else."""
    plain = text and not any(c.isspace() or c in OPERATORS + '",' for c in text)
    return text if plain else '"' + text.replace('"', '""') + '"'


def terms(text: str, error: Callable[[str, int, int], Exception]) -> list[Term]:
    """Cut the text. Raises what ``error(sentence, start, end)`` makes of an unfinished term."""
    return _Scanner(text, error).terms()


class _Scanner:
    def __init__(self, text: str, error: Callable[[str, int, int], Exception]) -> None:
        self.text, self.error, self.at = text, error, 0

    def terms(self) -> list[Term]:
        found = []
        while self._skip_spaces():
            found.append(self._term())
        return found

    def _skip_spaces(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _term(self) -> Term:
        start = self.at
        first = self._piece(stop=OPERATORS)
        sign = next((s for s in _SIGNS if self.text.startswith(s, self.at)), "")
        if not sign:
            return Term("", "", (first,), start, self.at)
        self.at += len(sign)
        if not first.text:
            raise self.error(f"Something is missing before {sign!r} (at character {start + 1}).", start, self.at)
        values = [self._value(first.text, sign)]
        while self.text.startswith(",", self.at):
            self.at += 1
            values.append(self._value(first.text, sign))
        return Term(first.text, sign, tuple(values), start, self.at)

    def _value(self, key: str, sign: str) -> Value:
        start = self.at
        value = self._piece(stop=",")
        if self.at == start:
            raise self.error(f"A value is missing after {key}{sign} (at character {start + 1}).", start - 1, start)
        return value

    def _piece(self, stop: str) -> Value:
        start = self.at
        if self.text.startswith('"', self.at):
            return self._quoted()
        while self.at < len(self.text) and not self.text[self.at].isspace() and self.text[self.at] not in stop:
            self.at += 1
        return Value(self.text[start : self.at], start, self.at)

    def _quoted(self) -> Value:
        start, found = self.at, ""
        self.at += 1
        while True:
            end = self.text.find('"', self.at)
            if end < 0:
                raise self.error(f"The quote at character {start + 1} is not closed.", start, len(self.text))
            found += self.text[self.at : end]
            self.at = end + 1
            if not self.text.startswith('"', self.at):
                return Value(found, start, self.at)
            found, self.at = found + '"', self.at + 1
