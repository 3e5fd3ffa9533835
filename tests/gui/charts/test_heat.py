from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.gui.charts.heat import heat_image, table

pytestmark = pytest.mark.gui


def test_that_little_is_faint_and_most_is_full() -> None:
    image = heat_image(np.array([[0.0, 1.0], [np.nan, 0.5]], np.float16))
    alphas = [image.pixelColor(x, y).alpha() for y in (0, 1) for x in (0, 1)]
    assert alphas[0] == alphas[2] < alphas[3] < alphas[1] == 255
    most = image.pixelColor(1, 0)
    assert (most.blue(), most.green(), most.red()) == tuple(table()[255, :3])
