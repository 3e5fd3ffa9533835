"""Versions between the old model and an update: θ(α) = α·θ_old + (1 − α)·θ_update (Wortsman et al., CVPR 2022).

The head has the update's classes: a row of a class that both know is interpolated (matched by name), a row of a new
class comes from the update. Pixel normalisation is interpolated like a weight, so that α = 0 and α = 1 are the two
versions themselves. Between them the running statistics of batch normalisation no longer fit the features; they are
computed anew on training images (as in Izmailov et al., UAI 2018) or interpolated.
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.data.dataset import Dataset, Indices, Progress
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import evaluate, pixel_batches
from mpt_studio.engine.features import Backbone
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks.adopt import head_of
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

STATISTICS_SAMPLES = 2048
"""Training images that the statistics of batch normalisation are computed on."""


class Interpolation:
    """Two versions of one architecture, and everything between. Raises ``UserError`` where they differ in shape."""

    def __init__(self, old: Checkpoint, update: Checkpoint, device: str = "auto") -> None:
        check_compatible(old, update)
        self.old, self.update = old, update
        self.device = devices.choose(device)
        devices.prepare(self.device, exact=True)
        self._network = load_network(update)
        self._head = head_of(self._network, update.preprocessing.image_size, len(update.class_names))
        self._ends = _matched(old, update, load_network(old), self._network, self._head)
        differ = _differ(*self._ends, self._head)
        self.only_heads_differ = not differ and old.preprocessing == update.preprocessing
        """Whether answers of a mixture are the mixture of both versions' answers."""
        self.has_statistics = has_statistics(self._network) and differ
        """Whether statistics of batch normalisation have to be found between the two: not where only heads differ."""

    def version(self, alpha: float) -> FrozenVersion:
        """The version at ``alpha`` (1 is old, 0 is the update), with interpolated statistics."""
        old, update = self._ends
        network = copy.deepcopy(self._network)
        network.load_state_dict({name: _between(old[name], update[name], alpha) for name in update})
        preprocessing = _preprocessing(self.old.preprocessing, self.update.preprocessing, alpha)
        mixed = dataclasses.replace(self.update, preprocessing=preprocessing)
        return FrozenVersion(mixed, self.device, network.eval())

    def renewed(self, alpha: float, dataset: Dataset, statistics: Indices, progress: Progress | None) -> FrozenVersion:
        """The version at ``alpha`` as it answers in ``predictions``."""
        version = self.version(alpha)
        if self.has_statistics and 0 < alpha < 1 and len(statistics) > 1:
            self._renew(version, dataset, statistics, progress)
        return version

    def predictions(
        self, alpha: float, dataset: Dataset, indices: Indices, *, statistics: Indices, progress: Progress | None = None
    ) -> Predictions:
        """Answers of the version at ``alpha`` on samples, in the update's columns.

        ``statistics`` are training samples for batch normalisation (at most 2,048 are used, spread evenly); none
        interpolates its statistics instead. An exception from ``progress`` cancels.
        """
        version = self.renewed(alpha, dataset, statistics, progress)
        found = self._answers(version, dataset, indices, progress)
        name = f"{_name(self.update)} with {alpha:.0%} of {_name(self.old)}"
        return dataclasses.replace(found, version=name, checkpoint="", checkpoint_sha256="")

    def old_predictions(self, dataset: Dataset, indices: Indices, progress: Progress | None = None) -> Predictions:
        """Answers of the old model itself, in its own columns."""
        return self._answers(FrozenVersion(self.old, self.device), dataset, indices, progress)

    def _answers(
        self, version: FrozenVersion, dataset: Dataset, indices: Indices, progress: Progress | None
    ) -> Predictions:
        """Of a version between or at the ends; what all of them see alike is computed once."""
        logits = None
        if self.only_heads_differ:
            preprocessing, network = self.update.preprocessing, version.network
            alike = Backbone(network, self._head, preprocessing, self.device, self.update.architecture)
            logits = alike.answers(alike.of(dataset, indices, progress)).numpy()
        return evaluate(
            version.checkpoint,
            dataset,
            indices,
            device=str(self.device),
            progress=progress,
            version=version,
            logits=logits,
        )

    def _renew(self, version: FrozenVersion, dataset: Dataset, samples: Indices, progress: Progress | None) -> None:
        """Replace the statistics by their mean over batches; everything else, such as dropout, stays as in use."""
        for module in version.network.modules():
            if isinstance(module, _BatchNorm):
                module.reset_running_stats()
                module.momentum = None
                module.train()
        chosen = samples[:: -(-len(samples) // STATISTICS_SAMPLES)]
        fit = Fit.of(self.update.preprocessing)
        for pixels in pixel_batches(dataset, chosen, fit, self.device, report=progress):
            if progress:
                progress("Computing the statistics of batch normalisation", None)
            if len(pixels) > 1:  # one image has no variance
                version.logits(pixels)
        version.network.eval()


def has_statistics(network: nn.Module) -> bool:
    """Whether there is batch normalisation."""
    return any(isinstance(module, _BatchNorm) for module in network.modules())


def check_compatible(old: Checkpoint, update: Checkpoint) -> None:
    """Raise ``UserError`` where two versions have no weights to interpolate between; reads nothing from disk."""
    graphs = [c for c in (old, update) if c.architecture == ONNX]
    if graphs:
        raise UserError(f"{_name(graphs[0])} is an ONNX graph; weights are needed to interpolate between versions.")
    kinds = [(c.architecture, c.small_stem, c.preprocessing.image_size) for c in (old, update)]
    if kinds[0] != kinds[1]:
        described = [f"{arch}{' with the small stem' if stem else ''} at {size} pixels" for arch, stem, size in kinds]
        raise UserError(
            f"Weights can only be interpolated within one architecture: {_name(old)} is {described[0]}, "
            f"{_name(update)} is {described[1]}."
        )
    if Fit.of(old.preprocessing) != Fit.of(update.preprocessing):
        raise UserError(
            f"{_name(old)} and {_name(update)} do not resize and crop images in the same way; between two versions "
            "that see different pixels nothing can be interpolated."
        )
    if not set(old.class_names) & set(update.class_names):
        raise UserError(f"{_name(old)} and {_name(update)} have no class in common; nothing can be interpolated.")


def _differ(old: dict[str, Tensor], update: dict[str, Tensor], head: str) -> bool:
    """Whether they do below the head."""
    return any(not torch.equal(old[name], update[name]) for name in update if not name.startswith(f"{head}."))


def _matched(
    old: Checkpoint, update: Checkpoint, old_network: nn.Module, network: nn.Module, head: str
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Both versions' tensors in the update's shape; the old head takes the rows of new classes from the update."""
    before, after = dict(old_network.state_dict()), {k: v.clone() for k, v in network.state_dict().items()}
    shared = [name for name in update.class_names if name in old.class_names]
    to = torch.tensor([update.class_names.index(name) for name in shared])
    source = torch.tensor([old.class_names.index(name) for name in shared])
    for name in (f"{head}.weight", f"{head}.bias"):
        if name in after:
            rows = after[name].clone()
            rows[to] = before[name][source]
            before[name] = rows
    return before, after


def _between(old: Tensor, update: Tensor, alpha: float) -> Tensor:
    """Exact at both ends; counters, which are whole numbers, come from the update."""
    return torch.lerp(update, old, alpha) if update.is_floating_point() else update


def _preprocessing(old: Preprocessing, update: Preprocessing, alpha: float) -> Preprocessing:
    def mixed(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float]:
        red, green, blue = (alpha * x + (1 - alpha) * y for x, y in zip(a, b, strict=True))
        return red, green, blue

    return dataclasses.replace(update, mean=mixed(old.mean, update.mean), std=mixed(old.std, update.std))


def _name(checkpoint: Checkpoint) -> str:
    return checkpoint.method or checkpoint.role or Path(checkpoint.path).stem
