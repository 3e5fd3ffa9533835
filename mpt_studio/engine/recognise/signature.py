"""What identifies an architecture: the names and shapes of its tensors, as short hashes that an index can hold.

Left out are the head, whose size depends on the task, whatever depends on the image's size, and buffers that are
derived and come and go between versions of a library.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]

DERIVED = (
    "num_batches_tracked",
    "relative_position_index",
    "relative_coords_table",
    "attn_mask",
    "attention_bias_idxs",
    "position_ids",
    "total_ops",
    "total_params",
)
"""Last parts of the names of buffers that hold nothing learned (the last two are left behind by a FLOP counter)."""

_OF_SIZE = ("pos_embed", "position_embedding", "pos_emb", "relative_position", "rel_pos", "attention_bias")
"""Parts of the names of tensors whose shape follows the image's size."""

SKETCH = 12


def is_derived(name: str) -> bool:
    """Whether a tensor holds nothing that was learned."""
    return name.rpartition(".")[2] in DERIVED


def follows_size(name: str) -> bool:
    """Whether a tensor's shape may depend on the image's size."""
    return any(part in name for part in _OF_SIZE)


def names_hash(names: Iterable[str]) -> str:
    """Ten hex digits over the names, whatever their order."""
    return _hash(sorted(name for name in names if not is_derived(name)))


def shapes_hash(shapes: Shapes, head: Iterable[str]) -> str:
    """Ten hex digits over names and shapes of all that does not depend on the task or the image's size."""
    return _hash(_bodies(shapes, frozenset(head)))


def sketch(shapes: Shapes, head: Iterable[str] = ()) -> frozenset[str]:
    """The ``SKETCH`` smallest 24-bit hashes of names with shapes: two sets' overlap estimates that of the tensors."""
    lines = _bodies(shapes, frozenset(head))
    return frozenset(sorted({_short(line) for line in lines})[:SKETCH])


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of common tensors, estimated from two sketches (bottom-k MinHash, Broder 1997)."""
    smallest = sorted(one | other)[:SKETCH]
    return sum(value in one and value in other for value in smallest) / max(1, len(smallest))


def _bodies(shapes: Shapes, head: frozenset[str]) -> list[str]:
    kept = (name for name in sorted(shapes) if name not in head and not is_derived(name))
    return [name if follows_size(name) else f"{name} {_without_colour(shapes[name])}" for name in kept]


def _without_colour(shape: tuple[int, ...]) -> list[int]:
    """The first convolution of a network for grey images counts as one for colours."""
    return [shape[0], 1, *shape[2:]] if len(shape) == 4 and shape[1] == 3 else list(shape)


def shape_text(shape: tuple[int, ...]) -> str:
    """ "64×3×7×7"."""
    return "×".join(map(str, shape)) or "a single number"


def _hash(lines: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "replace"), digest_size=5).hexdigest()


def _short(line: str) -> str:
    digest = hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=3).digest()
    return base64.b64encode(digest).decode()
