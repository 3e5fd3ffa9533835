"""What ``inspect`` prints for people: one thing a line, with its name at the left."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

from mpt_studio.errors import one_sentence
from mpt_studio.units import file_size

Row = tuple[str, str]
_MOST_NAMES = 12
_MOST_TEXT = 2000


def text_of(record: dict[str, Any]) -> str:
    """The record of ``jobs.inspect``."""
    rows = list(_version(record) if record["kind"] == "version" else _rows(record))
    width = max(len(name) for name, _ in rows)
    room = max(40, min(shutil.get_terminal_size((120, 24)).columns, 160) - width - 2)
    return "\n".join(_wrapped(name, value, width, room) for name, value in rows)


def _wrapped(name: str, value: str, width: int, room: int) -> str:
    lines = textwrap.wrap(value, room, break_long_words=False, break_on_hyphens=False) or [""]
    head = f"{name:<{width}}  {lines[0]}".rstrip()
    return "\n".join([head, *(" " * (width + 2) + line for line in lines[1:])])


def _version(record: dict[str, Any]) -> Iterator[Row]:
    """A weights file from elsewhere: what was found, where from, and what is still to be said."""
    yield "version", str(record["path"])
    yield "container", f"{record['container']}, {file_size(record['bytes'])}"
    yield "sha256", record["sha256"]
    yield from _architecture(record)
    names = record["class_names"]
    nameless = f"{record['classes']:,}, without names" if record["classes"] else _BACKBONE
    yield "classes", f"{record['classes']:,}: {_names(names)}" if names else nameless
    if names:
        yield "  from", record["class_names_from"] or "?"
    if record["preprocessing"]:
        yield "preprocessing", _preprocessing(record["preprocessing"])
        yield "  from", record["preprocessing_from"] or "?"
    yield from _notes(record["notes"])
    for index, need in enumerate(record["needs"]):
        port = record["candidates"][0] if need == "architecture" and record["candidates"] else {}
        wanted = f"whether it is this; say so with --arch {port['arch']}" if port.get("agreement") else _NEEDS[need]
        yield "needed" if index == 0 else "", wanted
    if record["checkpoint"]:
        yield "ready as", record["checkpoint"]["path"]


def _notes(notes: list[str], indent: str = "") -> Iterator[Row]:
    """A note a line and whole: its end says what to do."""
    for index, note in enumerate(notes):
        yield f"{indent}notes" if index == 0 else "", one_sentence(note)


_BACKBONE = "none: a backbone without a head that is known here; a training can start from it"
_NEEDS = {
    "weights": "which weights to take; choose with --weights raw (as trained last) or --weights ema (averaged)",
    "architecture": "the architecture; choose one with --arch, or its stem with --small-stem on or off",
    "class_names": "the class names in the order of the outputs; give them with --classes FILE or --classes a,b,c",
    "preprocessing": "how images are prepared; give --image-size, --mean and --std",
}


def _architecture(record: dict[str, Any]) -> Iterator[Row]:
    numbers = f"{record['tensors']:,} tensors, {record['parameters']:,} parameters"
    candidates = record["candidates"]
    if not candidates:
        yield "architecture", f"unknown ({numbers})"
        return
    first, *others = candidates
    yield "architecture", f"{_candidate(first)} ({numbers})"
    if others:
        yield "  or", ", ".join(_candidate(other) for other in others[:_MOST_NAMES])
    if first["agreement"]:
        yield "  matched", f"{first['agreement']}; the names are another port's"
        yield from (("", line) for line in first["mapped"])


def _candidate(candidate: dict[str, Any]) -> str:
    stem = " with the stem for small images" if candidate["small_stem"] else ""
    difference = "" if candidate["exact"] else f": {candidate['difference']}"
    return one_sentence(f"{candidate['arch']}{stem}{difference}")


def _preprocessing(values: dict[str, Any]) -> str:
    size, resize = values["image_size"], values["resize"] or values["image_size"]
    cut = (
        f"shorter side to {resize}, centre {size}×{size}"
        if values["crop"] == "center"
        else f"squashed to {size}×{size}"
    )
    mean, std = (", ".join(f"{number:.4g}" for number in values[name]) for name in ("mean", "std"))
    return f"{cut}, {values['interpolation']}; mean {mean}; std {std}"


def _rows(values: dict[str, Any], indent: str = "") -> Iterator[Row]:
    """Nested values below their name, indented; what is empty is left out."""
    for name, value in values.items():
        if name == "preprocessing" and value:
            yield f"{indent}{name}", _preprocessing(value)
        elif name == "notes":
            yield from _notes(value, indent)
        elif isinstance(value, dict) and value:
            yield f"{indent}{name}", ""
            yield from _rows(value, indent + "  ")
        elif value not in ("", None, [], (), {}):
            yield f"{indent}{name}", _short(name, value)


def _short(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return _names([item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value])
    if name == "bytes":
        return file_size(value)
    return one_sentence(
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value), _MOST_TEXT
    )


def _names(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(one_sentence(name, 60) for name in names[:_MOST_NAMES])
    return f"{shown}, … ({len(names):,})" if len(names) > _MOST_NAMES else shown
