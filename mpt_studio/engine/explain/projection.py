"""Features on a plane: two principal components, or UMAP where the user has installed it.

Shape letters: D features, N rows.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mpt_studio.data.dataset import Progress
from mpt_studio.engine.explain.probe import Features, Floats
from mpt_studio.errors import UserError

MOST_ROWS = 20_000
"""The axes are found on at most this many rows, spread evenly; all rows are then projected."""
BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Plane:
    """Rows on a plane."""

    points: Floats
    """(N, 2)."""
    explained: tuple[float, float] | None
    """Share of the variance along each axis, for principal components."""


def principal_components(features_ND: Features, progress: Progress | None = None) -> Plane:
    """The two directions of largest variance (PCA).

    Halko et al.'s randomised decomposition with a fixed seed; each axis points to where its largest weight is positive,
    so the same features give the same picture.
    """
    if not features_ND.size:
        return Plane(np.zeros((len(features_ND), 2), np.float32), (0.0, 0.0))
    sample = _float(features_ND[:: -(-len(features_ND) // MOST_ROWS)])
    mean = sample.mean(dim=0)
    axes, explained = _axes(sample - mean)
    points = np.empty((len(features_ND), 2), np.float32)
    done = 0
    for block in _blocks(features_ND):
        points[done : done + len(block)] = ((block - mean) @ axes).numpy()
        done += len(block)
        if progress:
            progress("Placing the images on the map", done / len(points))
    return Plane(points, explained)


def umap(features_ND: Features, progress: Progress | None = None) -> Plane:
    """UMAP (McInnes et al., 2018) with cosine distance and a fixed seed. Raises ``UserError`` where it is missing."""
    if not umap_is_installed():
        raise UserError(
            "UMAP is not installed; install the package umap-learn, or use the map of principal components."
        )
    if progress:
        progress("Computing the UMAP (this cannot be stopped half way)", None)
    reducer = importlib.import_module("umap").UMAP(n_components=2, metric="cosine", random_state=0)
    return Plane(np.asarray(reducer.fit_transform(np.asarray(features_ND, np.float32)), np.float32), None)


def umap_is_installed() -> bool:
    return importlib.util.find_spec("umap") is not None


def _axes(centred_ND: Tensor) -> tuple[Tensor, tuple[float, float]]:
    """(D, 2) orthonormal columns and their shares of the variance; a direction without variance is zero."""
    rank = min(*centred_ND.shape, 10)  # some more directions than two make the first two accurate
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _, lengths, vectors = torch.pca_lowrank(centred_ND, q=rank, center=False, niter=8)
    total = float(centred_ND.square().sum()) or 1.0
    axes = torch.zeros(centred_ND.shape[1], 2)
    shares = [0.0, 0.0]
    for i in range(min(2, rank)):
        shares[i] = float(lengths[i] ** 2) / total
        axis = vectors[:, i] * (shares[i] > 1e-9)
        axes[:, i] = axis * (axis[axis.abs().argmax()].sign() or 1.0)
    return axes, (shares[0], shares[1])


def _blocks(features_ND: Features) -> Iterator[Tensor]:
    length = max(1, BLOCK_BYTES // (4 * features_ND.shape[1]))
    yield from (_float(features_ND[i : i + length]) for i in range(0, len(features_ND), length))


def _float(rows: Features) -> Tensor:
    return torch.from_numpy(np.asarray(rows, dtype=np.float32))
