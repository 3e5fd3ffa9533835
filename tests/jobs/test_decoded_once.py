"""An update, an evaluation and the window's thumbnails decode each file once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.data import decode, room
from mpt_studio.data.fit import Whole
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Note
from mpt_studio.recipe import Model, Training, UpdateRecipe
from mpt_studio.store import Store

PER_CLASS = {"train": 12, "test": 4}
IMAGES = 3 * sum(PER_CLASS.values())
TINY = Training(epochs=2, batch_size=8, learning_rate=0.01, precision="fp32", device="cpu", data_placement="loader")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name in ("ant", "bee", "cat"):
        for part, count in PER_CLASS.items():
            folder = tmp_path / "photos" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(folder / f"{i}.jpg")
    return tmp_path / "photos"


@pytest.fixture
def decoded(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Counter[str]]:
    """How often each content went through the door, in whatever process."""
    log = os.open(tmp_path / "decoded.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    real = decode.decode

    def counted(content: bytes, *form: object, **more: int) -> np.ndarray:
        os.write(log, b"%016x\n" % (hash(content) & (1 << 64) - 1))
        return real(content, *form, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(decode, "decode", counted)
    return lambda: Counter((tmp_path / "decoded.log").read_text().split())


def updated(session: jobs.Session, photos: Path) -> dict[str, object]:
    recipe = UpdateRecipe(
        data=f"folder:{photos}", old_classes="2", methods="none,mpt_kl", model=Model(image_size=16), training=TINY
    )
    result = jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    assert result is not None
    return result


def test_that_all_versions_epochs_and_evaluations_decode_each_file_once(
    tmp_path: Path, photos: Path, decoded: Callable[[], Counter[str]]
) -> None:
    session = jobs.Session(Store(tmp_path / "store"))
    updated(session, photos)
    runs = session.store.runs()
    assert len(runs) == 3
    assert (len(decoded()), set(decoded().values())) == (IMAGES, {1})
    for run in runs:
        assert run.checkpoint is not None
        for part in ("train", "test"):
            out = tmp_path / f"{run.id}-{part}"
            jobs.evaluate(session, run.checkpoint, f"folder:{photos}", part=part, out=out)  # type: ignore[arg-type]
    assert (len(decoded()), set(decoded().values())) == (IMAGES, {1})


def test_that_thumbnails_are_made_of_what_training_on_crops_keeps(
    photos: Path, decoded: Callable[[], Counter[str]]
) -> None:
    data = jobs.open_data(jobs.Session(Store(photos / "store")), f"folder:{photos}")
    for _ in data.keep(range(len(data)), Whole.of(32)):
        pass
    for index in range(len(data)):
        data.small_image(index, 32)
        data.wholes([index], 37)
    assert set(decoded().values()) == {1}


def test_that_a_file_that_vanishes_between_two_epochs_ends_the_run_with_a_sentence(
    tmp_path: Path, photos: Path, own_cache: Path
) -> None:
    heard: list[str] = []

    def listen(run: str, event: object) -> None:
        if isinstance(event, Epoch):
            for file in (photos / "train" / "ant").glob("*.jpg"):
                file.unlink()
        if isinstance(event, Note):
            heard.append(event.text)

    with pytest.raises(UserError, match=r"The image train/ant/.*\.jpg in .* has vanished since the data were opened"):
        updated(jobs.Session(Store(tmp_path / "store"), listen=listen), photos)


def test_that_a_run_says_where_images_are_not_kept_and_ends_alike(
    tmp_path: Path, photos: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LEFT_FREE", 0)
    ends, heard = [], []
    for limit in ("1K", "1GB"):
        monkeypatch.setenv(room.LIMIT, limit)
        session = jobs.Session(Store(tmp_path / limit), listen=lambda run, event: heard.append(event))
        updated(session, photos)
        ends.append(sorted((run.label, run.predictions("test")) for run in session.store.runs()))
    told = [event.text for event in heard if isinstance(event, Note) and "decoded each time" in event.text]
    assert len(told) == 3
    assert told[0].startswith("Decoded, the images would take")
    for (label, one), (other, two) in zip(*ends, strict=True):
        assert label == other
        assert (one / "logits.npy").read_bytes() == (two / "logits.npy").read_bytes()
