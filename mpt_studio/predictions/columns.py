"""Which column of a table means what: ids, true classes, answers, scores. See docs/predictions.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mpt_studio.errors import UserError, quoted
from mpt_studio.files.tables import ID_COLUMNS, normal, position_of, refuse_doubles

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
Declared = Literal["logits", "probabilities", ""]
_PROBABILITY = r"prob(?:s|abilit(?:y|ies))?"
_KINDS: tuple[tuple[str, Declared], ...] = (
    ("logits?", "logits"),
    (rf"log_?(?:{_PROBABILITY}|p|softmax)", ""),
    (rf"{_PROBABILITY}|p|softmax", "probabilities"),
    ("scores?|sigmoid|percent|pct", ""),
)
"""What stands before or behind the names of classes, and what it says; of several the first counts: it says most."""
_WORD = "|".join(f"(?P<k{i}>{words})" for i, (words, _) in enumerate(_KINDS))
_PREFIXED = re.compile(rf"(?:{_WORD})(?:(?P<b>\[)|[_.:])\s*(?P<name>.+?)(?(b)\])", re.IGNORECASE | re.DOTALL)
_SUFFIXED = re.compile(rf"(?P<name>.+?)[_.: ](?:{_WORD})", re.IGNORECASE | re.DOTALL)
_RANKED = re.compile(r"(.*[^0-9_.])[_.]?([0-9]{1,6})", re.DOTALL)
_PLACES = frozenset({"index", "idx", "indices", "top", "rank", "class_index", "class_idx", "class_id"})
_NAMES = frozenset({*_PLACES, "label", "class", "pred", "prediction", "predicted", "name", "class_name", "answer"})
"""Columns of a list of best answers, by number or by name: index_0, index_1 … beside prob_0, prob_1 …"""
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
    notes: tuple[str, ...] = ()


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
            f"(its columns are {quoted(names, 4, limit=30)})."
        )
    rest = [i for i in range(len(names)) if i not in (ids, labels, answers)]
    best = _best(names, rest, numeric, labels)
    if best >= 0:
        used = {ids, labels, answers if answers >= 0 else best}
        note = f"The columns list the best answers in order; the first, {names[best]!r}, was taken, without scores."
        ignored = tuple(name for i, name in enumerate(names) if i not in used)
        return Roles(ids, labels, answers if answers >= 0 else best, ignored=ignored, certain=True, notes=(note,))
    found, score_names, declared, certain = _scores(names, rest, numeric, known, has_answers=answers >= 0)
    if score_names is not None and _all_numbers(score_names):
        found, score_names = _in_order(found, score_names, where)
    read = {ids, labels, answers, *found}
    ignored = tuple(name for i, name in enumerate(names) if i not in read)
    return Roles(
        ids,
        labels,
        answers,
        tuple(found),
        score_names,
        declared,
        ignored,
        certain or (bool(found) and score_names is None),
    )


def _best(names: list[str], rest: list[int], numeric: Sequence[Numeric], labels: int) -> int:
    """The column of the first answer where columns list the best ones in order, with their scores; −1 elsewhere."""
    stems: dict[str, dict[int, int]] = {}
    for i in rest:
        if fits := _RANKED.fullmatch(names[i]):
            stems.setdefault(normal(fits[1]), {})[int(fits[2])] = i
    lists = {stem: columns for stem, columns in stems.items() if len(columns) > 1 and _is_ranking(columns)}

    def is_list(stem: str) -> bool:
        by_name = all(numeric[i] == "no" for i in lists[stem].values())
        return stem in (_NAMES if by_name else _PLACES) and any(
            lists[other].keys() == lists[stem].keys() for other in lists if other != stem
        )

    first = [columns[min(columns)] for stem, columns in lists.items() if is_list(stem)]
    fitting = [i for i in first if labels < 0 or (numeric[i] == "no") == (numeric[labels] == "no")]
    return next(iter([*fitting, *first]), -1)


def _is_ranking(numbers: Collection[int]) -> bool:
    return sorted(numbers) in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


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
    number = text.replace(",", ".") if decimal == "," else text
    return float(number.strip()[:-1]) / 100 if number.rstrip().endswith("%") else float(number)


def _scores(
    names: list[str], rest: list[int], numeric: Sequence[Numeric], known: frozenset[str], *, has_answers: bool
) -> tuple[list[int], tuple[str, ...] | None, Declared, bool]:
    """Positions and names of the scores, what their prefix says, and whether they are scores for certain."""
    for group, declared in _groups(names, [i for i in rest if names[i] not in known], known):
        if any(numeric[i] != "no" for i, _ in group):  # a cell that is none is refused, not passed over
            return [i for i, _ in group], tuple(name for _, name in group), declared, True
    bare = [i for i in rest if numeric[i] != "no" and (names[i] in known or names[i].lower() not in _NO_CLASSES)]
    is_class = any(names[i] in known for i in bare)
    if len(bare) < 2 or not (is_class or not has_answers):
        return [], None, "", False
    return bare, tuple(names[i] for i in bare), "", is_class


def _groups(
    names: list[str], rest: list[int], known: frozenset[str]
) -> Iterator[tuple[list[tuple[int, str]], Declared]]:
    """Columns with the same kind of word before the names; then behind them, where that leaves classes' names."""
    for pattern in (_PREFIXED, _SUFFIXED):
        every = [(i, fits) for i in rest if (fits := pattern.fullmatch(names[i]))]
        for kind, (_, declared) in enumerate(_KINDS):
            group = [(i, fits["name"].strip()) for i, fits in every if fits[f"k{kind}"]]
            if len(group) > 1 and (pattern is _PREFIXED or any(name in known for _, name in group)):
                yield group, declared


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


def numeric_of(cells: Sequence[str], decimal: str = ".") -> Numeric:
    """How far some cells of a column are numbers."""
    filled = [cell for cell in cells if cell.strip()]
    numbers = sum(is_number(cell, decimal) for cell in filled)
    if not numbers or 2 * numbers < len(filled):
        return "no"
    return "all" if numbers == len(filled) else "most"
