"""The part of the samples that a policy asks something of, by what was known before anyone answered."""

from __future__ import annotations

import re

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.finding.filters import NUMBER_WORDS, Among, Filter, all_of
from mpt_studio.compare.finding.query import QueryError, parse, vocabulary
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.errors import UserError, one_sentence

_KNOWN_BEFORE = {"truths", "subset", "ids", "text", "ranges", "columns"}
"""Fields of a filter that no answer, and nobody who has seen the answers, decides."""
_EQUALS = re.compile(r"\s*([^:=<>]+?)\s+=\s+(.+?)\s*")


def inside(comparison: Comparison, where: str) -> Bools:
    """(N,) the samples of "column = value", or of a search text.

    Raises ``UserError`` where it cannot be read, and where it goes by the versions' answers.
    """
    found = _read(comparison, where)
    by_answers = [name for name in found.active() if name not in _KNOWN_BEFORE]
    by_answers += [part.name for part in found.ranges if part.name in NUMBER_WORDS]
    if by_answers:
        raise _wrong(where, "goes by the versions' answers or by marks; take metadata, the true class or the id")
    if not found.active():
        raise _wrong(where, "chooses nothing; write column = value")
    return all_of(found.masks(comparison))


def _read(comparison: Comparison, where: str) -> Filter:
    if equals := _EQUALS.fullmatch(where):
        return Filter(columns=(Among(_column(comparison, where, equals[1]), (equals[2],)),))
    try:
        return parse(where, vocabulary(comparison))
    except QueryError as error:
        raise _wrong(where, f"cannot be read ({error})") from None


def _column(comparison: Comparison, where: str, name: str) -> str:
    columns = vocabulary(comparison).columns
    if name in columns:
        return name
    if not columns:
        raise _wrong(where, "needs metadata, and there are none; give a table with --metadata FILE")
    raise _wrong(where, f"names a column that is not there; there are {one_sentence(', '.join(columns), 200)}")


def _wrong(where: str, what: str) -> UserError:
    return UserError(f"The slice {one_sentence(where, 80)!r} {what}.")
