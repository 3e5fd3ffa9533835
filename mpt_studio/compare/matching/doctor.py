"""The class doctor: which class of the old model is which of the update, by name; shifted classes are never compared.

A class of the old model has a counterpart of the same name, of the same name spelled otherwise (case, spaces,
underscores, hyphens, Unicode normal form), or one that a class map names. Anything else blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mpt_studio.compare.matching.class_map import NO_MAP, ClassMap
from mpt_studio.compare.matching.near import nearest
from mpt_studio.errors import UserError, a_few, one_sentence
from mpt_studio.predictions.names import all_whole, any_whole, respelled

PairKind = Literal["same", "reordered", "respelled", "mapped", "dropped", "added", "removed"]
PAIR_WORDS: dict[PairKind, str] = {
    "same": "same name",
    "reordered": "same name, at another place",
    "respelled": "same name, spelled otherwise",
    "mapped": "renamed by the class map",
    "dropped": "dropped knowingly, by the class map",
    "added": "only the update has it",
    "removed": "no counterpart in the update",
}
_SHOWN = 5
_SUGGESTED = 200
"""So many classes without a counterpart get a suggestion; with more, the lists have little to do with each other."""


@dataclass(frozen=True)
class Row:
    """One class, or a pair of them."""

    old: str
    """Empty for an added class."""
    new: str
    """Empty for one that is removed or dropped."""
    kind: PairKind
    suggestion: str = ""
    """For a removed class: the new name that comes nearest, if any comes near."""


@dataclass(frozen=True)
class Diagnosis:
    """Two class lists side by side."""

    rows: tuple[Row, ...]
    """The old model's classes in its order, then the added ones in the update's."""
    unexplained: tuple[str, ...]
    """Classes of the old model that have no counterpart and were not dropped knowingly."""
    problems: tuple[str, ...]
    """What blocks a comparison, one sentence each."""
    notes: tuple[str, ...] = ()
    """Names in the class map that neither list has."""

    @property
    def blocked(self) -> bool:
        """Whether the two lists cannot be compared."""
        return bool(self.problems)

    @property
    def renames(self) -> dict[str, str]:
        """Name of the old model → the update's name, where they differ."""
        return {row.old: row.new for row in self.rows if row.kind in ("respelled", "mapped") and row.old != row.new}

    @property
    def suggestions(self) -> dict[str, str]:
        """Unexplained name → a new name that comes near."""
        return {row.old: row.suggestion for row in self.rows if row.suggestion}

    def counts(self) -> dict[PairKind, int]:
        """Rows of each kind that occurs."""
        found = Counter(row.kind for row in self.rows)
        return {kind: found[kind] for kind in PAIR_WORDS if found[kind]}

    def refuse(self) -> None:
        """Raise ``UserError`` with all problems and what to do, where there are any."""
        if self.problems:
            raise UserError(" ".join(self.problems))

    def sentences(self) -> list[str]:
        """What was taken for the same though it is called otherwise, for people."""
        found = []
        for kind, words in (("respelled", "Spelled otherwise"), ("mapped", "Renamed by the class map")):
            pairs = [f"{row.old} → {row.new}" for row in self.rows if row.kind == kind]
            if pairs:
                found.append(f"{words}: {_listed(pairs)}.")
        dropped = [row.old for row in self.rows if row.kind == "dropped"]
        return [*found, f"Dropped knowingly: {_listed(dropped)}."] if dropped else found

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "blocked": self.blocked,
            "rows": [vars(row) for row in self.rows],
            "counts": self.counts(),
            "unexplained": list(self.unexplained),
            "suggestions": self.suggestions,
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def diagnose(
    old: Sequence[str],
    new: Sequence[str],
    class_map: ClassMap = NO_MAP,
    *,
    sides: tuple[str, str] = ("old model", "update"),
) -> Diagnosis:
    """Put two class lists side by side.

    Args:
        old, new: class names in the order of the outputs.
        class_map: what the user says about names; it goes before equal names.
        sides: what to call the two in sentences.
    """
    doubles = [_double(names, side) for names, side in zip((old, new), sides, strict=True)]
    if any(doubles):
        return Diagnosis((), (), tuple(filter(None, doubles)))
    matched, wrong, notes = _mapped(old, new, class_map, sides)
    _match_by_name(old, new, matched)
    moved = _moved(old, new, matched)
    left = [name for name in old if name not in matched]
    taken = {name for name, _ in matched.values()}
    added = [name for name in new if name not in taken]
    near = _near(left, added)
    rows = [
        Row(name, matched[name][0], "reordered" if matched[name][1] == "same" and name in moved else matched[name][1])
        if name in matched
        else Row(name, "", "removed", near.get(name, ""))
        for name in old
    ]
    rows += [Row("", name, "added") for name in added]
    problems = [*wrong, *_two_to_one(matched, sides), *_unexplained(left, old, new, near, sides)]
    return Diagnosis(tuple(rows), tuple(left), tuple(problems), notes)


