"""Nearest images."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.engine.explain import Probe, nearest, neighbours


def test_that_the_neighbours_of_duplicated_images_are_the_duplicates(reference, squares):
    class Doubled(type(squares)):
        """Every test image once more, after all of them."""

        def batch(self, indices, size):
            return squares.batch(squares.test[np.asarray(indices) % len(squares.test)], size)

    count = len(squares.test)
    features = Probe(reference, "cpu").features(Doubled(), np.arange(2 * count))
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
