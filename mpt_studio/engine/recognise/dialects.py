"""Other people's names for the tensors of architectures that torchvision has, brought to torchvision's.

Each dialect is a list of patterns; it applies where it changes any name and makes no two names one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A file's tensors under other names."""

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Dialect:
    note: str
    patterns: tuple[tuple[str, str], ...]
    """Regular expressions and what takes the place of their match; the first that matches a name is used."""


_DIALECTS = (
    _Dialect(
        note="The tensors have the names of the small residual networks for CIFAR (shortcut, linear).",
        patterns=((r"\.shortcut\.([01])\.", r".downsample.\1."), (r"^linear\.", "fc.")),
    ),
    _Dialect(
        note="The tensors have the names of residual networks for CIFAR-100 (conv2_x, residual_function).",
        patterns=(
            (r"^conv1\.0\.", "conv1."),
            (r"^conv1\.1\.", "bn1."),
            *(
                (rf"^conv{stage + 1}_x\.(\d+)\.residual_function\.{place}\.", rf"layer{stage}.\1.{name}.")
                for stage in (1, 2, 3, 4)
                for place, name in ((0, "conv1"), (1, "bn1"), (3, "conv2"), (4, "bn2"), (6, "conv3"), (7, "bn3"))
            ),
            *((rf"^conv{stage + 1}_x\.(\d+)\.shortcut\.", rf"layer{stage}.\1.downsample.") for stage in (1, 2, 3, 4)),
        ),
    ),
    _Dialect(
        note="The tensors have the names that torchvision's DenseNets had before version 0.3.",
        patterns=((r"\.(norm|conv)\.([12])\.", r".\1\2."),),
    ),
    _Dialect(
        note="The tensors have the names that torchvision's vision transformers had before version 0.13.",
        patterns=((r"\.mlp\.linear_1\.", ".mlp.0."), (r"\.mlp\.linear_2\.", ".mlp.3.")),
    ),
    _Dialect(
        note="The backbone and the head have names of their own.",
        patterns=((r"^(?:backbone|encoder|trunk|base|base_model|feature_extractor|model|net)\.", ""),),
    ),
)

_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.", "aux_logits.")


def variants(tensors: Mapping[str, Tensor]) -> Iterator[Variant]:
    """The tensors as they are, then under every dialect that applies."""
    plain = _without_auxiliary(Variant(tensors=tensors))
    yield plain
    for dialect in _DIALECTS:
        renamed = {_renamed(name, dialect): tensor for name, tensor in plain.tensors.items()}
        if len(renamed) == len(plain.tensors) and renamed.keys() != plain.tensors.keys():
            yield Variant(tensors=renamed, notes=(*plain.notes, dialect.note))


def _without_auxiliary(variant: Variant) -> Variant:
    kept = {name: tensor for name, tensor in variant.tensors.items() if not name.startswith(_AUXILIARY)}
    if len(kept) == len(variant.tensors) or not any(name.startswith(_INCEPTIONS) for name in kept):
        return variant
    note = "The auxiliary heads, which only training uses, were left out."
    return Variant(tensors=kept, notes=(*variant.notes, note))


_INCEPTIONS = ("inception3a.", "Mixed_5b.")


def _renamed(name: str, dialect: _Dialect) -> str:
    for pattern, replacement in dialect.patterns:
        changed, times = re.subn(pattern, replacement, name)
        if times:
            return changed
    return name
