"""What a run tells while its images are decoded."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mpt_studio.data.dataset import Kept
from mpt_studio.data.fit import Fit, Whole
from mpt_studio.engine.train import decoding
from mpt_studio.engine.train.decoding import decode_images
from mpt_studio.engine.train.progress import Left


class Slow:
    def __init__(self, note: str = "") -> None:
        self.note, self.asked, self.closed = note, [], False

    def keep(self, indices, form, stored=None):
        self.asked += [*indices.tolist(), form, *([stored] if stored else [])]
        try:
            for done in range(0, 3000, 1200):
                yield done, 3000
        finally:
            self.closed = True
        return Kept(all=not self.note, note=self.note)


def parts(data: Slow) -> SimpleNamespace:
    return SimpleNamespace(dataset=data, train=np.array([0, 2]), validation=np.array([1]))


def test_that_a_run_tells_how_far_decoding_is_and_what_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_FIRST", 0.0)
    monkeypatch.setattr(decoding, "_MOST", 0.0)
    data = Slow("The disk is full.")
    told = [(note.text, note.level) for note in decode_images(parts(data), Fit(16), Fit(16), lambda: None)]
    assert told[1:] == [
        ("Decoding images: 1,200 of 3,000.", "info"),
        ("Decoding images: 2,400 of 3,000.", "info"),
        ("The disk is full.", "warning"),
    ]
    assert data.asked == [0, 2, 1, Fit(16)]


def test_that_what_takes_no_time_is_not_told() -> None:
    assert not list(decode_images(parts(Slow()), Fit(16), Fit(16), lambda: None))


def test_that_validation_images_are_decoded_as_the_version_sees_them() -> None:
    data = Slow()
    assert not list(decode_images(parts(data), Fit(16), Fit(16, 20), lambda: None))
    assert data.asked == [0, 2, Fit(16), 1, Fit(16, 20)]


def test_that_a_run_that_goes_on_has_its_training_images_stored_as_they_were() -> None:
    data = Slow()
    assert not list(decode_images(parts(data), Whole(18), Fit(16), lambda: None, "jpeg"))
    assert data.asked == [0, 2, Whole(18), "jpeg", 1, Fit(16)]


def test_that_decoding_can_be_left() -> None:
    def leave() -> None:
        raise Left

    data = Slow()
    with pytest.raises(Left):
        list(decode_images(parts(data), Fit(16), Fit(16), leave))
    assert data.closed
