"""Weights under the names of another port of an architecture, matched by the order and the shapes of their layers.

That is a proposal: a person has to say that it is this architecture, since networks may list the same layers and
compute something else with them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import index, order
from mpt_studio.engine.recognise.dialects import Variant, narrowed
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.engine.recognise.signature import Shapes, is_derived
from mpt_studio.errors import one_sentence

FEWEST = 8
"""With fewer layers, order and shapes say little."""
_UNFOLDS = ".w_msa."
"""In mmpretrain's names of Swin, whose merged patches lie in another order: see ``towers.in_swins_order``."""
_SHOWN = 3
"""Pairs of names that are shown from the beginning; the last one is shown too."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """A file's tensors under an architecture's names."""

    tensors: Mapping[str, Tensor]
    group: tuple[KnownArchitecture, ...]
    """Architectures with these very names."""
    pairs: tuple[tuple[str, str], ...]
    """Own and foreign name of each tensor."""
    of: int
    """Tensors that there are."""

    @property
    def agreement(self) -> str:
        return f"{len(self.pairs):,} of {self.of:,} tensors agree in order and shape"

    @property
    def mapped(self) -> tuple[str, ...]:
        """Some lines of the table: "conv_stem.weight ← _conv_stem.weight"."""
        lines = [f"{own} ← {one_sentence(theirs, 80)}" for own, theirs in self.pairs]
        rest = len(lines) - _SHOWN - 1
        return (*lines[:_SHOWN], f"… {rest:,} more", lines[-1]) if rest > 1 else tuple(lines)


def find(variant: Variant, head: tuple[str, ...], wanted: tuple[KnownArchitecture, ...]) -> Iterator[Port]:
    """Ports that a file may be, its head given; of ``wanted`` alone, where one is named."""
    shapes = {name: tuple(tensor.shape) for name, tensor in variant.tensors.items()}
    if any(_UNFOLDS in name for name in shapes):
        return
    found = narrowed(index.usable(index.same_order(shapes, head)), variant)
    for group in [(entry,) for entry in wanted] or _by_names(found):
        port = _port(variant.tensors, shapes, head, group, apart=bool(wanted))
        if port is not None:
            yield port


def difference(shapes: Shapes, entry: KnownArchitecture) -> str:
    """Where a file's layers part from an architecture's."""
    return order.first_difference(_without(shapes, ()), _own_shapes(entry))


def lies_as_in_tensorflow(shapes: Shapes) -> bool:
    """Whether all kernels lie as height, width, input, output: square and small in front, and not behind."""
    kernels = [shape for shape in shapes.values() if len(shape) == 4]
    turned = [s for s in kernels if s[0] == s[1] <= 11 and not s[2] == s[3] <= 11]
    return len(kernels) > 1 and len(turned) == len(kernels)


def _by_names(group: Iterable[KnownArchitecture]) -> list[tuple[KnownArchitecture, ...]]:
    alike: dict[tuple[str, tuple[str, ...]], list[KnownArchitecture]] = {}
    for entry in group:
        alike.setdefault((entry.names, entry.head), []).append(entry)
    return [tuple(entries) for entries in alike.values()]


def _port(
    tensors: Mapping[str, Tensor],
    shapes: Shapes,
    head: tuple[str, ...],
    group: tuple[KnownArchitecture, ...],
    *,
    apart: bool,
) -> Port | None:
    entry = group[0]
    if head and len(head) != len(entry.head):
        return None
    own = _own_shapes(entry)
    bodies = _without(shapes, head), _without(own, entry.head)
    names = order.aligned(*bodies) or (order.aligned(*bodies, apart=True) if apart else {})
    if len(names) < FEWEST:
        return None
    names |= _counters(shapes, names, own) | dict(zip(head, entry.head, strict=False))
    mapped = {names[name]: tensor for name, tensor in tensors.items() if name in names}
    classes = shapes[head[0]][0] if head else index.UNUSUAL
    wanted = {n: (classes, *own[n][1:]) if n in entry.head else own[n] for n in mapped}
    return Port(
        tensors={name: _shaped(tensor, wanted[name]) for name, tensor in mapped.items()},
        group=group,
        pairs=tuple((own_name, name) for name, own_name in names.items()),
        of=len(tensors),
    )


def _counters(shapes: Shapes, names: Mapping[str, str], own: Shapes) -> dict[str, str]:
    """Names of what is derived beside the layers, which a file may lack."""
    found: dict[str, str] = {}
    for name in shapes:
        place, _, last = name.rpartition(".")
        beside = names.get(f"{place}.weight", "").removesuffix("weight") + last
        if is_derived(name) and own.get(beside) == shapes[name]:
            found[name] = beside
    return found


@functools.lru_cache(8)
def _own_shapes(entry: KnownArchitecture) -> Shapes:
    size = entry.image_size
    return shapes_of(without_memory(lambda: networks.build(entry.arch, index.UNUSUAL, entry.small_stem, size)))


def _without(shapes: Shapes, head: Iterable[str]) -> dict[str, tuple[int, ...]]:
    out = frozenset(head)
    return {name: shape for name, shape in shapes.items() if name not in out and not is_derived(name)}


def _shaped(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Where only axes of length one differ, with the architecture's."""
    return tensor.reshape(shape) if tensor.numel() == math.prod(shape) else tensor
