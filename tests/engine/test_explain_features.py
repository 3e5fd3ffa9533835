"""Penultimate features, nearest images, the map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.engine.explain import Probe, nearest, neighbours, principal_components, projection, umap
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.version import Normalise
from mpt_studio.errors import UserError


@pytest.fixture(scope="module")
def probe(reference) -> Probe:
    return Probe(reference, "cpu")


def test_that_features_are_what_the_head_takes(probe, reference, squares):
    features = probe.features(squares, squares.test)
    assert features.dtype == np.float16
    network = load_network(reference)
    with torch.no_grad():
        logits = network(Normalise(reference.preprocessing)(torch.from_numpy(squares.images[squares.test])))
        from_features = network.head(torch.from_numpy(features.astype(np.float32)))
    assert torch.allclose(logits, from_features, atol=0.05)


def test_that_large_features_keep_their_range(probe, squares, monkeypatch):
    monkeypatch.setattr(probe, "_features", lambda pixels: np.full((len(pixels), 2), 1e6, np.float32))
    features = probe.features(squares, squares.test)
    assert features.dtype == np.float32
    assert (features == 1e6).all()


def test_that_an_exception_from_progress_cancels(probe, squares):
    def stop(sentence: str, fraction: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probe.features(squares, squares.test, progress=stop)


def test_that_the_neighbours_of_duplicated_images_are_the_duplicates(probe, squares):
    class Doubled:
        """Every test image once more, after all of them."""

        def batch(self, indices, size):
            return squares.batch(squares.test[np.asarray(indices) % len(squares.test)], size)

    count = len(squares.test)
    features = probe.features(Doubled(), np.arange(2 * count))
    rows, similarities = nearest(features, features[:count], 2)
    assert np.array_equal(np.sort(rows, axis=1), np.stack([np.arange(count), np.arange(count) + count], axis=1))
    assert np.allclose(similarities, 1, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 50), st.integers(0, 1000))
def test_that_blocks_give_what_one_product_gives(rows, queries, k, seed):
    rng = np.random.default_rng(seed)
    features = rng.integers(-2, 3, (rows, 3)).astype(np.float32)  # small whole numbers: many ties
    asked = rng.integers(-2, 3, (queries, 3)).astype(np.float32)
    whole = neighbours.nearest(features, asked, k)
    before, neighbours.BLOCK_BYTES = neighbours.BLOCK_BYTES, 4 * 3 * 5
    try:
        found = neighbours.nearest(features, asked, k)
    finally:
        neighbours.BLOCK_BYTES = before
    assert np.allclose(found[1], whole[1], atol=1e-6)
    unit = [v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12) for v in (asked, features)]
    assert np.allclose(-np.sort(-(unit[0] @ unit[1].T), axis=1)[:, :k], found[1], atol=1e-5)
    assert found[0].shape == (queries, min(k, rows))


def test_that_equal_similarities_keep_the_order_of_the_rows():
    rows, _ = nearest(np.ones((9, 4), np.float16), np.ones((1, 4), np.float16), 3)
    assert rows.tolist() == [[0, 1, 2]]


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