Matched = dict[str, tuple[str, PairKind]]
"""Old name → (new name, how it was found)."""


def _double(names: Sequence[str], side: str) -> str:
    name = next((name for name, count in Counter(names).items() if count > 1), None)
    return (
        ""
        if name is None
        else f"The {side} lists the class {_quoted(name)} more than once; its outputs need names of their own."
    )


def _mapped(
    old: Sequence[str], new: Sequence[str], class_map: ClassMap, sides: tuple[str, str]
) -> tuple[Matched, list[str], tuple[str, ...]]:
    """What the class map says of these lists, what is wrong with it, and what it names besides."""
    spelled_old = respelled([name for name, _ in class_map.pairs], old)
    spelled_new = respelled(list(dict.fromkeys(name for _, name in class_map.pairs)), new)
    olds, news = set(old), set(new)
    matched: Matched = {}
    wrong, foreign = [], []
    for said_old, said_new in class_map.pairs:
        ours, theirs = spelled_old.get(said_old, said_old), spelled_new.get(said_new, said_new)
        if ours not in olds:
            foreign.append(said_old)
        elif not said_new:
            matched[ours] = "", "dropped"
        elif theirs not in news:
            wrong.append(f"The class map turns {_quoted(ours)} into {_quoted(theirs)}, which is not in the {sides[1]}.")
        else:
            matched[ours] = theirs, "same" if ours == theirs else "mapped"
    notes = (f"The class map names classes that the {sides[0]} does not have: {_listed(foreign)}.",) if foreign else ()
    return matched, wrong, notes


def _match_by_name(old: Sequence[str], new: Sequence[str], matched: Matched) -> None:
    """Add equal names, then equal spellings; a spelling counts only where one name on each side has it."""
    news = set(new)
    for name in old:
        if name not in matched and name in news:
            matched[name] = name, "same"
    other = respelled(old, new)
    taken = {name for name, _ in matched.values()}
    for name in old:
        if name not in matched and other.get(name, "") not in (taken | {""}):
            matched[name] = other[name], "respelled"


def _moved(old: Sequence[str], new: Sequence[str], matched: Matched) -> set[str]:
    """Old names whose place among the shared classes differs."""
    place = {name: i for i, name in enumerate(new)}
    shared = [name for name in old if name in matched and matched[name][0]]
    ranked = sorted(shared, key=lambda name: place[matched[name][0]])
    return {a for a, b in zip(shared, ranked, strict=True) if a != b}


def _two_to_one(matched: Matched, sides: tuple[str, str]) -> list[str]:
    olds: dict[str, list[str]] = {}
    for ours, (theirs, _) in matched.items():
        if theirs:
            olds.setdefault(theirs, []).append(ours)
    return [
        f"The {sides[0]}'s classes {_listed(names)} are both to be the {sides[1]}'s {_quoted(theirs)}; "
        "each needs a class of its own, or the class map has to drop one."
        for theirs, names in olds.items()
        if len(names) > 1
    ]


def _unexplained(
    left: list[str], old: Sequence[str], new: Sequence[str], near: dict[str, str], sides: tuple[str, str]
) -> list[str]:
    if not left:
        return []
    if (all_whole(old) and not any_whole(new)) or (all_whole(new) and not any_whole(old)):
        numbers, names = (0, 1) if all_whole(old) else (1, 0)
        lists = (old, new)
        return [
            f"The {sides[numbers]}'s classes are numbers ({_listed(lists[numbers], 3)}) and the {sides[names]}'s are "
            f"names ({_listed(lists[names], 3)}); list the names that the numbers stand for, or write a class map."
        ]
    text = f"{len(left):,} of the {sides[0]}'s classes without a counterpart in the {sides[1]}: {_listed(left)}"
    hint = next(((ours, theirs) for ours, theirs in near.items()), None)
    meant = f" (is {_quoted(hint[0])} its {_quoted(hint[1])}?)" if hint else ""
    return [
        f"{text}{meant}; write a class map with a line 'old name -> new name' for each, or 'old name ->' to drop it."
    ]


def _near(left: list[str], added: list[str]) -> dict[str, str]:
    """Names without a counterpart → the added name that comes nearest."""
    return {} if len(left) > _SUGGESTED or len(added) > 10 * _SUGGESTED else nearest(left, added)


def _listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    return a_few(names, shown, limit=40)


def _quoted(name: str) -> str:
    return repr(one_sentence(name, 40))
