"""What may be known of a version besides its tensors: the file's other values, and the small files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.engine.recognise.values import value_of
from mpt_studio.errors import shown_name
from mpt_studio.reading import Need

MOST_BYTES = 8_000_000
"""Larger files beside a version are not read: an id2label of 20,000 classes has 2 MB."""

MOST_DEPTH = 6


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that ``describe`` may ask besides the tensors."""

    path: Path
    extras: Mapping[str, Any]
    """Everything in the file that is no tensor."""
    config: Mapping[str, Any]
    """``config.json`` beside the weights, as Hugging Face's hub and timm write it."""
    processor: Mapping[str, Any]
    """``preprocessor_config.json`` beside the weights."""
    wrapper: str
    sha256: str

    @property
    def folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    @property
    def name(self) -> str:
        """The file's or folder's own name, fit to be shown."""
        return shown_name(self.path)


def gather(path: Path, extras: Mapping[str, Any], wrapper: str, sha256: str) -> Evidence:
    """Read what lies beside ``path``; a file that is missing, too large or no JSON object counts as empty."""
    folder = path if path.is_dir() else path.parent
    config, processor = (_object(folder / name) for name in ("config.json", "preprocessor_config.json"))
    return Evidence(path=path, extras=extras, config=config, processor=processor, wrapper=wrapper, sha256=sha256)


def read_small(path: Path) -> str | None:
    """A small regular UTF-8 file's text; None for anything else."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None


def read_json(path: Path) -> Any:
    """A small JSON file's value; None where it cannot be read."""
    text = read_small(path)
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _object(path: Path) -> dict[str, Any]:
    value = read_json(path)
    return value if isinstance(value, dict) else {}


def mappings(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A mapping and those nested in it, outer ones first, each with its dotted name.

    Those in lists count, as the steps of a transformation are, and those that a text stands for.
    """
    level: list[tuple[str, Mapping[str, Any]]] = [("", values)]
    for _ in range(MOST_DEPTH):
        yield from level
        level = [
            (f"{name}.{key}".lstrip("."), found)
            for name, mapping in level
            for key, value in mapping.items()
            if isinstance(key, str)
            for found in _within(value)
        ]


def _within(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, str):
        value = _of_text(value)
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, list | tuple):
        yield from (part for part in value if isinstance(part, Mapping))


def _of_text(text: str) -> Any:
    """The value of a text that is JSON or a Python literal; of source code and printed objects, what is assigned."""
    if text.lstrip()[:1] in ("{", "["):
        return value_of(text)
    made: list[dict[str, Any]] = []
    if "mean" not in text and "size" not in text:
        return made
    for name, value in _ASSIGNED.findall(text)[:MOST_ASSIGNED]:  # what stands a second time begins a new mapping
        if not made or name in made[-1]:
            made.append({})
        made[-1][name] = value_of(value)
    return made


_ASSIGNED = re.compile(
    r"[\"']?\b(mean|std|to_rgb|bgr_to_rgb|(?:(?:crop|image|img|input)_)?size)[\"']?"
    r"\s*[=:]\s*(\[[^\[\]]*\]|\([^()]*\)|\d+|True|False)"
)
MOST_ASSIGNED = 1000


def reasons_of(on_names: tuple[str, ...], on_images: tuple[str, ...]) -> dict[Need, str]:
    """Why what is there was not taken: the last note on each."""
    every: dict[Need, tuple[str, ...]] = {"class_names": on_names, "preprocessing": on_images}
    return {need: notes[-1] for need, notes in every.items() if notes}
