"""What torchvision records of its published weights."""

from __future__ import annotations

import pytest

from mpt_studio.engine.recognise import torchvision_weights


@pytest.mark.parametrize("arch", ["googlenet", "inception_v3"])
def test_that_networks_with_a_normalisation_of_their_own_get_it_as_preprocessing(arch):
    made = torchvision_weights.preprocessing(torchvision_weights.default(arch))
    assert (made.mean, made.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
