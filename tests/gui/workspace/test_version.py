from __future__ import annotations

import pytest

from mpt_studio.gui.workspace.version import Version

from .files import RIGHT, WRONG, answers

pytestmark = pytest.mark.gui
NAMES = ("cat", "dog")


def test_that_the_old_model_s_accuracy_is_known_on_its_own_classes() -> None:
    version = Version("k", "v", "old", predictions=answers([RIGHT, WRONG, RIGHT, RIGHT]))
    assert version.figures["own_classes"]["accuracy"] == 0.75
