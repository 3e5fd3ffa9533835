"""Versions between the old model and the update."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.errors import UserError
from mpt_studio.jobs import between
from mpt_studio.predictions import read_predictions

from .conftest import NAMES, fresh_version


def test_that_interpolation_ends_in_the_update_and_the_old_model(session, data, old, update, without_torch):
    found = between.interpolate(session, old, update, data, alphas=(1, 0, 0.5))
    assert [p["alpha"] for p in found["points"]] == [0, 0.5, 1]
    new_end, middle, old_end = (read_predictions(Path(p["predictions"])) for p in found["points"])
    assert np.array_equal(new_end.logits, jobs.evaluate(session, update, data)[0].logits)
    before = jobs.evaluate(session, old, data)[0]
    np.testing.assert_allclose(  # (bee, ant) in (ant, bee, cat): a head of other rows, so another product's bits
        old_end.logits[:, [1, 0]], before.logits, rtol=1e-5, atol=1e-6
    )
    assert not np.array_equal(middle.logits, new_end.logits)
    assert middle.version == "update with 50% of old"
    assert middle.data_fingerprint == new_end.data_fingerprint
    without_torch()
    assert between.interpolate(session, old, update, data, alphas=(0, 0.5, 1)) == found
    with pytest.raises(AssertionError, match="computed before"):
        between.interpolate(session, old, update, data, alphas=(0.5,), statistics="interpolated")


def test_that_other_architectures_and_shares_are_refused(session, data, old, update, tmp_path):
    with pytest.raises(UserError, match="between 0 and 1"):
        between.interpolate(session, old, update, data, alphas=(2,))
    other = fresh_version(tmp_path, "other", NAMES, arch="squeezenet1_1")
    with pytest.raises(UserError, match="within one architecture"):
        between.interpolate(session, old, other, data)
