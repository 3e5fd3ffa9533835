"""From tensors to an architecture: the index gives the few that may fit, building them without memory confirms.

One architecture is taken where only one fits, where several compute the same, where the file names one, or where one of
them is torchvision's, which nearly all such files are. Else a person has to choose.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.onnx_graph import ONE_OUTPUT
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import dialects, fitting, hints, huggingface, index, signature
from mpt_studio.engine.recognise.evidence import Evidence
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.reading import Choices

MOST_BUILT = 12
"""So many functions with the same tensors are told apart by building them; the largest group has fewer."""


MOST_TRIED = 3
"""Ways to name the tensors that are compared with the closest architectures."""

MOST_HEADS = 12
"""Layers that are tried as a head of another name."""
_HEADS = ("head", "classifier", "fc", "linear", "last_linear", "logits", "output", "cls", "final", "projection")

LEAST_SIZE, MOST_SIZE = 8, 2048
"""Sides in pixels that a table of positions may ask for."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """An architecture that the tensors fit exactly."""

    entry: KnownArchitecture
    image_size: int
    """For which it fits: its own size, or what the tensors that follow the size say."""
    network: nn.Module
    """Without memory for its weights."""
    alike: tuple[KnownArchitecture, ...] = ()
    """Others that compute the same."""
    rivals: tuple[KnownArchitecture, ...] = ()
    """Others with the same tensors that compute something else, and are rarer."""

    @property
    def is_own_size(self) -> bool:
        return self.image_size == self.entry.image_size


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tensors are."""

    matches: tuple[Match, ...]
    """The one that was taken comes first."""
    decided: bool
    """Whether one was taken; else a person has to choose."""
    tensors: Mapping[str, Tensor]
    """Under the architecture's names."""
    classes: int
    notes: tuple[str, ...] = ()


def find(tensors: Mapping[str, Tensor], evidence: Evidence, choices: Choices) -> Found:
    """Recognise the architecture. Raises ``UserError`` where none fits, naming the closest one and the difference."""
    tried: list[signature.Shapes] = []
    for variant in (*huggingface.translated(tensors, evidence.config), *dialects.variants(tensors)):
        shapes = {name: tuple(tensor.shape) for name, tensor in variant.tensors.items()}
        for renamed, group, notes in _groups(variant.tensors, shapes, choices):
            matches = _matches(group, renamed, evidence)
            if matches:
                return _found(matches, renamed, evidence, choices, (*variant.notes, *notes))
        tried.append(shapes)
    raise UserError(_no_fit(tried, evidence, choices))


def _groups(
    tensors: Mapping[str, Tensor], shapes: signature.Shapes, choices: Choices
) -> Iterable[tuple[Mapping[str, Tensor], tuple[KnownArchitecture, ...], tuple[str, ...]]]:
    """Architectures with these tensors; then those with a head of another name, with the head renamed to theirs."""
    if choices.arch and not index.by_arch(choices.arch):  # newer than the index, or not known at all
        yield tensors, (index.made(choices.arch, bool(choices.small_stem)),), ()
    yield tensors, _usable(_chosen(index.same_shapes(shapes), choices)), ()
    for head in _possible_heads(shapes):
        for entry_head, group in index.same_bodies(shapes, head).items():
            names = dict(zip(head, entry_head, strict=False))
            if len(head) == len(entry_head) and names.keys() != set(entry_head):
                renamed = {names.get(name, name): tensor for name, tensor in tensors.items()}
                note = (
                    f"The head stands at {one_sentence(head[0], 60)}; layers without weights beside it are not known."
                )
                yield renamed, _usable(_chosen(group, choices)), (note,)


def _possible_heads(shapes: signature.Shapes) -> Iterable[tuple[str, ...]]:
    """Weight and bias of layers that could be the head, likely ones first: a file's order may be the alphabet's."""
    names = reversed(list(shapes))
    weights = [name for name in names if name.endswith("weight") and len(shapes[name]) in (2, 4)]
    kin = Counter(name.partition(".")[0] for name in weights)
    likely = sorted(weights, key=lambda name: (not name.startswith(_HEADS), kin[name.partition(".")[0]]))
    for weight in likely[:MOST_HEADS]:
        bias = weight.removesuffix("weight") + "bias"
        yield (weight, bias) if bias in shapes else (weight,)


def _chosen(group: tuple[KnownArchitecture, ...], choices: Choices) -> tuple[KnownArchitecture, ...]:
    if not choices.arch:
        return group
    named = [entry for entry in group if entry.arch == choices.arch]
    if choices.small_stem is not None and any(entry.small_stem == choices.small_stem for entry in named):
        named = [entry for entry in named if entry.small_stem == choices.small_stem]
    return tuple(named)


def _usable(group: tuple[KnownArchitecture, ...]) -> tuple[KnownArchitecture, ...]:
    usable = tuple(entry for entry in group if not entry.is_timm or timm_networks.is_installed())
    if group and not usable:
        raise timm_networks.needed_for(f"The architecture of this file ({group[0].arch})")
    return usable


