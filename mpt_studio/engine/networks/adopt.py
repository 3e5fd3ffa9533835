"""Weights of one network taken over by another of the same architecture: other classes, another image size.

Shape letters: C classes of the network, K classes of the weights, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.head import calls_of, last_of
from mpt_studio.errors import UserError, one_sentence

NewRows = Literal["drawn", "mean"]


@torch.no_grad()
def adopted(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    known: Sequence[str],
    classes: Sequence[str],
    *,
    arch: str,
    image_size: int,
    new_rows: NewRows,
    seed: int,
    origin: str,
) -> int:
    """Put ``tensors`` into ``network`` and return how many rows of its head are theirs.

    Below the head every tensor must be there, in its shape, but for what depends on the image size and can be
    resampled. Rows of the head are matched by class name; those of new classes are drawn with mean and spread of the
    known ones, or are their mean; where no class is known the head stays as it was made, and weights without a head
    are welcome. Raises ``UserError`` naming the first tensors that do not fit.
    """
    own = network.state_dict()
    head = head_of(network, image_size, len(classes))
    body = {name: value for name, value in tensors.items() if not name.startswith(f"{head}.")}
    resized = _resampled(network, body, arch, image_size)
    _check(body, own, head, resized, origin, arch)
    kept = _fill_head(own, head, tensors, known, classes, new_rows, seed)
    own.update({name: value for name, value in {**body, **resized}.items() if name in own})
    network.load_state_dict(own)
    return kept


def head_of(network: nn.Module, image_size: int, classes: int) -> str:
    """The name of the last layer. Raises ``UserError`` where none has one output per class."""
    device = next(network.parameters()).device
    training = network.training
    with torch.no_grad():
        image = torch.zeros(2, 3, image_size, image_size, device=device)
        name = last_of(network.eval(), calls_of(network, image), classes)
    network.train(training)
    return name


def _check(
    body: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    head: str,
    resized: Mapping[str, Tensor],
    origin: str,
    arch: str,
) -> None:
    expected = [name for name in own if not name.startswith(f"{head}.") and not name.endswith("num_batches_tracked")]
    other = [n for n in expected if n not in resized and (n not in body or body[n].shape != own[n].shape)]
    if other:
        shown = ", ".join(one_sentence(name, 60) for name in other[:3])
        raise UserError(
            f"The start {origin} does not fit {arch}: {len(other)} of {len(expected)} tensors are missing or of "
            f"another shape ({shown}); choose its own architecture."
        )


def _resampled(network: Any, body: Mapping[str, Tensor], arch: str, image_size: int) -> dict[str, Tensor]:
    """Tensors of another shape that the libraries know how to bring to another image size."""
    own = network.state_dict()
    other = [name for name, value in body.items() if name in own and own[name].shape != value.shape]
    if not other:
        return {}
    if arch.startswith(timm_networks.PREFIX):
        made = timm_networks.resampled(network, arch, body)
    elif arch.startswith("vit_"):
        from torchvision.models.vision_transformer import interpolate_embeddings

        made = dict(interpolate_embeddings(image_size, network.patch_size, dict(body)))
    else:
        return {}
    return {name: made[name] for name in other if name in made and made[name].shape == own[name].shape}


def _fill_head(
    own: dict[str, Tensor],
    head: str,
    tensors: Mapping[str, Tensor],
    known: Sequence[str],
    classes: Sequence[str],
    new_rows: NewRows,
    seed: int,
) -> int:
    """Rows by class name, in ``own``; the number of those that are known."""
    rows = {name: row for row, name in enumerate(known)}
    to = [column for column, name in enumerate(classes) if name in rows]
    new = [column for column, name in enumerate(classes) if name not in rows]
    of = [rows[classes[column]] for column in to]
    names = [f"{head}.{end}" for end in ("weight", "bias") if f"{head}.{end}" in own]
    if not to or not all(_are_rows(tensors.get(name), own[name], len(known)) for name in names):
        return 0
    random = torch.Generator().manual_seed(seed)
    for name in names:
        source, target = tensors[name].float(), own[name].clone()
        target[to] = source[of].to(target.dtype)
        mean, spread = source.mean(dim=0), source.std(dim=0, correction=0)
        drawn = torch.randn(len(new), *source.shape[1:], generator=random) * spread if new_rows == "drawn" else 0.0
        target[new] = (mean + drawn).to(target.dtype)
        own[name] = target
    return len(to)


def _are_rows(source: Tensor | None, own: Tensor, count: int) -> bool:
    return source is not None and len(source) == count and source.shape[1:] == own.shape[1:]
