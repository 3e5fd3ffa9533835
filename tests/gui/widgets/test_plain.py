from __future__ import annotations

import pytest

from mpt_studio.gui.widgets.plain import short_spec

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    ("spec", "text"),
    [("builtin", "Built-in characters"), ("fashion-mnist:/a", "Fashion-MNIST"), ("folder:/a/pets/", "pets")],
)
def test_that_a_spec_is_shown_for_people(spec: str, text: str) -> None:
    assert short_spec(spec) == text
