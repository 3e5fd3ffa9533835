"""The map of features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mpt_studio.engine.explain import principal_components, projection, umap
from mpt_studio.errors import UserError


def planted_plane(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on a plane in 30 dimensions with spreads 5 and 2, and their coordinates there."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(30, 2)))[0]
    coordinates = rng.normal(size=(count, 2)) * (5, 2)
    coordinates -= coordinates.mean(axis=0)
    return (coordinates @ axes.T + rng.normal(size=30)).astype(np.float32), coordinates


def test_that_principal_components_find_a_planted_plane():
    features, coordinates = planted_plane(2000)
    plane = principal_components(features)
    assert sum(plane.explained) == pytest.approx(1, abs=1e-4)
    assert plane.explained[0] == pytest.approx(25 / 29, abs=0.03)
    distances = [np.linalg.norm(p[:50, None] - p[None, :50], axis=-1) for p in (plane.points, coordinates)]
    assert np.allclose(*distances, atol=1e-2)


def test_that_the_same_features_give_the_same_picture_however_they_are_stored():
    features, _ = planted_plane(500)
    first = principal_components(features)
    torch.manual_seed(5)
    assert np.array_equal(first.points, principal_components(features.copy()).points)
    assert np.allclose(first.points, principal_components(features.astype(np.float16)).points, atol=0.05)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 1), (5, 4)])
def test_that_few_or_equal_features_lie_on_one_point(shape):
    plane = principal_components(np.ones(shape, np.float16))
    assert plane.points.shape == (shape[0], 2)
    assert not plane.points.any()


def test_that_a_missing_umap_is_a_sentence(monkeypatch):
    monkeypatch.setattr(projection, "umap_is_installed", lambda: False)
    with pytest.raises(UserError, match="umap-learn"):
        umap(np.zeros((3, 2), np.float16))