def _matches(group: tuple[KnownArchitecture, ...], tensors: Mapping[str, Tensor], evidence: Evidence) -> list[Match]:
    """One match for each function that fits; those at their own size leave out those that had to be resized.

    Where torchvision's fits and nothing names another, timm, whose import takes seconds, is not asked.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    named, _ = hints.hinted(group, evidence)
    matches: list[Match] = []
    functions = _by_function(group, named)[:MOST_BUILT]
    for alike in functions:
        if best := _best(alike, shapes, evidence.config):
            matches.append(replace(best, alike=tuple(entry for entry in alike if entry is not best.entry)))
            if not best.entry.is_timm and named in (None, *alike):
                rivals = tuple(other[0] for other in functions if other is not alike)
                return [replace(matches[-1], rivals=rivals)]
    own = [match for match in matches if match.is_own_size]
    return own or matches


def _best(alike: list[KnownArchitecture], shapes: signature.Shapes, config: Mapping[str, Any]) -> Match | None:
    """The first that fits at its own size, else the first that fits at all."""
    resized: Match | None = None
    for entry in alike:
        match = _match(entry, shapes, config)
        if match and match.is_own_size:
            return match
        resized = resized or match
    return resized


def _by_function(
    group: tuple[KnownArchitecture, ...], named: KnownArchitecture | None
) -> list[list[KnownArchitecture]]:
    """Entries that compute the same together: in each the one that the file names first, then torchvision's."""
    functions: dict[str, list[KnownArchitecture]] = {}
    for entry in group:
        functions.setdefault(entry.function or entry.arch, []).append(entry)
    for alike in functions.values():
        alike.sort(key=lambda entry: (entry is not named, entry.is_timm, len(entry.arch)))
    return sorted(functions.values(), key=lambda alike: (named not in alike, all(entry.is_timm for entry in alike)))


def _match(entry: KnownArchitecture, shapes: signature.Shapes, config: Mapping[str, Any]) -> Match | None:
    """The architecture at its own size, or at the size that the shapes of its position tables ask for."""
    own = _built(entry, shapes, entry.image_size)
    if own is None:
        return None
    sizes = () if fitting.fit(shapes, shapes_of(own)).exact else _sizes(entry.image_size, shapes, shapes_of(own))
    for size, network in ((entry.image_size, own), *((size, _built(entry, shapes, size)) for size in sizes)):
        if (
            network
            and fitting.fit(shapes, shapes_of(network)).exact
            and huggingface.agrees(config, entry.arch, network)
        ):
            return Match(entry=entry, image_size=size, network=network)
    return None


def _built(entry: KnownArchitecture, shapes: signature.Shapes, image_size: int) -> nn.Module | None:
    head = shapes.get(entry.head[0])
    if not head or not head[0]:
        return None
    try:
        return without_memory(lambda: networks.build(entry.arch, head[0], entry.small_stem, image_size))
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


def _found(
    matches: list[Match], tensors: Mapping[str, Tensor], evidence: Evidence, choices: Choices, notes: tuple[str, ...]
) -> Found:
    named, where = hints.hinted([match.entry for match in matches], evidence)
    first = next((m for m in matches if m.entry is named), None)
    own = next((m for m in matches if not m.entry.is_timm), None)
    taken = first or own or matches[0]
    ordered = (taken, *(m for m in matches if m is not taken))
    decided = bool(first or own or len(matches) == 1)
    rivals = (*taken.rivals, *(m.entry for m in ordered[1:]))
    if rivals and decided:
        others = ", ".join(entry.arch for entry in rivals[:3])
        why = f"as {where} says" if first and not choices.arch else "the usual one"
        notes = (*notes, f"The tensors fit {others} as well; {taken.entry.arch} was taken, {why}.")
    classes = int(tensors[taken.entry.head[0]].shape[0])
    if classes == 1:
        raise UserError(f"{evidence.name} {ONE_OUTPUT}.")
    if fitting.is_for_grey({n: tuple(t.shape) for n, t in tensors.items()}, shapes_of(taken.network)):
        notes = (*notes, "The first convolution takes grey images; its weights were spread over red, green and blue.")
    return Found(matches=ordered, decided=decided, tensors=tensors, classes=classes, notes=notes)


def _no_fit(tried: list[signature.Shapes], evidence: Evidence, choices: Choices) -> str:
    """The sentence for tensors that no architecture has: the closest one, and what is different."""
    best: tuple[float, str, str] = (math.inf, "", "")
    for shapes in tried[:MOST_TRIED]:
        for entry in _near(shapes, choices):
            fit = _difference(entry, shapes)
            if fit.distance < best[0]:
                best = (fit.distance, entry.arch, fit.phrase() or _OTHER_SETTINGS)
    if not best[1]:
        return f"The tensors of {evidence.name} are no image classifier's of torchvision or timm that we know."
    _, arch, phrase = best
    if choices.arch:
        return one_sentence(f"{evidence.name} does not fit {arch}: it {phrase}.", 200)
    return one_sentence(f"{evidence.name} fits no architecture; next to {arch}, the closest, it {phrase}.", 200)


_OTHER_SETTINGS = "has other attention heads, windows or padding, as config.json says"


def _near(shapes: signature.Shapes, choices: Choices) -> Iterable[KnownArchitecture]:
    if choices.arch:
        known = index.by_arch(choices.arch)
        return known or (index.made(choices.arch, bool(choices.small_stem)),)
    usable = [entry for entry in index.entries() if not entry.is_timm or timm_networks.is_installed()]
    return (*index.same_names(shapes)[:2], *index.closest(shapes, usable, most=3))


def _difference(entry: KnownArchitecture, shapes: signature.Shapes) -> fitting.Fit:
    head = shapes.get(entry.head[0]) or (1000,)
    network = without_memory(lambda: networks.build(entry.arch, head[0], entry.small_stem, entry.image_size))
    return fitting.fit(shapes, shapes_of(network))
