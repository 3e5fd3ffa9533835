"""Dataclasses made of JSON values and checked against their types.

Pydantic does it. It takes a tenth of a second to import, so that it comes with the first value that is read.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pydantic

T = TypeVar("T")
STRICT = {"extra": "forbid"}
"""As a class's ``__pydantic_config__``: a field that it does not have is refused."""


@dataclass
class MisfitError(ValueError):
    """The first value that does not fit; as text the reason."""

    where: str
    given: object
    reason: str
    is_unknown: bool
    """Whether the class has no such field."""

    def __str__(self) -> str:
        return self.reason


def made_of(cls: type[T], values: dict[str, Any], *, allow_nan: bool = True) -> T:
    """A ``cls`` of plain JSON values. Raises ``MisfitError``."""
    import pydantic

    try:
        made: T = _adapter(cls).validate_json(json.dumps(values, allow_nan=allow_nan))  # type: ignore[arg-type]
        return made
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        unknown = problem["type"] == "unexpected_keyword_argument"
        raise MisfitError(where, problem.get("input"), problem["msg"], unknown) from None


@functools.cache
def _adapter(cls: type) -> pydantic.TypeAdapter[Any]:
    import pydantic

    return pydantic.TypeAdapter(cls)
