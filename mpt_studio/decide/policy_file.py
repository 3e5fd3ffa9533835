"""A policy as a TOML file in the user's repository: read with a sentence for each mistake, written without losing their
comments."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from mpt_studio import paths
from mpt_studio.compare.files.id_list import read_ids
from mpt_studio.decide.policy import KEYS, SLICE_KEYS, IdSet, Key, Policy, Slice, shown
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import text_of

LARGEST = 1 << 20
_TABLES = ("accuracy", "nfr", "classes", "must_not_flip", "slices", "evidence", "review")
_FILES, _CRITERIA = "files", "criteria"
_POINTS_DIGITS = 10
"""Of points: as many as a person writes, fewer than what a division leaves."""


def read_policy(path: Path) -> Policy:
    """Read a policy and the lists of ids that it names. Raises ``UserError`` with the file, the table and the key."""
    path = paths.named(path)
    return _Reader(path, one_sentence(str(path), 120)).read()


def write_policy(path: Path, policy: Policy) -> None:
    """Write a policy; comments and order of a file that is there stay. Lists of ids stay where they are.

    Raises ``UserError`` where it cannot be written.
    """
    import tomlkit

    path = paths.named(path)
    document = tomlkit.parse(text_of(path, shown(str(path)), LARGEST)) if path.is_file() else tomlkit.document()
    _renew(document, _record(policy))
    text = tomlkit.dumps(document).encode("utf-8")
    paths.write_chosen(path, lambda temporary: temporary.write_bytes(text))


def moved(policy: Policy, before: Path, after: Path) -> Policy:
    """A policy whose lists are named as seen from another folder: relative where they lie in it, else in full."""
    sets = (
        replace(each, file=seen_from(after, before / paths.named(Path(each.file)))) for each in policy.must_not_flip
    )
    return replace(policy, must_not_flip=tuple(sets))


def seen_from(folder: Path, file: Path) -> str:
    """How a policy in a folder names a list."""
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _renew(there: Any, wanted: dict[str, Any]) -> None:
    """Bring a table to what is wanted; what is the same stays as it is written."""
    for name in [name for name in there if name not in wanted]:
        del there[name]
    for name, value in wanted.items():
        if isinstance(value, dict) and isinstance(there.get(name), dict):
            _renew(there[name], value)
        elif name not in there or there[name] != value:
            there[name] = value


def _record(policy: Policy) -> dict[str, Any]:
    """The file's tables."""
    plain = Policy()
    tables: dict[str, dict[str, Any]] = {}
    for key in KEYS:
        value = getattr(policy, key.field)
        if value is not None and (value != getattr(plain, key.field) or key.table == "evidence"):
            tables.setdefault(key.table, {})[key.name] = _written(key, value)
    stems = [s.file for s in policy.must_not_flip if s.file and Path(s.file).stem == s.name]
    named = {s.name: s.file for s in policy.must_not_flip if s.file and Path(s.file).stem != s.name}
    tables["must_not_flip"] = ({_FILES: stems} if stems else {}) | named
    tables["slices"] = {s.where: _slice_record(s) for s in policy.slices}
    tables["review"] = {_CRITERIA: list(policy.review)} if policy.review else {}
    return {name: tables[name] for name in _TABLES if tables.get(name)}


def _slice_record(part: Slice) -> dict[str, Any]:
    values = {key: getattr(part, key.field) for key in SLICE_KEYS}
    return {key.name: _written(key, value) for key, value in values.items() if value is not None}


def _written(key: Key, value: float) -> float:
    return round(100 * value, _POINTS_DIGITS) if key.unit == "points" else value


