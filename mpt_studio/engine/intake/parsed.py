"""A file whose structure is known and checked, before any tensor of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

ByteOrder = Literal["little", "big"]


class Place(NamedTuple):
    """Where a storage's bytes lie."""

    file: int
    """Index into the files."""
    start: int
    length: int


@dataclass(frozen=True)
class Parsed:
    """What a container holds, as inert objects."""

    value: Any
    """Dicts, lists, tuples, scalars, ``TensorRecord`` and ``Stub``."""
    container: str
    """As ``Reading.container``."""
    is_plain: bool = False
    """Whether ``torch.load(weights_only=True)`` can read it; the inert reader takes the others' tensors."""
    byte_order: ByteOrder = "little"
    files: tuple[Path, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)
    """By the key of the storage."""
    told: dict[str, str] = field(default_factory=dict)
    """What the container says beside its tensors."""
