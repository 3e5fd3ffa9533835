"""*Update my model* through the real entry: a real folder of images and real weights, trained to the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtWidgets import QApplication

from mpt_studio.gui.train.update_dialog import UpdateDialog
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import TRAIN
from mpt_studio.store import Store

from .sitting import Condition, sit_down

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Three colours in noise, 72 pixels, 24 training and 8 test images each."""
    random = np.random.default_rng(0)
    for part, number in (("train", 24), ("test", 8)):
        for hue, name in enumerate(("blue", "green", "red")):
            (tmp_path / "shapes" / part / name).mkdir(parents=True)
            for i in range(number):
                pixels = random.integers(0, 90, (72, 72, 3), np.uint8)
                pixels[..., 2 - hue] += 120
                Image.fromarray(pixels).save(tmp_path / "shapes" / part / name / f"{i}.png")
    return tmp_path / "shapes"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """As a training script leaves them; the names of the classes lie beside."""
    from torchvision.models import mobilenet_v3_small

    torch.manual_seed(0)
    torch.save(mobilenet_v3_small(num_classes=2).state_dict(), tmp_path / "deployed.pth")
    (tmp_path / "labels.txt").write_text("blue\ngreen\n")
    return tmp_path / "deployed.pth"


def test_that_a_folder_and_a_weights_file_become_an_update_with_its_time_told_before(
    tmp_path: Path, shapes: Path, weights: Path, qapp: QApplication
) -> None:
    def user(window: MainWindow) -> Generator[Condition, None, None]:
        window.actions_by_id["update_model"].trigger()
        (dialog,) = window.findChildren(UpdateDialog)
        dialog.take(shapes)
        dialog.take(weights)
        yield dialog.use.isEnabled
        assert dialog.about_old.text().startswith("mobilenet_v3_small, 2 classes")
        assert dialog.about_classes.text() == "2 known, 1 new (red)."
        dialog.begin.set_value("scratch")  # published weights would be downloaded
        yield lambda: dialog.time.text().startswith("About")
        dialog.use.click()
        form = window.pages[TRAIN].form
        assert form.recipe().old == str(weights)
        form.editors["methods"].set_value("none,none@old,bcwi")
        form.editors["training.epochs"].set_value(1)
        yield lambda: window.pages[TRAIN].left.time.text().startswith("About")
        window.pages[TRAIN].start.click()
        yield lambda: window.queue.is_busy
        yield lambda: not window.queue.is_busy

    sit_down(tmp_path / "store", user)
    (update,) = Store(tmp_path / "store").updates()
    assert update.outcome == "done"
    assert [row["label"] for row in update.result["candidates"]] == [
        "No_Treatment",
        "No_Treatment @old",
        "BCWI of No_Treatment @old",
    ]
