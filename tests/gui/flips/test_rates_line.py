from __future__ import annotations

import pytest

from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


def test_that_wrong_labels_give_adjusted_rates_beside_the_raw(page: FlipsPage, workspace: Workspace) -> None:
    assert page.rates.label.text() == "NFR (old classes) 50.00 % (n = 8)"
    workspace.select(1)
    workspace.judging.doubt()
    expected = "NFR (old classes) 50.00 % (n = 8) · without 1 wrong label 42.86 % (n = 7)"
    assert page.rates.label.text() == expected
