"""One file or folder read: clean tensors, plain extras, and what was found on the way. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio import paths
from mpt_studio.engine.intake import extras, sniff, torch_file
from mpt_studio.engine.intake.opened import Opened, opened
from mpt_studio.engine.intake.selection import Selection, select
from mpt_studio.engine.intake.torch_file import Parsed
from mpt_studio.errors import UserError, one_sentence

if TYPE_CHECKING:
    from torch import Tensor

SENTENCE = 200
"""Characters of a refusal."""


@dataclass(frozen=True)
class Contents:
    """What a file of weights holds."""

    tensors: dict[str, Tensor]
    """Flat, without wrapper and prefixes; in the file's own types, possibly sharing memory with the file."""
    extras: dict[str, Any] = field(default_factory=dict)
    """Everything that is no tensor, as plain JSON-like values of bounded size."""
    container: str = ""
    """As ``Reading.container``."""
    wrapper: str = ""
    """Where the weights were ("state_dict"); empty for a bare state dict."""
    prefixes: tuple[str, ...] = ()
    """What was taken off every name, outermost first."""
    files: tuple[Path, ...] = ()
    sha256: str = ""
    bytes: int = 0
    notes: tuple[str, ...] = ()
    """One sentence each."""


def refusal(path: Path, reason: str) -> UserError:
    """The whole sentence of a reason that begins with a verb."""
    name = one_sentence(path.name or str(path), 60)
    return UserError(one_sentence(f"{name} {reason}", SENTENCE - 1).rstrip(".") + ".")


@dataclass(frozen=True)
class Outline:
    """What is known of a file before torch is there: every check that needs no torch has been passed."""

    path: Path
    size: int
    parsed: Parsed
    selection: Selection
    sha256: str


def read_contents(path: Path) -> Contents:
    """Read weights of any origin. Raises ``UserError``, one sentence of at most 200 characters, for all else."""
    return contents_from(outline_of(path))


def outline_of(path: Path) -> Outline:
    """The part of ``read_contents`` that needs no torch, where most bad files end. Raises ``UserError``."""
    with _refusals(path):
        with opened(path) as file:
            parsed = _parsed(file)
            size = file.size
        return Outline(path, size, parsed, select(parsed.value), paths.sha256_of(path))


def contents_from(outline: Outline) -> Contents:
    """The tensors of an outline. Imports torch. Raises ``UserError``."""
    from mpt_studio.engine.intake.tensors import load

    with _refusals(outline.path):
        parsed, selection = outline.parsed, outline.selection
        return Contents(
            tensors=load(outline.path, parsed, selection.leaves),
            extras=extras.plain(selection.rest),
            container=parsed.container,
            wrapper=selection.wrapper,
            prefixes=selection.prefixes,
            files=(outline.path,),
            sha256=outline.sha256,
            bytes=outline.size,
            notes=selection.notes,
        )


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Reasons become whole sentences."""
    try:
        yield
    except UserError as error:
        raise refusal(path, str(error)) from None
    except RecursionError:
        raise refusal(path, "is nested too deeply to be read") from None


def _parsed(file: Opened) -> Parsed:
    kind = sniff.kind_of(file)
    if kind == "zip":
        return torch_file.parse_zip(file)
    if kind == "legacy":
        return torch_file.parse_legacy(file)
    raise UserError(f"is {kind}, which is not read yet")
