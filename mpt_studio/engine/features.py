"""What a network sees below its last layer, computed once for images and kept: training a head then costs no network.

Shape letters: N samples, F features, C classes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mpt_studio import paths
from mpt_studio.checkpoint import Preprocessing
from mpt_studio.data import room
from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import batch_size, pixel_batches
from mpt_studio.engine.images import in_order
from mpt_studio.engine.networks.weights import load_tensors, save_tensors
from mpt_studio.engine.version import Normalise
from mpt_studio.errors import UserError

KEY = "mpt_studio_features"
FILE = "features.safetensors"

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Backbone:
    """A network below its last layer, in evaluation mode."""

    network: nn.Module
    head: str
    """Name of the last layer; what it answers is the network's answer."""
    preprocessing: Preprocessing
    device: torch.device
    architecture: str = ""
    """What it sees is kept on disk for this architecture; empty keeps nothing."""
    normalise: Normalise = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "normalise", Normalise(self.preprocessing).to(self.device))

    @property
    def last_layer(self) -> nn.Module:
        return self.network.get_submodule(self.head)

    def shares(self, other: nn.Module) -> bool:
        """Whether another network differs in the last layer's numbers alone."""
        mine, theirs = self.network.state_dict(), other.state_dict()
        below = [name for name in mine if not name.startswith(f"{self.head}.")]
        alike = mine.keys() == theirs.keys() and self._layers_of(self.network) == self._layers_of(other)
        return alike and all(torch.equal(mine[name], theirs[name]) for name in below)

    def _layers_of(self, network: nn.Module) -> list[str]:
        """Strides and the like, of which a form for small images may have others with the same weights."""
        layers = (layer for name, layer in network.named_modules() if name != self.head)
        return [repr(layer) for layer in layers if next(layer.children(), None) is None]

    def of(self, dataset: Dataset, indices: Indices, report: Report | None = None) -> Tensor:
        """(N, F) float32 on the CPU for samples of a data set, as evaluation sees them; computed where not kept."""
        way = (self.head, asdict(self.preprocessing), str(self.device))
        identity = (self.architecture, self._weights, *way) if self.architecture else ()
        return kept(identity, dataset, indices, lambda: self._compute(dataset, indices, report))

    @cached_property
    def _weights(self) -> str:
        """Hash of all that is below the last layer: one file may be read in several ways, averaged or not."""
        digest = hashlib.sha256(repr(self._layers_of(self.network)).encode())
        for name, value in self.network.state_dict().items():
            if not name.startswith(f"{self.head}."):
                digest.update(name.encode())
                digest.update(value.cpu().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()

    @torch.no_grad()
    def answers(self, features_NF: Tensor) -> Tensor:
        """(N, C) float32 on the CPU: what the last layer makes of features, in batches as evaluation has them."""
        batches = in_order(len(features_NF), batch_size(self.preprocessing.image_size))
        found = [self.last_layer(features_NF[pick].to(self.device)).float().cpu() for pick in batches]
        return torch.cat(found) if found else torch.zeros(0, 1)

    @torch.no_grad()
    def _compute(self, dataset: Dataset, indices: Indices, report: Report | None) -> Tensor:
        parts, done = [], 0
        for pixels in pixel_batches(dataset, indices, Fit.of(self.preprocessing), self.device, report=report):
            parts.append(self._seen_by_head(pixels).float().cpu())
            done += len(pixels)
            if report:
                report(f"Looking at {done:,} of {len(indices):,} images once", done / len(indices))
        return torch.cat(parts) if parts else torch.zeros(0, 1)

    def _seen_by_head(self, pixels: Tensor) -> Tensor:
        seen: list[Tensor] = []
        handle = self.last_layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            self.network(self.normalise(pixels))
        finally:
            handle.remove()
        return seen[-1]


def kept(identity: tuple[object, ...], dataset: Dataset, indices: Indices, make: Callable[[], Tensor]) -> Tensor:
    """What is computed of samples of a data set, from disk where it was computed before.

    ``identity`` is everything else that decides it; nothing is kept where that is empty.
    """
    place = _place(identity, dataset, indices) if identity else None
    found = _read(place, len(indices)) if place else None
    if found is None:
        found = make()
        if place:
            _write(place, found, dataset)
    return found


def _place(identity: tuple[object, ...], dataset: Dataset, indices: Indices) -> Path:
    """Beside the decoded images of the same data: one limit, one way to be rid of them."""
    digest = hashlib.sha256(repr((identity, torch.__version__)).encode())
    digest.update(dataset.fingerprint.encode())
    digest.update(np.ascontiguousarray(indices, dtype="<i8").tobytes())
    return room.folder_of(dataset.spec) / f"features-{digest.hexdigest()[:16]}"


def _read(place: Path, count: int) -> Tensor | None:
    """None where nothing whole is kept."""
    try:
        found = load_tensors(place / FILE, KEY, "file of features")[0]["features"]
        os.utime(place / room.ABOUT)
    except (UserError, KeyError, OSError):
        return None
    return found if found.ndim == 2 and len(found) == count else None


def _write(place: Path, features: Tensor, dataset: Dataset) -> None:
    """Nothing where there is no room, or none can be had: they are computed again."""
    with contextlib.suppress(OSError, UserError):
        if not room.make_room(features.numel() * features.element_size(), place):
            return
        with room.lock_of(place):
            place.mkdir(parents=True, exist_ok=True)
            paths.replace_file(
                place / FILE, lambda path: save_tensors(path, {"features": features}, KEY, {}), durable=False
            )
            paths.write_text(place / room.ABOUT, json.dumps({"data": dataset.spec}), durable=False)
