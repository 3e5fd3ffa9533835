"""Where a version's weights come from: a function for each way, in one table.

Shape letters: C classes of the version, F features, K classes of the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.adopt import adopted, head_of
from mpt_studio.engine.networks.head import ends_in
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.networks.weights import load_tensors
from mpt_studio.engine.recognise import pretrained
from mpt_studio.engine.train.parts import Parts
from mpt_studio.errors import UserError
from mpt_studio.recipe import Model


@dataclass(frozen=True, kw_only=True)
class Start:
    """Initial weights and what belongs to them."""

    network: nn.Module
    """On the CPU; it takes the version's images and answers one logit per class."""
    small_stem: bool
    image_size: int
    """Side of the network's input."""
    preprocessing: Preprocessing | None = None
    """Of the images that the weights are used to; None: as the training images need it."""
    name: str = "scratch"
    """What people call it: "scratch", or whose weights they are."""
    sha256: str = ""
    """Of the file that the weights are from, or of the weights where there is none; empty from scratch."""
    kept_rows: int = 0
    """Classes of the version whose rows of the head are the start's."""
    ends_in_head: bool = True
    """Whether the network's answers are its last layer's; looked at where only that layer learns."""

    @property
    def is_scratch(self) -> bool:
        return not self.sha256

    def described(self) -> str:
        """For people: whose weights, and the beginning of their SHA-256."""
        return self.name if self.is_scratch else f"{self.name} (SHA-256 {self.sha256[:12]}…)"


def scratch(parts: Parts) -> Start:
    """Weights that depend on the seed alone."""
    recipe, size = parts.recipe, parts.recipe.model.input_size(parts.dataset.image_size)
    return Start(
        network=_built(parts, recipe.model, size),
        small_stem=networks.stem_is_small(recipe.model, size),
        image_size=size,
    )


def published(parts: Parts) -> Start:
    """The weights that the architecture's library publishes, with a head made anew."""
    found = pretrained.fetch(parts.recipe.model.arch)
    return _adopting(parts, _Source(**vars(found), class_names=(), small_stem=False))


def file(parts: Parts) -> Start:
    """A weights file's; rows of the head by class name."""
    if parts.start is None:
        raise UserError(f"The start {parts.recipe.start.start} was not read; choose another one.")
    return _adopting(parts, _of_checkpoint(parts.start))


def old(parts: Parts) -> Start:
    """The old model's own weights; rows of the head by class name."""
    if not isinstance(parts.old, Checkpoint):
        raise UserError(f"{parts.recipe.method.name} @old needs the old model; name its checkpoint with --old.")
    return _adopting(parts, replace(_of_checkpoint(parts.old), name=f"the old model {parts.old.name}"))


STARTS: dict[str, Callable[[Parts], Start]] = {"scratch": scratch, "pretrained": published, "file": file, "old": old}
"""Each raises ``UserError`` for what it cannot begin with."""


def begin(parts: Parts) -> Start:
    """The start that the recipe asks for."""
    asked = "old" if parts.recipe.method.from_old else parts.recipe.start.start
    if asked == "auto":
        asked = resolved(parts.recipe.model, parts.dataset.image_size)
    start = STARTS.get(asked, file)(parts)
    if parts.recipe.start.freeze >= 0:
        return start
    head = head_of(start.network, start.image_size, len(parts.class_names))
    return replace(start, ends_in_head=ends_in(start.network, head, start.image_size))


def resolved(model: Model, of_data: int) -> str:
    """What "auto" means on this machine: published weights that are at hand, for images that are no miniatures."""
    large = model.input_size(of_data) > networks.SMALL_IMAGES and model.small_stem != "on"
    return "pretrained" if large and pretrained.is_at_hand(model.arch) else "scratch"


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Weights to begin with, and what is known of them."""

    name: str
    sha256: str
    tensors: Mapping[str, Tensor]
    preprocessing: Preprocessing
    architecture: str
    class_names: Sequence[str]
    small_stem: bool


def _of_checkpoint(checkpoint: Checkpoint) -> _Source:
    if checkpoint.architecture == ONNX:
        raise UserError(
            f"{checkpoint.name} is an ONNX graph, which can only be asked: training cannot go on from it. Give the "
            "weights that it was made of, or choose another start."
        )
    tensors, _ = load_tensors(Path(checkpoint.path), HEADER_KEY, "checkpoint")
    return _Source(
        name=checkpoint.name,
        sha256=checkpoint.origin_sha256(),
        tensors=tensors,
        preprocessing=checkpoint.preprocessing,
        architecture=checkpoint.architecture,
        class_names=checkpoint.class_names,
        small_stem=checkpoint.small_stem,
    )


def check_fits(source: Checkpoint | _Source, model: Model) -> None:
    """Raise ``UserError`` where weights are of another architecture than the recipe's."""
    if source.architecture != model.arch:
        raise UserError(
            f"The start {source.name} is of the architecture {source.architecture}, the recipe asks for {model.arch}; "
            f"choose --arch {source.architecture}, or another start."
        )


def _adopting(parts: Parts, source: _Source) -> Start:
    """A network of the version's classes with the source's weights."""
    model = parts.recipe.model
    check_fits(source, model)
    size = model.input_size(parts.dataset.image_size, source.preprocessing.image_size)
    network = _built(parts, replace(model, small_stem="on" if source.small_stem else "off"), size)
    kept = adopted(
        network, source.tensors, source.class_names, parts.class_names, arch=model.arch, image_size=size,
        new_rows=parts.recipe.start.new_rows, seed=parts.recipe.training.seed, origin=source.name,
    )  # fmt: skip
    return Start(
        network=network,
        small_stem=source.small_stem,
        image_size=size,
        preprocessing=source.preprocessing.sized(size),
        name=source.name,
        sha256=source.sha256,
        kept_rows=kept,
    )


def _built(parts: Parts, model: Model, size: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(parts.recipe.training.seed)
        return networks.build_for(model, len(parts.class_names), size)
