"""Which column of a table means what: ids, true classes, answers, scores. See docs/predictions.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import ID_COLUMNS, position_of, refuse_doubles

LABELS = ("label", "truth", "target", "class", "y_true", "true_class", "true_label", "ground_truth", "labels")
ANSWERS = (
    "prediction", "predicted", "y_pred", "answer", "pred", "predicted_class", "predicted_label", "predictions",
    "answers",
)  # fmt: skip
_NO_CLASSES = frozenset({
    "confidence", "score", "probability", "prob", "loss", "margin", "correct", "index", "fold", "split", "width",
    "height", "row", "unnamed: 0", "", "entropy", "weight", "epoch", "time",
})  # fmt: skip
"""Columns of numbers that are no class by their name."""
_PREFIXED = re.compile(
    r"(logits?|prob(?:s|abilit(?:y|ies))?|p|scores?)(?:(\[)|[_.:])\s*(.+?)(?(2)\])", re.IGNORECASE | re.DOTALL
)
Declared = Literal["logits", "probabilities", ""]
_KINDS: dict[str, Declared] = {"l": "logits", "p": "probabilities", "s": ""}
Numeric = Literal["no", "most", "all"]
"""How many of a column's first cells are numbers, empty ones aside: fewer than half, at least half, or all."""


@dataclass(frozen=True)
class Roles:
    """What each column of a table is for, by its position; −1 where there is none."""

    ids: int
    labels: int
    answers: int
    scores: tuple[int, ...] = ()
    score_names: tuple[str, ...] | None = None
    """Names of the scores' columns; None where they are numbered (they are then in the order of their numbers)."""
    declared: Declared = ""
    """What a prefix says the scores are."""
    ignored: tuple[str, ...] = ()
    """Columns that are not read."""
    certain: bool = False
    """Whether the scores are told by a prefix, by numbers or by the names of classes, and not only by being numbers."""


def find_roles(header: Sequence[str], numeric: Sequence[Numeric], known: frozenset[str], where: str) -> Roles:
    """Tell the columns apart.

    Args:
        header: names of the columns.
        numeric: how far a column holds numbers.
        known: names of classes that are known already: listed by the user, or seen among labels and answers.
        where: the file, for messages.
    Raises ``UserError`` where ids are missing, a name is there twice, or numbered scores have gaps.
    """
    names = [name.strip() for name in header]
    refuse_doubles([name for name in names if name], where)
    ids, labels, answers = (position_of(names, wanted) for wanted in (ID_COLUMNS, LABELS, ANSWERS))
    if ids < 0:
        raise UserError(
            f"{where} has no column of sample ids; call one sample_id, id, image, path or filename "
            f"(its columns are {_some(names)})."
        )
    rest = [i for i in range(len(names)) if i not in (ids, labels, answers)]
    found, score_names, declared = _scores(names, rest, numeric, known, has_answers=answers >= 0)
    if score_names is not None and _all_numbers(score_names):
        found, score_names = _in_order(found, score_names, where)
    ignored = tuple(name for i, name in enumerate(names) if i not in {ids, labels, answers, *found})
    bare = [names[i] for i in found if not _PREFIXED.fullmatch(names[i])]
    certain = bool(found) and (score_names is None or not bare or bool(known & set(bare)))
    return Roles(ids, labels, answers, tuple(found), score_names, declared, ignored, certain)


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell holds a number."""
    try:
        to_number(text, decimal)
    except ValueError:
        return False
    return True


def to_number(text: str, decimal: str = ".") -> float:
    """The number in a cell. Raises ``ValueError``."""
    if "_" in text:
        raise ValueError(text)
    return float(text.replace(",", ".") if decimal == "," else text)


def _scores(
    names: list[str], rest: list[int], numeric: Sequence[Numeric], known: frozenset[str], *, has_answers: bool
) -> tuple[list[int], tuple[str, ...] | None, Declared]:
    """Positions and names of the scores, and what their prefix says."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for i in rest:
        fits = _PREFIXED.fullmatch(names[i])
        if fits and names[i] not in known:
            groups.setdefault(fits[1][0].lower(), []).append((i, fits[3].strip()))
    for letter, declared in _KINDS.items():  # logits before probabilities: they say more
        group = groups.get(letter, [])
        if len(group) > 1 and any(
            numeric[i] != "no" for i, _ in group
        ):  # a cell that is none is refused, not passed over
            return [i for i, _ in group], tuple(name for _, name in group), declared
    bare = [i for i in rest if numeric[i] != "no" and (names[i] in known or names[i].lower() not in _NO_CLASSES)]
    is_class = any(names[i] in known for i in bare) or (not has_answers and len(bare) > 1)
    if not is_class or len(bare) < 2:
        return [], None, ""
    return bare, tuple(names[i] for i in bare), ""


def _all_numbers(names: tuple[str, ...]) -> bool:
    return all(re.fullmatch(r"[0-9]{1,9}", name) for name in names)


def _in_order(positions: list[int], names: tuple[str, ...], where: str) -> tuple[list[int], tuple[str, ...] | None]:
    """Numbered columns in the order of their numbers; without names where they count from 0 without a gap."""
    numbers = [int(name) for name in names]
    order = sorted(range(len(numbers)), key=lambda i: numbers[i])
    ranked = [numbers[i] for i in order]
    if len(set(ranked)) < len(ranked):
        raise UserError(f"{where} has two columns of scores with the same number; give each its own.")
    counted = ranked == list(range(len(ranked)))
    return [positions[i] for i in order], None if counted else tuple(names[i] for i in order)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(one_sentence(name, 30)) for name in names[:4])
    return f"{shown}, …" if len(names) > 4 else shown


def numeric_of(cells: Sequence[str], decimal: str = ".") -> Numeric:
    """How far some cells of a column are numbers."""
    filled = [cell for cell in cells if cell.strip()]
    numbers = sum(is_number(cell, decimal) for cell in filled)
    if not numbers or 2 * numbers < len(filled):
        return "no"
    return "all" if numbers == len(filled) else "most"
