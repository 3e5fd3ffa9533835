"""The index of architectures: enough of each to find the few that a file may hold without building them all.

``resources/architectures.json`` is made by ``packaging/make_architecture_index.py``.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torchvision

from mpt_studio import paths
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import order, signature
from mpt_studio.errors import UserError

FORMAT = 1
RESOURCE = "architectures.json"

UNUSUAL = 1013
"""A prime that no architecture has as a width: built with so many classes, the tensors that have it are the head."""


@dataclass(frozen=True, kw_only=True)
class KnownArchitecture:
    """One architecture in one of its forms."""

    arch: str
    small_stem: bool
    names: str
    """``signature.names_hash``."""
    body: str
    """The same without the head, for files whose head has another name."""
    shapes: str
    """``signature.shapes_hash``."""
    head: tuple[str, ...]
    """Names of the tensors whose size follows the number of classes, which the first one's first axis tells."""
    parameters: int
    """Numbers in all tensors but the head's."""
    image_size: int
    """Side in pixels that the architecture is made for."""
    function: str
    """Equal where names, shapes and the function computed are equal; empty where no other has these shapes."""
    sketch: frozenset[str]
    order: str
    """``order.digest`` of its body, for files whose names are another port's."""

    @property
    def bare(self) -> str:
        """The name within its library."""
        return self.arch.removeprefix("timm/")

    @property
    def is_timm(self) -> bool:
        return self.arch.startswith("timm/")


def made(arch: str, small_stem: bool) -> KnownArchitecture:
    """The entry of an architecture, by building it without memory. Raises ``UserError`` for an unknown one."""
    size = own_size(arch)
    network = without_memory(lambda: networks.build(arch, UNUSUAL, small_stem, size))
    return entry_of(arch, small_stem, size, shapes_of(network))


def entry_of(arch: str, small_stem: bool, image_size: int, shapes: signature.Shapes) -> KnownArchitecture:
    """The entry of an architecture with the shapes that it has for ``UNUSUAL`` classes."""
    head = tuple(name for name, shape in shapes.items() if UNUSUAL in shape)
    if not head or shapes[head[0]][0] != UNUSUAL:
        raise UserError(f"{arch} has no head for classes.")
    return KnownArchitecture(
        arch=arch,
        small_stem=small_stem,
        names=signature.names_hash(shapes),
        body=signature.names_hash(name for name in shapes if name not in head),
        shapes=signature.shapes_hash(shapes, head),
        head=head,
        parameters=sum(math.prod(shape) for name, shape in shapes.items() if name not in head),
        image_size=image_size,
        function="",
        sketch=signature.sketch(shapes, head),
        order=order.digest({name: shape for name, shape in shapes.items() if name not in head}),
    )


def own_size(arch: str) -> int:
    """Side in pixels of the images that an architecture is made for."""
    if arch == networks.SMALL:
        return 32
    if arch.startswith(timm_networks.PREFIX):
        return int(timm_networks.defaults(arch).get("input_size", (3, 224, 224))[-1])
    return int(torchvision.models.get_model_weights(networks.known(arch)).DEFAULT.transforms().crop_size[0])


@functools.cache
def entries() -> tuple[KnownArchitecture, ...]:
    """All that are known, torchvision's before timm's."""
    record = json.loads(paths.resource(RESOURCE).read_text("utf-8"))
    heads = [tuple(head.split(",")) for head in record["heads"]]
    return tuple(_entry(row, heads) for row in record["rows"])


def _entry(row: list[str | int], heads: list[tuple[str, ...]]) -> KnownArchitecture:
    arch, small, names, body, shapes, head, parameters, image_size, function, sketch, digest = row
    text = str(sketch)
    return KnownArchitecture(
        arch=str(arch),
        small_stem=bool(small),
        names=str(names),
        body=str(body),
        shapes=str(shapes),
        head=heads[int(head)],
        parameters=int(parameters),
        image_size=int(image_size),
        function=str(function),
        sketch=frozenset(text[i : i + 4] for i in range(0, len(text), 4)),
        order=str(digest),
    )


@functools.cache
def _groups(key: Literal["names", "body", "order"]) -> dict[str, tuple[KnownArchitecture, ...]]:
    groups: dict[str, list[KnownArchitecture]] = {}
    for entry in entries():
        groups.setdefault(getattr(entry, key), []).append(entry)
    return {names: tuple(group) for names, group in groups.items()}


def same_names(shapes: signature.Shapes) -> tuple[KnownArchitecture, ...]:
    """Architectures whose tensors have exactly these names."""
    return _groups("names").get(signature.names_hash(shapes), ())


def same_bodies(shapes: signature.Shapes, head: Iterable[str]) -> dict[tuple[str, ...], tuple[KnownArchitecture, ...]]:
    """Architectures with these names and shapes but for the head, by the names that their head has."""
    heads = frozenset(head)
    body = {name: shape for name, shape in shapes.items() if name not in heads}
    alike: dict[tuple[str, ...], list[KnownArchitecture]] = {}
    for entry in _groups("body").get(signature.names_hash(body), ()):
        if signature.shapes_hash(body, ()) == entry.shapes:
            alike.setdefault(entry.head, []).append(entry)
    return {names: tuple(group) for names, group in alike.items()}


def same_order(shapes: signature.Shapes, head: Iterable[str]) -> tuple[KnownArchitecture, ...]:
    """Architectures whose bodies list layers of these shapes in this order, whatever their names."""
    heads = frozenset(head)
    return _groups("order").get(order.digest({n: shape for n, shape in shapes.items() if n not in heads}), ())


def usable(group: tuple[KnownArchitecture, ...]) -> tuple[KnownArchitecture, ...]:
    """Those whose library is installed. Raises ``UserError`` where none is."""
    there = tuple(entry for entry in group if not entry.is_timm or timm_networks.is_installed())
    if group and not there:
        raise timm_networks.needed_for(f"The architecture of this file ({group[0].arch})")
    return there


def same_shapes(shapes: signature.Shapes) -> tuple[KnownArchitecture, ...]:
    """Those of ``same_names`` whose shapes are these too, but for the head and what follows the image's size."""
    return _of_shapes(same_names(shapes), shapes)


def _of_shapes(group: Iterable[KnownArchitecture], shapes: signature.Shapes) -> tuple[KnownArchitecture, ...]:
    group = tuple(group)
    hashes = {head: signature.shapes_hash(shapes, head) for head in {entry.head for entry in group}}
    return tuple(entry for entry in group if hashes[entry.head] == entry.shapes)


def closest(shapes: signature.Shapes, among: Iterable[KnownArchitecture]) -> tuple[KnownArchitecture, ...]:
    """The three that share most tensors with the file, by their sketches; those that share none are left out."""
    sketches: dict[tuple[str, ...], frozenset[str]] = {}
    ranked = []
    for entry in among:
        own = sketches.setdefault(entry.head, signature.sketch(shapes, entry.head))
        likeness = signature.likeness(own, entry.sketch)
        if likeness > 0:
            ranked.append((likeness, entry))
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(entry for _, entry in ranked[:3])


def by_arch(arch: str) -> tuple[KnownArchitecture, ...]:
    """The forms of one architecture."""
    return tuple(entry for entry in entries() if entry.arch == arch)