class _Reader:
    def __init__(self, path: Path, called: str) -> None:
        self.path, self.called = path, called

    def read(self) -> Policy:
        tables = self._parsed()
        for name, values in tables.items():
            self._known(f"has a table [{shown(name)}]", name, _TABLES)
            if not isinstance(values, dict):
                self._wrong(f"has {shown(name)} outside of a table; write [{name}] and keys below it")
        numbers = {
            key.field: value for key in KEYS if (value := self._number(key, tables.get(key.table, {}))) is not None
        }
        for name in {key.table for key in KEYS} & tables.keys():
            self._only(f"[{name}]", tables[name], [key.name for key in KEYS if key.table == name])
        sets = self._sets(tables.get("must_not_flip", {}))
        slices = tuple(self._slice(where, values) for where, values in tables.get("slices", {}).items())
        policy = Policy(**numbers, must_not_flip=sets, slices=slices)  # type: ignore[arg-type]
        return policy.replaced(review=self._review(tables.get("review", {}), policy))

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(text_of(self.path, f"The policy {self.called}", LARGEST))
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{self.called} is not TOML: {one_sentence(str(error), 200)}; mend that place.") from None
        except RecursionError:
            raise UserError(f"{self.called} is not a policy: it is nested too deep.") from None

    def _number(self, key: Key, table: dict[str, Any], where: str = "") -> float | None:
        if key.name not in table:
            return None
        given, place = table[key.name], where or f"[{key.table}]"
        value = given if isinstance(given, int | float) and not isinstance(given, bool) else math.nan
        value = round(value / 100, _POINTS_DIGITS + 2) if key.unit == "points" else value
        if not (math.isfinite(value) and key.fits(value)):
            self._wrong(f"{place} {key.name} is {shown(repr(given))}; it is {key.range}")
        return value

    def _sets(self, table: dict[str, Any]) -> tuple[IdSet, ...]:
        """The listed files under their stems, the others under their keys."""
        listed = self._texts("[must_not_flip]", _FILES, table)
        files = [(Path(file).stem, file) for file in listed]
        for name, file in table.items():
            if name != _FILES:
                if not isinstance(file, str):
                    self._wrong(
                        f"[must_not_flip] {shown(name)} is {shown(repr(file))}; it is the name of a file in quotes"
                    )
                files.append((name, file))
        for i, (name, _) in enumerate(files):
            if name in [other for other, _ in files[:i]]:
                self._wrong(f'[must_not_flip] has two sets {shown(name)!r}; name one of them: other_name = "file"')
        return tuple(IdSet(name, read_ids(self.path.parent / paths.named(file)), file) for name, file in files)

    def _slice(self, where: str, values: object) -> Slice:
        place = f"[slices] {shown(where)!r}"
        possible = " or ".join(key.name for key in SLICE_KEYS)
        if not isinstance(values, dict) or not values:
            self._wrong(f"{place} is {shown(repr(values))}; it takes {possible}, as in {{ max_nfr = 0.03 }}")
        self._only(place, values, [key.name for key in SLICE_KEYS])
        return Slice(where, **{key.field: self._number(key, values, place) for key in SLICE_KEYS})

    def _review(self, table: dict[str, Any], policy: Policy) -> tuple[str, ...]:
        self._only("[review]", table, [_CRITERIA])
        names, keys = self._texts("[review]", _CRITERIA, table), policy.keys()
        possible = [*keys, *dict.fromkeys(key.partition(".")[0] for key in keys)]
        for name in names:
            self._known(f"[review] {_CRITERIA} has {shown(repr(name))}", name, possible)
        return names

    def _texts(self, place: str, name: str, table: dict[str, Any]) -> tuple[str, ...]:
        values = table.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self._wrong(f'{place} {name} is {shown(repr(values))}; it is a list of texts, as in ["a", "b"]')
        return tuple(values)

    def _only(self, place: str, table: dict[str, Any], possible: list[str]) -> None:
        for name in table:
            self._known(f"{place} has a key {shown(repr(name))}", name, possible)

    def _known(self, what: str, name: str, possible: Iterable[str]) -> None:
        if name not in possible:
            self._wrong(
                f"{what}, which means nothing there; possible is {', '.join(map(shown, possible)) or 'nothing'}"
            )

    def _wrong(self, sentence: str) -> NoReturn:
        raise UserError(f"{self.called}: {sentence}." if sentence.startswith("[") else f"{self.called} {sentence}.")
