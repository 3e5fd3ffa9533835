"""Layers in the order in which a network lists them: what is left to compare where the names are another port's.

A layer is what shares the name before ``weight``, ``bias`` and the running statistics, so that it does not matter
whether a file lists buffers after all parameters. What stands alone (a class token, a layer's scale) is a list of its
own: some ports list it at a block's beginning, some at its end. Axes of length one do not count: a linear layer is a
1×1 convolution. Nothing else may differ, since two layers of equal shape that are swapped show nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mpt_studio.engine.recognise.signature import Shapes, follows_size, is_derived, shape_text

_ROLES = ("weight", "bias", "running_mean", "running_var")

Row = tuple[str, ...]
"""A layer's tensors in the order of their roles, or one that stands alone."""
Lists = tuple[list[Row], ...]
"""Layers; what stands alone; tables that follow the image's size."""


def digest(shapes: Shapes) -> str:
    """Ten hex digits over the order and shapes of a body, which is a network without its head."""
    layers, alone, _ = _lists(shapes)
    lines = [_form(row, shapes) for row in (*layers, ("",), *alone)]
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=5).hexdigest()


def aligned(found: Shapes, own: Shapes, *, apart: bool = False) -> dict[str, str]:
    """The own names of a file's tensors; empty where order or shapes differ. Both are bodies.

    With ``apart``, layers with a matrix and those without, such as norms, count as two lists, for ports that list a
    block's convolutions before its norms.
    """
    names: dict[str, str] = {}
    theirs, ours = (_apart(_lists(shapes), shapes) if apart else _lists(shapes) for shapes in (found, own))
    for number, (some, others) in enumerate(zip(theirs, ours, strict=True)):
        sized = number == len(ours) - 1
        if len(some) != len(others):
            return {}
        for one, other in zip(some, others, strict=True):
            if not sized and _form(one, found) != _form(other, own):
                return {}
            names.update(zip(one, other, strict=True))
    return names


def first_difference(found: Shapes, own: Shapes) -> str:
    """Where two bodies part: "the layer stem.conv (32×3×3×3) where conv_stem has 64×3×3×3"."""
    theirs, ours = _lists(found)[0], _lists(own)[0]
    for one, other in zip(theirs, ours, strict=False):
        if _form(one, found) != _form(other, own):
            return f"has {one[0]} ({shape_text(found[one[0]])}) where {other[0]} has {shape_text(own[other[0]])}"
    return f"has {len(theirs)} layers, not {len(ours)}"


def _lists(shapes: Shapes) -> Lists:
    layers: dict[str, dict[str, str]] = {}
    alone: list[Row] = []
    for name in shapes:
        place, _, role = name.rpartition(".")
        if role in _ROLES:
            layers.setdefault(place, {})[role] = name
        elif not is_derived(name):
            layers[f"{place}.{role}"] = {"": name}
    rows: list[Row] = [tuple(parts[role] for role in (*_ROLES, "") if role in parts) for parts in layers.values()]
    alone = [row for row in rows if len(row) == 1 and (_is_alone(row[0], shapes))]
    kept = set(alone)
    return (
        [row for row in rows if row not in kept],
        [row for row in alone if not _is_sized(row[0])],
        [row for row in alone if _is_sized(row[0])],
    )


def _is_alone(name: str, shapes: Shapes) -> bool:
    """Whether a tensor is no layer's: of another name, or a scale."""
    return name.rpartition(".")[2] not in _ROLES or len(_squeezed(shapes[name])) < 2


def _is_sized(name: str) -> bool:
    return follows_size(name) or "positional" in name


def _apart(lists: Lists, shapes: Shapes) -> Lists:
    layers, *rest = lists
    flat = [row for row in layers if len(_squeezed(shapes[row[0]])) < 2]
    return ([row for row in layers if row not in flat], flat, *rest)


def _form(row: Row, shapes: Shapes) -> str:
    return " ".join(
        f"{name.rpartition('.')[2] if len(row) > 1 else ''}{_squeezed(shapes[name])}" for name in row if name
    )


def _squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    """Without axes of length one; the first convolution of a network for grey images counts as one for colours."""
    sides = tuple(shape)
    return tuple(side for i, side in enumerate(sides) if side != 1 and not (len(sides) == 4 and i == 1 and side == 3))
