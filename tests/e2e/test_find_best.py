"""*Find the best update* through the real entry: set up, searched by a real trainer, its winner opened as decided."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from mpt_studio.compare import Decision
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, SEARCH, START, TRAIN
from mpt_studio.methods import shown_in
from mpt_studio.recipe import Training, UpdateRecipe
from mpt_studio.store import Store

from .sitting import Condition, sit_down

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]
TINY = Training(epochs=1, batch_size=16, learning_rate=0.05, precision="fp32", device="cpu", validation_fraction=0.3)


@pytest.fixture
def shades(tmp_path: Path) -> str:
    """Three greys in noise, 16 pixels, 16 training and 8 test images each."""
    random = np.random.default_rng(0)
    for part, number in (("train", 16), ("test", 8)):
        for shade, name in enumerate(("ant", "bee", "cat")):
            (tmp_path / "shades" / part / name).mkdir(parents=True)
            for i in range(number):
                pixels = random.normal(60 + 50 * shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "shades" / part / name / f"{i}.png")
    return f"folder:{tmp_path / 'shades'}"


def test_that_a_search_is_set_up_watched_and_its_winner_opened_as_decided(
    tmp_path: Path, shades: str, qapp: QApplication
) -> None:
    recipe = UpdateRecipe(data=shades, old_classes="ant,bee", methods="none,mpt_kl", training=TINY)

    def user(window: MainWindow) -> Generator[Condition, None, None]:
        window.pages[TRAIN].show_recipe(recipe)
        window.actions_by_id["find_best"].trigger()
        page = window.pages[SEARCH]
        assert window.pages.key == SEARCH.key
        for name, value in (("budget.trials", 2), ("budget.finalists", 1), ("budget.finalist_seeds", 0)):
            page.setup.editors[name].set_value(value)
        page.setup.editors["limits.max_accuracy_drop"].set_value(50.0)
        yield page.setup.start.isEnabled
        page.setup.start.click()
        yield lambda: window.queue.is_busy and page.view.table.model.rowCount() > 0
        window.pages.show_page(START)  # somewhere else: its end is a notice
        yield lambda: not window.queue.is_busy
        yield window.pages.banner.action.isVisible
        assert window.pages.key == START
        window.pages.banner.action.click()
        yield page.view.status.buttons["open"].isVisible
        search = Store(tmp_path / "store").searches()[0]
        assert page.view.status.sentence.text() == shown_in(search.found["sentence"])
        page.view.status.buttons["open"].click()
        assert window.pages.key == COMPARE.key
        best, current = search.result["best"], window.workspace.current
        assert current is not None
        expected = Decision(best["checkpoint"], best["interpolation"], best["offset"])
        assert window.workspace.decision(current) == expected
        page._open_trial(1)
        yield lambda: window.workspace.comparison() is not None
        assert window.workspace.comparison().sample_ids[0].startswith("train")  # the validation part is of it

    sit_down(tmp_path / "store", user)
    (search,) = Store(tmp_path / "store").searches()
    assert search.outcome == "done"
    assert [trial.number for trial in search.trials] == [0, 1, 2]
