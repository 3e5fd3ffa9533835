"""From tensors to an architecture: the index gives the few that may fit, building them without memory confirms.

One architecture is taken where only one fits, where several compute the same, where the file names one, or where one of
them is torchvision's, which nearly all such files are. Else a person has to choose; also where the names are another
port's, so that only the order and the shapes of the layers speak for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.onnx_graph import ONE_OUTPUT
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import dialects, fitting, hints, huggingface, index, ports, signature
from mpt_studio.engine.recognise.dialects import Variant
from mpt_studio.engine.recognise.evidence import Evidence
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.engine.recognise.match import Match, Named, matches_in
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.reading import Choices

MOST_TRIED = 3
"""Ways to name the tensors that are compared with the closest architectures."""

MOST_TENSORS = 20_000
"""More than any network has; their order is not looked at."""

MOST_HEADS = 12
"""Layers that are tried as a head of another name."""
_HEADS = ("head", "classifier", "fc", "linear", "last_linear", "logits", "output", "cls", "final", "projection")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tensors are."""

    matches: tuple[Match, ...]
    """The one that was taken comes first."""
    decided: bool
    """Whether one was taken; else a person has to choose."""
    notes: tuple[str, ...] = ()


def find(tensors: Mapping[str, Tensor], evidence: Evidence, choices: Choices) -> Found:
    """Recognise the architecture, of a backbone too where there is no head that is known.

    Raises ``UserError`` where none fits, naming the closest one and the difference.
    """
    translated = tuple(v.read_from(tensors) for v in huggingface.translated(tensors, evidence.config))
    variants = (*translated, *(v.read_from(tensors) for v in dialects.variants(tensors)))
    for way in (_by_name, _by_order, _headless, _headless_port):
        for variant in variants if way in (_by_name, _by_order) else (*translated, *dialects.backbones(tensors)):
            found = _first(way(variant, choices), evidence, choices)
            if found is not None:
                return found
    own_names = huggingface.own_names(tensors, evidence.config)
    raise UserError(_no_fit(variants, own_names, evidence, choices))


Ways = Iterator[tuple[Named, tuple[KnownArchitecture, ...]]]
"""A file's tensors under the names of a group of architectures that they may be."""


def _first(ways: Ways, evidence: Evidence, choices: Choices) -> Found | None:
    """What the first names that fit anything are; of another port's names, all that fit count."""
    matches: list[Match] = []
    for named, group in ways:
        known = [match.entry for match in matches]
        matches += [m for m in matches_in(index.usable(group), named, evidence) if m.entry not in known]
        if matches and (named.port is None or choices.arch):
            break
    return _found(matches, evidence, choices) if matches else None


def _by_name(variant: Variant, choices: Choices) -> Ways:
    """Architectures with these tensors; then those with a head of another name, with the head renamed to theirs."""
    plain = Named(tensors=variant.tensors, notes=variant.notes)
    if choices.arch and not index.by_arch(choices.arch):  # newer than the index, or not known at all
        yield plain, _wanted(choices)
    yield plain, _chosen(index.same_shapes(plain.shapes), choices)
    for head in _possible_heads(plain.shapes):
        for entry_head, group in index.same_bodies(plain.shapes, head).items():
            names = dict(zip(head, entry_head, strict=False))
            if len(head) == len(entry_head) and names.keys() != set(entry_head):
                renamed = {names.get(name, name): tensor for name, tensor in variant.tensors.items()}
                place = one_sentence(variant.in_file[head[0]], 60)
                note = f"The head stands at {place}; layers without weights beside it are not known."
                yield Named(tensors=renamed, notes=(*variant.notes, note)), _chosen(group, choices)


def _headless(variant: Variant, choices: Choices) -> Ways:
    named = Named(tensors=variant.tensors, notes=variant.notes, headless=True)
    for group in index.same_bodies(named.shapes, ()).values():
        yield named, dialects.narrowed(_chosen(group, choices), variant)


def _by_order(variant: Variant, choices: Choices) -> Ways:
    return _ports(variant, _possible_heads(_shapes(variant)), choices)


def _headless_port(variant: Variant, choices: Choices) -> Ways:
    return _ports(variant, ((),), choices)


def _ports(variant: Variant, heads: Iterable[tuple[str, ...]], choices: Choices) -> Ways:
    for head in heads if len(variant.tensors) <= MOST_TENSORS else ():
        for port in ports.find(variant, head, _wanted(choices)):
            yield Named(tensors=port.tensors, notes=variant.notes, headless=not head, port=port), port.group


