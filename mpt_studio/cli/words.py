"""Options whose numbers have names: ``--freeze always`` for ``--freeze -1``."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from mpt_studio.recipe import Recipe, words_of
from mpt_studio.recipe.search import Budget


def spelled_out(arguments: list[str]) -> list[str]:
    """The command line with the numbers that its words stand for."""
    table, found = _table(Recipe) | _table(Budget), list(arguments)
    for place, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if equals and value in table.get(option, {}):
            found[place] = f"{option}={table[option][value]}"
        elif place and argument in (known := table.get(arguments[place - 1], {})):
            found[place] = known[argument]
    return found


def _table(kind: Any) -> dict[str, dict[str, str]]:
    """Option → word → number, of a dataclass and of those in it."""
    table: dict[str, dict[str, str]] = {}
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        if dataclasses.is_dataclass(hint):
            table |= _table(hint)
        elif words := words_of(hint):
            table[f"--{name.replace('_', '-')}"] = {word: f"{number:g}" for word, number in words.items()}
    return table
