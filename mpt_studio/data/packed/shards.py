"""Tar shards in WebDataset's layout: ``000123.jpg`` beside ``000123.cls``, ``.json`` or ``.txt`` with its label."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpt_studio.data.manifest_table import LABEL_NAMES
from mpt_studio.data.packed.holding import Holding, Listed, holding_of
from mpt_studio.data.packed.members import Compressed, Damaged, Member, Window, members, read_at
from mpt_studio.data.scan import Found, composed
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.kinds import IMAGES, SHARDS, UNREADABLE_IMAGES
from mpt_studio.files.plain import MAX_BYTES, NotAFile, handle_of

LABELS = ("cls", "json", "txt")
"""Endings of members with a label; of several the first in this order counts."""
LABEL_KEYS = (*LABEL_NAMES, "cls")
LARGEST_LABEL = 64 << 10
_IMAGES = frozenset(suffix[1:] for suffix in (*IMAGES.suffixes, *UNREADABLE_IMAGES.suffixes))
MOST_COLUMNS, _LONGEST_TEXT = 50, 200


@dataclass
class _Sample:
    """The members with one key."""

    images: list[tuple[str, str, Member]] = field(default_factory=list)
    """Name, ending, member."""
    labels: dict[str, bytes] = field(default_factory=dict)
    reason: str = ""
    """Why it cannot be used."""


class Shards:
    """How shards are read."""

    kind, word = SHARDS, "shard"

    def listed(self, path: Path, found: Found) -> Holding:
        """The images of a shard, with their labels. Raises ``OSError``, ``UserError`` for one that is compressed."""
        handle = handle_of(path)
        samples: dict[str, _Sample] = {}
        skipped: list[tuple[str, str]] = []
        problem = ""
        try:
            file = Window(handle)
            for member in members(file):
                _sort_in(member, file, samples, skipped)
        except Damaged as damaged:
            problem = str(damaged)
        except Compressed:
            raise UserError(compressed(path.name)) from None
        finally:
            os.close(handle)
        images = list(_usable(samples, skipped))
        return holding_of(found, images, skipped, problem)

    def content(self, path: Path, at: int, size: int) -> bytes:
        """The bytes of one image. Raises ``OSError``."""
        if size > MAX_BYTES:
            raise NotAFile(f"larger than {MAX_BYTES >> 20} MB")
        handle = handle_of(path)
        try:
            return read_at(handle, at, size)
        finally:
            os.close(handle)


def compressed(name: str) -> str:
    """The sentence for an archive of which no member can be read by itself."""
    called = one_sentence(name, 80)
    return (
        f"{called} is compressed, so that no image in it can be read by itself; unpack it (gunzip, or tar -x for a "
        "folder of images), or write the shards as plain .tar: images are compressed already."
    )


def _sort_in(member: Member, file: Window, samples: dict[str, _Sample], skipped: list[tuple[str, str]]) -> None:
    try:
        name = composed(member.name.decode())
    except UnicodeDecodeError:
        skipped.append((one_sentence(member.name.decode(errors="replace"), 200), "its name is no valid text"))
        return
    name = name.removeprefix("./")
    folder, slash, base = name.rpartition("/")
    stem, _, ending = base.partition(".")
    if not stem or "/." in name or name[0] == ".":
        return  # hidden
    ending = ending.lower()
    is_image = ending.rpartition(".")[2] in _IMAGES
    if not is_image and ending not in LABELS:
        return
    sample = samples.setdefault(folder + slash + stem, _Sample())
    if member.other:
        skipped.append((name, member.other))
    elif is_image:
        sample.images.append((name, ending, member))
    elif ending in sample.labels:
        sample.reason = f"its .{ending} is in the shard twice"
    elif member.size > LARGEST_LABEL:
        sample.reason = f"its .{ending} is larger than {LARGEST_LABEL >> 10} kB"
    else:
        sample.labels[ending] = file.piece(member.at, member.size)


def _usable(samples: dict[str, _Sample], skipped: list[tuple[str, str]]) -> Iterator[Listed]:
    for key, sample in samples.items():
        plain = [each for each in sample.images if each[1] in _IMAGES] or sample.images
        if not plain:
            if "cls" in sample.labels:
                skipped.append((f"{key}.cls", "no image with a name like this label's"))
            continue
        name, _, member = plain[0]
        try:
            label, more = _label(sample.labels)
        except ValueError as error:
            sample.reason = sample.reason or str(error)
        if len(plain) > 1:
            doubled = plain[1][0] == name
            sample.reason = "it is in the shard twice" if doubled else f"{len(plain)} images have this name"
        if sample.reason:
            skipped.append((name, sample.reason))
        else:
            yield Listed(name, member.at, member.size, label, more)


def _label(of: dict[str, bytes]) -> tuple[str, dict[str, str]]:
    """The label and what else is said. Raises ``ValueError`` with a reason."""
    said = _record(of["json"]) if "json" in of else {}
    if "cls" in of:
        label = _text(of["cls"], "cls")
    elif "json" in of:
        label = next((said[key] for key in LABEL_KEYS if said.get(key)), "")
        if not label:
            raise ValueError(f"its .json says no label ({', '.join(LABEL_KEYS[:2])}, …)")
    elif "txt" in of:
        label = _text(of["txt"], "txt")
    else:
        raise ValueError("no label beside it (.cls, .json or .txt)")
    return label, {name: text for name, text in said.items() if name not in LABEL_KEYS}


def _text(content: bytes, ending: str) -> str:
    try:
        text = composed(content.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_TEXT:
        raise ValueError(f"its .{ending} is no label" if content.strip() else f"its .{ending} is empty")
    return text


def _record(content: bytes) -> dict[str, str]:
    """The texts and numbers of an object, by lower-case names; a text or number alone is a label."""
    try:
        said: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("its .json cannot be read") from None
    pairs = said.items() if isinstance(said, dict) else [(LABEL_KEYS[0], said)]
    plain = ((name, plain_text(value)) for name, value in pairs)
    texts = {name.lower() if name.lower() in LABEL_KEYS else name: text for name, text in plain if text}
    return dict(list(texts.items())[:MOST_COLUMNS])


def plain_text(value: Any) -> str:
    """A text or number as metadata have it; "" for anything else, and for what is too long or not for eyes."""
    text = composed(str(value).strip()) if isinstance(value, str | int | float) else ""
    return text if len(text) <= _LONGEST_TEXT and text.isprintable() else ""
