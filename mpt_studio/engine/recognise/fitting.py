"""Whether a file's tensors are an architecture's, and how they become exactly those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mpt_studio.engine.recognise.signature import Shapes, is_derived, shape_text
from mpt_studio.errors import UserError, one_sentence

GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a grey value (ITU-R BT.601), as Pillow converts."""
WHOLE_IN_FLOAT32 = 1 << 24
"""Up to here, float32 holds every whole number."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How far a file's tensors are from an architecture's; derived buffers do not count."""

    missing: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    """One phrase per tensor of another shape: "conv1.weight (64×3×3×3, not 64×3×7×7)"."""
    is_renamed: bool = False
    """Whether the architecture has other names for the tensors than the file."""

    @property
    def exact(self) -> bool:
        return not self.distance

    @property
    def distance(self) -> int:
        return len(self.missing) + len(self.left_over) + len(self.other)

    def said_as(self, in_file: Mapping[str, str]) -> Fit:
        """The same with the file's own names for its tensors."""
        return replace(
            self,
            left_over=tuple(in_file.get(name, name) for name in self.left_over),
            other=tuple(" ".join([in_file.get(name, name), *more]) for name, *more in map(str.split, self.other)),
            is_renamed=any(name != own for name, own in in_file.items()),
        )

    def phrase(self) -> str:
        """ "lacks a, b and 3 more; has the unknown c", shortened."""
        lacks = "lacks what that calls" if self.is_renamed else "lacks"
        parts = [(lacks, self.missing), ("has the unknown", self.left_over), ("has another shape for", self.other)]
        told = [(verb, names) for verb, names in parts if names]
        return "; ".join(f"{verb} {_first(names, 110 // len(told) - 20)}" for verb, names in told)


def fit(found: Shapes, expected: Shapes) -> Fit:
    """Compare names and shapes; a first convolution for grey images fits one for colours."""
    common = [name for name in expected if name in found]
    return Fit(
        missing=tuple(name for name in expected if name not in found and not is_derived(name)),
        left_over=tuple(name for name in found if name not in expected and not is_derived(name)),
        other=tuple(
            f"{name} ({shape_text(found[name])}, not {shape_text(expected[name])})"
            for name in common
            if found[name] != expected[name] and not _is_grey(found[name], expected[name])
        ),
    )


def is_for_grey(found: Shapes, expected: Shapes) -> bool:
    """Whether the file's first convolution takes one channel where the architecture has three."""
    return any(name in found and _is_grey(found[name], shape) for name, shape in expected.items())


def adapted(tensors: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """A file's fitting tensors as ``network`` (which needs no memory for its weights) has them, in its order.

    Derived buffers that the file lacks are the network's own, those it has besides are left out, and a first
    convolution for grey images is spread over the colours, so that colours count as in a conversion to grey.
    """
    return {name: _one(name, tensors.get(name), own) for name, own in network.state_dict().items()}


def _one(name: str, found: Tensor | None, own: Tensor) -> Tensor:
    if found is None:
        return torch.zeros(own.shape, dtype=own.dtype) if own.is_meta else own.clone()
    if own.is_floating_point():
        _check_narrowing(name, found)
    if _is_grey(tuple(found.shape), tuple(own.shape)):
        return found.float() * torch.tensor(GREY).reshape(1, 3, 1, 1)
    return found


def _check_narrowing(name: str, found: Tensor) -> None:
    """Networks compute in float32. Raises ``UserError`` where it cannot hold what a file has."""
    what = f"The weights {one_sentence(name, 60)}"
    if found.is_complex():
        raise UserError(f"{what} are complex numbers, which no network here computes with; save their real part.")
    if not found.is_floating_point() and found.dtype != torch.bool and found.numel():
        least, most = int(found.long().min()), int(found.long().max())
        if max(-least, most) > WHOLE_IN_FLOAT32:
            raise UserError(
                f"{what} are whole numbers up to {max(-least, most):.2g}, beyond 2^24, the last that float32 holds; "
                "they are packed or of something else."
            )
    lost = found.float().isinf() & found.isfinite() if found.dtype == torch.float64 else torch.zeros(0)
    if lost.any():
        first = float(found[lost][0])
        raise UserError(f"{what} hold {first:.2g}, more than float32 can; they have diverged, use an earlier version.")


def _is_grey(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return len(expected) == 4 and expected[1] == 3 and found == (expected[0], 1, *expected[2:])


def _first(names: tuple[str, ...], limit: int) -> str:
    shown = [one_sentence(names[0], max(20, limit))]
    for name in names[1:3]:
        if len(", ".join([*shown, name])) <= limit:
            shown.append(one_sentence(name, 60))
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