def _wanted(choices: Choices) -> tuple[KnownArchitecture, ...]:
    """The forms of the architecture that a person named; nothing where none was named."""
    if not choices.arch:
        return ()
    known = index.by_arch(choices.arch) or (index.made(choices.arch, bool(choices.small_stem)),)
    return _chosen(known, choices)


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


def _shapes(variant: Variant) -> signature.Shapes:
    return {name: tuple(tensor.shape) for name, tensor in variant.tensors.items()}


def _found(matches: list[Match], evidence: Evidence, choices: Choices) -> Found:
    named, where = hints.hinted([match.entry for match in matches], evidence)
    first = next((m for m in matches if m.entry is named), None)
    own = next((m for m in matches if not m.entry.is_timm), None)
    taken = first or own or matches[0]
    ordered = (taken, *(m for m in matches if m is not taken))
    decided = bool(choices.arch if taken.named.port else (first or own or len(matches) == 1))
    notes = taken.named.notes
    rivals = (*taken.rivals, *(m.entry for m in ordered[1:]))
    if rivals and decided:
        others = ", ".join(entry.arch for entry in rivals[:3])
        why = f"as {where} says" if first and not choices.arch else "the usual one"
        notes = (*notes, f"The tensors fit {others} as well; {taken.entry.arch} was taken, {why}.")
    if taken.named.port and decided:
        notes = (*notes, f"Their names are another port's: {taken.named.port.agreement}, as you confirmed.")
    if taken.classes == 1:
        raise UserError(f"{evidence.name} {ONE_OUTPUT}.")
    if fitting.is_for_grey(taken.named.shapes, shapes_of(taken.network)):
        notes = (*notes, "The first convolution takes grey images; its weights were spread over red, green and blue.")
    return Found(matches=ordered, decided=decided, notes=notes)


def _no_fit(variants: tuple[Variant, ...], own_names: Mapping[str, str], evidence: Evidence, choices: Choices) -> str:
    """The sentence for tensors that no architecture has: the closest one, and what is different."""
    if ports.lies_as_in_tensorflow(_shapes(variants[0])):
        return (
            f"The kernels of {evidence.name} lie as TensorFlow keeps them (height, width, input, output); "
            "convert them to PyTorch's order, or export the model to ONNX."
        )
    best: tuple[float, str, str] = (math.inf, "", "")
    for variant in variants[:MOST_TRIED]:
        shapes = _shapes(variant)
        for entry in _near(shapes, choices):
            fit = _difference(entry, shapes).said_as({**variant.in_file, **own_names})
            if fit.distance < best[0]:
                alien = len(fit.left_over) == sum(not signature.is_derived(name) for name in shapes)
                phrase = ports.difference(shapes, entry) if alien else fit.phrase() or _OTHER_SETTINGS
                best = (fit.distance, entry.arch, phrase)
    if not best[1]:
        unknown = "are no image classifier's of torchvision or timm that we know"
        kind = evidence.config.get("model_type")
        if isinstance(kind, str):
            of = f"{evidence.name}, transformers' {one_sentence(kind, 40)}"
            return f"The tensors of {of}, {unknown}; export it to ONNX to evaluate it."
        return f"The tensors of {evidence.name} {unknown}."
    _, arch, phrase = best
    if choices.arch:
        return one_sentence(f"{evidence.name} does not fit {arch}: it {phrase}.", 200)
    return one_sentence(f"{evidence.name} fits no architecture; next to {arch}, the closest, it {phrase}.", 200)


_OTHER_SETTINGS = "has other attention heads, windows or padding, as config.json says"


def _near(shapes: signature.Shapes, choices: Choices) -> Iterable[KnownArchitecture]:
    if choices.arch:
        return _wanted(choices)
    usable = [entry for entry in index.entries() if not entry.is_timm or timm_networks.is_installed()]
    return (*index.same_names(shapes)[:2], *index.closest(shapes, usable))


def _difference(entry: KnownArchitecture, shapes: signature.Shapes) -> fitting.Fit:
    head = shapes.get(entry.head[0]) or (1000,)
    network = without_memory(lambda: networks.build(entry.arch, head[0], entry.small_stem, entry.image_size))
    return fitting.fit(shapes, shapes_of(network))
