"""What a file, its name and the files beside it say about the architecture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mpt_studio.engine.recognise.evidence import Evidence, mappings
from mpt_studio.engine.recognise.index import KnownArchitecture

_KEYS = (
    "arch",
    "architecture",
    "model_name",
    "arch_name",
    "model",
    "backbone",
    "model_arch",
    "network",
    "net",
    "encoder",
)


def hinted(entries: Iterable[KnownArchitecture], evidence: Evidence) -> tuple[KnownArchitecture | None, str]:
    """The entry that is named, and where: "the file", "config.json", "the file's name"; None where none is.

    What the file itself says goes before its name; of several entries in its name the longest counts.
    """
    group = tuple(entries)
    for text, where in _said(evidence):
        wanted = _bare(text)
        for entry in group:
            if entry.bare.lower() == wanted and (entry.is_timm or "timm" not in text.lower()):
                return entry, where
        for entry in group:
            if entry.bare.lower() == wanted:
                return entry, where
    return _in_name(group, evidence), "the file's name"


def _said(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for values, where in ((evidence.extras, "the file"), (evidence.config, "config.json")):
        for _, mapping in mappings(values):
            for key in _KEYS:
                if isinstance(text := mapping.get(key), str):
                    yield text, where


def _bare(text: str) -> str:
    """ "hf-hub:timm/resnet50.a1_in1k" → "resnet50"."""
    return text.lower().rpartition("/")[2].rpartition(":")[2].partition(".")[0].replace("-", "_")


def _in_name(group: tuple[KnownArchitecture, ...], evidence: Evidence) -> KnownArchitecture | None:
    name = evidence.path.name
    text = re.sub(r"[^a-z0-9]+", "_", (name if evidence.path.is_dir() else f"{evidence.folder.name}_{name}").lower())
    named = [entry for entry in group if re.search(rf"(?<![a-z0-9]){re.escape(entry.bare.lower())}(?![a-z0-9])", text)]
    return max(named, key=lambda entry: (len(entry.bare), not entry.is_timm), default=None)
