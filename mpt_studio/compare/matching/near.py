"""Names that come near others: lists of thousands in milliseconds, most of them outside the interpreter.

Letters: L names, W names to look among, K places that a pair of letters can have.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_PLACES = 512
_LOOKED_AT = 3
"""So many names with the most pairs of letters in common are held against a name letter by letter."""
_LETTERS = 64
"""Of a name; what two names differ in comes before."""
LIKE = 0.7
_Pairs = npt.NDArray[np.float32]


def nearest(names: Sequence[str], within: Sequence[str]) -> dict[str, str]:
    """Name → the one among ``within`` that comes nearest, where one comes near: by a word, else by its letters."""
    if not names or not within:
        return {}
    folded = {name.casefold()[:_LETTERS]: name for name in reversed(within)}
    keys = list(reversed(folded))
    of_word = {word: key for key in reversed(keys) for word in key.split()}
    found = {}
    for name, places in zip(names, _most_alike(names, keys), strict=True):
        ours = name.casefold()[:_LETTERS]
        by_word = of_word.get(ours) or next((word for word in ours.split() if word in folded), None)
        close = by_word or max((keys[place] for place in places), key=lambda key: likeness(ours, key))
        if by_word or likeness(ours, close) >= LIKE:
            found[name] = folded[close]
    return found


def likeness(one: str, other: str) -> float:
    """Share of the letters that two names have in common in their order, 0 to 1."""
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _most_alike(names: Sequence[str], within: Sequence[str]) -> npt.NDArray[np.int64]:
    """(L, 3) places in ``within`` of the names that share the most pairs of letters."""
    ours_LK, theirs_WK = _pairs([name.casefold() for name in names]), _pairs(within)
    common_LW = ours_LK @ theirs_WK.T
    common_LW /= ours_LK.sum(axis=1)[:, None] + theirs_WK.sum(axis=1)
    order: npt.NDArray[np.int64] = np.argsort(-common_LW, axis=1, kind="stable")[:, :_LOOKED_AT]
    return order


def _pairs(names: Sequence[str]) -> _Pairs:
    """(N, K) which pairs of letters a name has, its ends included."""
    made = np.zeros((len(names), _PLACES), dtype=np.float32)
    for row, name in enumerate(names):
        code = [0, *map(ord, name[:_LETTERS]), 0]
        made[row, [(31 * a + b) % _PLACES for a, b in pairwise(code)]] = 1
    return made
