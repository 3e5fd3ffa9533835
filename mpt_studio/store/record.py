"""``run.json``, ``update.json`` and ``search.json``: what they may hold, checked before anything else reads them.

One odd value makes one damaged entry. What is not named here is kept and not looked at.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from annotated_types import Interval

from mpt_studio import paths
from mpt_studio.errors import Damaged, UserError, one_sentence
from mpt_studio.events import finite
from mpt_studio.files import plain
from mpt_studio.made_of import STRICT, MisfitError, made_of
from mpt_studio.recipe import Recipe, UpdateRecipe, from_record
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store.disk import written_to

FORMAT = 1
MOST_BYTES = 64 << 20
State = Literal["queued", "running", "paused", "done", "stopped", "cancelled", "failed", "interrupted"]
Time = Annotated[float, Interval(ge=0, le=1e11)]
"""Seconds since 1970, of years that a calendar has."""
_MENDED = "mpt-studio check --repair makes it again as far as possible."
_AS_WRITTEN = {"strict": True, "allow_inf_nan": False}


@dataclass
class _Subset:
    __pydantic_config__ = _AS_WRITTEN

    samples: int = 0
    accuracy: float | None = None
    accuracy_new: float | None = None
    nfr: float | None = None


@dataclass
class _Subsets:
    __pydantic_config__ = _AS_WRITTEN

    all: _Subset | None = None
    old_classes: _Subset | None = None
    new_classes: _Subset | None = None
    own_classes: _Subset | None = None


@dataclass
class _Figures:
    __pydantic_config__ = _AS_WRITTEN

    test: _Subsets = field(default_factory=_Subsets)


@dataclass(kw_only=True)
class _Entry:
    __pydantic_config__ = _AS_WRITTEN

    recipe: dict[str, Any]
    created: Time
    ended: Time | None = None
    outcome: State
    message: str


@dataclass(kw_only=True)
class RunFields(_Entry):
    """What of ``run.json`` is read."""

    label: str
    update: str
    data_fingerprint: str
    class_names: list[str]
    figures: _Figures
    machine: dict[str, str | int]
    versions: dict[str, str]
    checkpoints: dict[str, dict[str, Any]]
    part: Literal["test", "validation"] = "test"
    saves: Annotated[int, Interval(ge=0)] = 0


@dataclass
class _Version(_Subsets):
    run: str | None = None
    label: str = ""
    method: str = ""
    role: str = ""
    checkpoint: str = ""
    predictions: str = ""


@dataclass
class _Result:
    __pydantic_config__ = _AS_WRITTEN

    data: dict[str, Any] = field(default_factory=dict)
    old: _Version | None = None
    candidates: list[_Version] = field(default_factory=list)
    recommended: dict[str, str] | None = None
    noise_floor: _Subsets | None = None


@dataclass
class _Member:
    __pydantic_config__ = _AS_WRITTEN

    run: str
    role: str
    method: str
    label: str


@dataclass(kw_only=True)
class UpdateFields(_Entry):
    """What of ``update.json`` is read."""

    title: str
    members: list[_Member]
    result: _Result | None


@dataclass
class _Trial:
    __pydantic_config__ = {**_AS_WRITTEN, **STRICT}

    number: int
    run: str
    label: str
    method: str
    parameters: dict[str, float | str]
    outcome: Literal["running", "done", "stopped", "failed"]
    message: str
    nfr: float | None
    accuracy: float | None
    accuracy_new_classes: float | None
    offset: float
    interpolation: float
    shortfall: float | None
    frontier: list[tuple[float, float, float, float]]
    seconds: float


@dataclass(kw_only=True)
class SearchFields(_Entry):
    """What of ``search.json`` is read."""

    title: str
    members: list[_Member]
    trials: list[_Trial]
    found: dict[str, Any]
    seconds: Annotated[float, Interval(ge=0)]
    result: dict[str, Any] | None


C = TypeVar("C", bound=Recipe | UpdateRecipe | SearchRecipe)


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a record. Raises ``UserError`` for newer ones, ``Damaged`` for what is none."""
    try:
        record = json.loads(plain.read(path, MOST_BYTES).decode(), parse_constant=_refuse, parse_float=_finite)
        newer = int(record["format"]) > FORMAT
    except FileNotFoundError:
        raise Damaged(f"{path.parent} is not complete: {path.name} is missing; {_MENDED}") from None
    except plain.NotAFile as error:
        raise _damaged(path, str(error)) from None
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if newer:
        raise UserError(f"{path.parent} was written by a newer MPT Studio; update the program to read it.")
    return cast(dict[str, Any], record)


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Replace the record as a whole."""
    with written_to(path.parent):
        paths.write_text(path, json.dumps(finite({"format": FORMAT, **record}), ensure_ascii=False, indent=1))


def check_fields(kind: type[RunFields | UpdateFields | SearchFields], path: Path, record: dict[str, Any]) -> None:
    """Raise ``Damaged`` where a value of a record is none that we write."""
    try:
        made_of(kind, record)
    except MisfitError as error:
        raise _damaged(path, f"{error.where}: {error}") from None


def read_recipe(kind: type[C], path: Path, values: dict[str, Any]) -> C:
    """The record's recipe. Raises ``UserError``: one of a newer program is not damaged."""
    try:
        return from_record(kind, values)
    except UserError as error:
        raise UserError(f"{path} cannot be read: {error}") from None


def _damaged(path: Path, reason: str) -> Damaged:
    return Damaged(f"{path} is damaged ({one_sentence(reason, 120)}); {_MENDED}")


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)
