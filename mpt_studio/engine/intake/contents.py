"""One file or folder read: clean tensors, plain extras, and what was found on the way. Runs only in the child."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.engine.intake import extras, safetensors_file, torch_file
from mpt_studio.engine.intake.averaged import Which
from mpt_studio.engine.intake.inert import ITEM_BYTES
from mpt_studio.engine.intake.parsed import Parsed
from mpt_studio.engine.intake.selection import Selection, select
from mpt_studio.errors import UserError
from mpt_studio.files.opened import Opened, opened, refusals
from mpt_studio.files.plain import sha256_of
from mpt_studio.files.sniff import WeightsKind, weights_kind
from mpt_studio.files.version_folder import weights_in

if TYPE_CHECKING:
    from torch import Tensor

ONNX = "ONNX"
_ROOM = 64 << 20


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
    has_both: bool = False
    """As ``Selection.has_both``."""


@dataclass(frozen=True)
class Outline:
    """What is known of a file before torch is there: every check that needs no torch has been passed."""

    path: Path
    size: int
    parsed: Parsed
    selection: Selection
    sha256: str

    @property
    def is_onnx(self) -> bool:
        """Then there are no tensors to read here: the graph is checked and kept as it is."""
        return self.parsed.container == ONNX


def outline_of(path: Path, sha256: str = "", which: Which = "") -> Outline:
    """The part of reading that needs no torch, where most bad files end.

    Raises ``UserError``, one sentence of at most 200 characters, for whatever is no file of weights.
    ``path`` may be a folder; the outline's is the file in it. ``sha256`` saves hashing where it is known. ``which``
    weights are wanted counts where there are raw and averaged ones.
    """
    with refusals(path):
        is_folder = path.is_dir()
        file_path = weights_in(path) if is_folder else path
        with opened(file_path) as file:
            parsed = _parsed(file)
        if is_folder and parsed.container != ONNX and (path / "config.json").is_file():
            parsed = dataclasses.replace(parsed, container="Hugging Face folder")
        size = sum(part.stat().st_size for part in parsed.files)
        selection = Selection({}) if parsed.container == ONNX else select(parsed.value, which)
        _check_total(selection, size)
        return Outline(file_path, size, parsed, selection, sha256 or sha256_of(file_path))


def _check_total(selection: Selection, size: int) -> None:
    """Tensors may share their numbers, as tied weights do, but not so often that the written file grows without end."""
    total = sum(leaf.record.count * ITEM_BYTES[leaf.record.dtype] for leaf in selection.leaves.values())
    if total > 2 * size + _ROOM:
        raise UserError(f"has {size >> 20} MB and would unpack to {total >> 20} MB: its tensors share their numbers")


def contents_from(outline: Outline) -> Contents:
    """The tensors of an outline. Imports torch. Raises ``UserError``."""
    from mpt_studio.engine.intake.tensors import load, notes_on, numbers

    with refusals(outline.path):
        if outline.is_onnx:
            raise UserError("is an ONNX graph, which has no tensors of its own")
        parsed, selection = outline.parsed, outline.selection
        tensors = load(parsed, selection.leaves)
        return Contents(
            tensors=tensors,
            extras=extras.plain({**parsed.told, **selection.rest}, lambda record: numbers(parsed, record)),
            container=parsed.container,
            wrapper=selection.wrapper,
            prefixes=selection.prefixes,
            files=parsed.files,
            sha256=outline.sha256,
            bytes=outline.size,
            notes=(*selection.notes, *notes_on(tensors)),
            has_both=selection.has_both,
        )


def _parsed(file: Opened) -> Parsed:
    kind = weights_kind(file)
    if kind == "onnx":
        return Parsed(None, ONNX, files=(file.path,))
    return _PARSERS[kind](file)


_PARSERS: dict[WeightsKind, Callable[[Opened], Parsed]] = {
    "zip": torch_file.parse_zip,
    "legacy": torch_file.parse_legacy,
    "safetensors": safetensors_file.parse_safetensors,
    "index": safetensors_file.parse_index,
}
