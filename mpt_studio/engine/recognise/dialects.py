"""Other people's names for the tensors of architectures that torchvision or timm has, brought to theirs.

Each dialect is a list of patterns; it applies where it changes any name and makes no two names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from mpt_studio.engine.recognise import towers
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.errors import one_sentence


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A file's tensors under other names."""

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    only: str = ""
    """A pattern of the architectures that these names are of, where others have the same tensors."""
    in_file: Mapping[str, str] = field(default_factory=dict)
    """What people find in their file, which sentences say; a tensor that was made anew has no name there."""

    def read_from(self, tensors: Mapping[str, Tensor]) -> Variant:
        """The same, knowing the file's own names."""
        names = {id(tensor): name for name, tensor in tensors.items()}
        return replace(self, in_file={name: names.get(id(t), name) for name, t in self.tensors.items()})


@dataclass(frozen=True, kw_only=True)
class _Dialect:
    note: str
    patterns: tuple[tuple[str, str], ...]
    """Regular expressions and what takes the place of their match; the first that matches a name is used."""
    changed: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    """What is done with the renamed tensors, where these lie otherwise too."""


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
    _Dialect(note="The tensors have the names of ConvNeXt's authors.", patterns=towers.CONVNEXT, changed=towers.flat),
    _Dialect(note="The tensors have the names of Swin's authors.", patterns=towers.SWIN),
    _Dialect(
        note="The tensors have mmpretrain's names of Swin; merged patches were put in Swin's order.",
        patterns=towers.OPENMMLAB_SWIN,
        changed=towers.in_swins_order,
    ),
    _Dialect(note="The tensors have DINOv2's names.", patterns=towers.DINOV2, changed=towers.from_dinov2),
    _Dialect(
        note="The tensors have the names of CLIP's image tower.",
        patterns=towers.CLIP,
        changed=towers.from_clip,
    ),
)

_APART = _Dialect(
    note="The backbone and the head have names of their own.",
    patterns=((r"^(?:backbone|encoder|trunk|base|base_model|feature_extractor|model|net)\.", ""),),
)

_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.", "aux_logits.")

_BACKBONES = (
    "backbone.", "encoder.", "trunk.", "visual.trunk.", "visual.", "base_encoder.", "encoder_q.", "teacher.backbone.",
    "student.backbone.", "base_model.", "feature_extractor.", "body.", "0.model.", "0.",
)  # fmt: skip
"""What the names of a network begin with that stands beside heads or towers of another kind."""

_HEADS = ("fc.", "head.", "heads.", "classifier.", "last_linear.")
"""What the names of heads begin with that may be of more than one layer."""

OPENAIS, _QUICK = frozenset(("input_resolution", "context_length", "vocab_size")), "_quickgelu_"
"""What lies in CLIP's file as OpenAI published it, and networks that compute its own, quicker GELU."""

TENSORFLOWS = (r"^_blocks\.\d+\._(?:depthwise|expand)_conv\.", r"^timm/tf_")
"""Names of the port that pads as TensorFlow does, and those of timm's that do."""


def variants(tensors: Mapping[str, Tensor]) -> Iterator[Variant]:
    """The tensors as they are and under every dialect that applies, then the same without the backbone's own prefix."""
    names, archs = TENSORFLOWS
    only = archs if any(re.search(names, name) for name in tensors) else ""
    plain = _without_auxiliary(Variant(tensors=tensors, only=only))
    for base in (plain, *_applied(_APART, plain)):
        yield base
        for dialect in _DIALECTS:
            yield from _applied(dialect, base)


def _applied(dialect: _Dialect, variant: Variant) -> Iterator[Variant]:
    renamed = {_renamed(name, dialect): tensor for name, tensor in variant.tensors.items()}
    if len(renamed) == len(variant.tensors) and renamed.keys() != variant.tensors.keys():
        yield Variant(tensors=dialect.changed(renamed), notes=(*variant.notes, dialect.note), only=variant.only)


def backbones(tensors: Mapping[str, Tensor]) -> Iterator[Variant]:
    """The same for the tensors that may be a backbone's beside others, which are left out; all come first."""
    yield from variants(tensors)
    quick = _QUICK if tensors.keys() >= OPENAIS else ""
    for kept in filter(None, _parts(tensors)):
        out = [name for name in tensors if name not in kept]
        more = f" and {len(out) - 1} more" if len(out) > 1 else ""
        note = (f"Left out, as no part of the backbone: {one_sentence(out[0], 80)}{more}.",) if out else ()
        for variant in variants({inner: tensors[name] for name, inner in kept.items()}):
            yield replace(variant, notes=(*note, *variant.notes), only=variant.only or quick)


def _parts(names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Names that may be a backbone's, with what they are within it."""
    names = tuple(names)
    yield from ({n: n.removeprefix(begin) for n in names if n.startswith(begin)} for begin in _BACKBONES)
    yield from ({n: n for n in names if not n.startswith(head)} for head in _HEADS)


def narrowed(group: tuple[KnownArchitecture, ...], variant: Variant) -> tuple[KnownArchitecture, ...]:
    """The architectures whose names a variant's are; all where that is none."""
    return tuple(entry for entry in group if re.search(variant.only, entry.arch)) or group


def _without_auxiliary(variant: Variant) -> Variant:
    kept = {name: tensor for name, tensor in variant.tensors.items() if not name.startswith(_AUXILIARY)}
    if len(kept) == len(variant.tensors) or not any(name.startswith(_INCEPTIONS) for name in kept):
        return variant
    note = "The auxiliary heads, which only training uses, were left out."
    return Variant(tensors=kept, notes=(*variant.notes, note), only=variant.only)


_INCEPTIONS = ("inception3a.", "Mixed_5b.")


def _renamed(name: str, dialect: _Dialect) -> str:
    for pattern, replacement in dialect.patterns:
        changed, times = re.subn(pattern, replacement, name)
        if times:
            return changed
    return name
