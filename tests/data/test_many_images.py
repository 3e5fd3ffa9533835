"""A hundred thousand files: opened once, opened again, cancelled."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import open_dataset

FILES = 100_000
CLASSES = 100
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hard links to a few files: quick to make, and as many files to everyone who looks."""
    root = tmp_path_factory.mktemp("many")
    per_class = FILES // CLASSES
    for c in range(CLASSES):
        part = root / ("test" if c % 5 == 4 else "train") / f"class{c // 5}"
        part.mkdir(parents=True, exist_ok=True)
        first = part / f"{c}_0.png"
        Image.fromarray(np.full((8, 8, 3), c, np.uint8)).save(first)
        for i in range(1, per_class):
            os.link(first, part / f"{c}_{i}.png")
    return root


class Stop(Exception):  # noqa: N818
    """The user cancels."""


def test_that_opening_tells_how_far_it_is_can_be_cancelled_and_goes_on(many: Path) -> None:
    told: list[tuple[float, str, float | None]] = []

    def cancel(sentence: str, fraction: float | None) -> None:
        told.append((time.process_time(), sentence, fraction))
        if fraction is not None and fraction > 0.3:
            raise Stop

    with pytest.raises(Stop):
        open_dataset(f"folder:{many}", cancel)
    assert time.process_time() - told[-1][0] < 5
    assert told[-1][1].startswith("Checking images: 30,")
    checked: list[str] = []
    data = open_dataset(f"folder:{many}", lambda sentence, _: checked.append(sentence))
    assert len(data) == FILES
    assert next(text for text in checked if text.startswith("Checking")) == "Checking images: 0 of 69,984"
    began = time.process_time()
    again = open_dataset(f"folder:{many}", lambda sentence, _: checked.append(sentence))
    assert time.process_time() - began < 3
    assert again.fingerprint == data.fingerprint
