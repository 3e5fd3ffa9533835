"""Whether tensors fit an architecture exactly: it is built without memory, and every name and shape is compared."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import fitting, hints, huggingface, index, signature
from mpt_studio.engine.recognise.evidence import Evidence
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.engine.recognise.ports import Port

MOST_BUILT = 12
"""So many functions with the same tensors are told apart by building them; the largest group has fewer."""

LEAST_SIZE, MOST_SIZE = 8, 2048
"""Sides in pixels that a table of positions may ask for."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A file's tensors under the names of some architectures."""

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    headless: bool = False
    """Whether there is a backbone without a head for classes."""
    port: Port | None = None
    """Where the names were another port's: how the tensors were matched."""

    @functools.cached_property
    def shapes(self) -> signature.Shapes:
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}

    def classes(self, entry: KnownArchitecture) -> int:
        """Outputs of the head; 0 where it is no head."""
        return index.UNUSUAL if self.headless else next(iter(self.shapes.get(entry.head[0], ())), 0)

    def differs(self, entry: KnownArchitecture, network: nn.Module) -> bool:
        own = shapes_of(network)
        head = {name: own[name] for name in entry.head} if self.headless else {}
        return not fitting.fit({**self.shapes, **head}, own).exact


@dataclass(frozen=True, kw_only=True)
class Match:
    """An architecture that the tensors fit exactly."""

    entry: KnownArchitecture
    image_size: int
    """For which it fits: its own size, or what the tensors that follow the size say."""
    network: nn.Module
    """Without memory for its weights."""
    named: Named
    alike: tuple[KnownArchitecture, ...] = ()
    """Others that compute the same."""
    rivals: tuple[KnownArchitecture, ...] = ()
    """Others with the same tensors that compute something else, and are rarer."""

    @property
    def is_own_size(self) -> bool:
        return self.image_size == self.entry.image_size

    @property
    def classes(self) -> int:
        return 0 if self.named.headless else self.named.classes(self.entry)

    def body(self) -> dict[str, Tensor]:
        """The tensors as the network has them, but for its head."""
        return {n: t for n, t in fitting.adapted(self.named.tensors, self.network).items() if n not in self.entry.head}


def matches_in(group: tuple[KnownArchitecture, ...], named: Named, evidence: Evidence) -> list[Match]:
    """One match for each function that fits; those at their own size leave out those that had to be resized.

    Where torchvision's fits by its names and nothing names another, timm, whose import takes seconds, is not asked.
    """
    hinted, _ = hints.hinted(group, evidence)
    matches: list[Match] = []
    functions = _by_function(group, hinted)[:MOST_BUILT]
    for alike in functions:
        if best := _best(alike, named, evidence.config):
            matches.append(replace(best, alike=tuple(entry for entry in alike if entry is not best.entry)))
            if named.port is None and not best.entry.is_timm and hinted in (None, *alike):
                rivals = tuple(other[0] for other in functions if other is not alike)
                return [replace(matches[-1], rivals=rivals)]
    own = [match for match in matches if match.is_own_size]
    return own or matches


def _best(alike: list[KnownArchitecture], named: Named, config: Mapping[str, Any]) -> Match | None:
    """The first that fits at its own size, else the first that fits at all."""
    resized: Match | None = None
    for entry in alike:
        match = _match(entry, named, config)
        if match and match.is_own_size:
            return match
        resized = resized or match
    return resized


def _by_function(
    group: tuple[KnownArchitecture, ...], hinted: KnownArchitecture | None
) -> list[list[KnownArchitecture]]:
    """Entries that compute the same together: in each the one that the file names first, then torchvision's."""
    functions: dict[str, list[KnownArchitecture]] = {}
    for entry in group:
        functions.setdefault(entry.function or entry.arch, []).append(entry)
    for alike in functions.values():
        alike.sort(key=lambda entry: (entry is not hinted, entry.is_timm, len(entry.arch)))
    return sorted(functions.values(), key=lambda alike: (hinted not in alike, all(entry.is_timm for entry in alike)))


def _match(entry: KnownArchitecture, named: Named, config: Mapping[str, Any]) -> Match | None:
    """The architecture at its own size, or at the size that the shapes of its position tables ask for."""
    own = _built(entry, named, entry.image_size)
    if own is None:
        return None
    sizes = _sizes(entry.image_size, named.shapes, shapes_of(own)) if named.differs(entry, own) else ()
    for size, network in ((entry.image_size, own), *((size, _built(entry, named, size)) for size in sizes)):
        if network and not named.differs(entry, network) and huggingface.agrees(config, entry.arch, network):
            return Match(entry=entry, image_size=size, network=network, named=named)
    return None


def _built(entry: KnownArchitecture, named: Named, image_size: int) -> nn.Module | None:
    classes = named.classes(entry)
    if not classes:
        return None
    try:
        return without_memory(lambda: networks.build(entry.arch, classes, entry.small_stem, image_size))
    except (RuntimeError, ValueError, AssertionError, TypeError):  # a size that the architecture cannot take
        return None


def _sizes(image_size: int, found: signature.Shapes, own: signature.Shapes) -> list[int]:
    """Sizes at which a table of positions would have the shape that it has in the file.

    A table has one row per patch, and up to five besides for class tokens and registers, or the map's height.
    """
    for name, shape in own.items():
        if signature.follows_size(name) and found.get(name, shape) != shape and len(found[name]) == len(shape):
            pairs = [(a, b) for a, b in zip(found[name], shape, strict=True) if a != b]
            roots = [
                _root(a - extra) / _root(b - extra) for extra in range(6) for a, b in pairs[:1] if _square(a, b, extra)
            ]
            sizes = [round(image_size * ratio) for ratio in (*roots, pairs[0][0] / pairs[0][1])]
            return [size for size in sizes if LEAST_SIZE <= size <= MOST_SIZE]
    return []


def _square(a: int, b: int, extra: int) -> bool:
    return min(a, b) > extra and _root(a - extra) ** 2 == a - extra and _root(b - extra) ** 2 == b - extra


def _root(number: int) -> int:
    return math.isqrt(number)
