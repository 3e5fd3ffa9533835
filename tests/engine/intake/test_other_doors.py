"""Hostile files named as the old model of a comparison or an update, and as tables of predictions.

What the limited process does with each of them is tested elsewhere (``test_hostile_files``). Here every file goes in at
every other door, and either is refused there or arrives at that process: nothing before it obeys a file, is held up by
it or takes memory for it.
"""

from __future__ import annotations

import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hostile import Canary, Hostile, corpus
from hostile.case import Listener, laid
from PIL import Image

from mpt_studio import jobs, paths
from mpt_studio.errors import UserError
from mpt_studio.jobs import read_weights
from mpt_studio.predictions import Predictions, write_predictions
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store

SECONDS = 5.0
MEGABYTES = 600
ARRIVED = "It arrived at the limited process."
TABLES = (".csv", ".npz", ".parquet")


class Doors:
    """One session, good predictions and images, and every door that is not ``read_version`` itself."""

    def __init__(self, base: Path) -> None:
        self.base, self.listener, self.count = base, Listener(), 0
        self.session = jobs.Session(Store(base / "store"))
        self.good, self.images = str(base / "good"), f"folder:{base / 'images'}"
        ids, labels = np.array(["a", "b"]), np.array([0, 1])
        logits = np.eye(2, dtype=np.float32)
        write_predictions(Predictions(ids, labels, ("cat", "dog"), logits, ("cat", "dog")), base / "good")
        for name in ("cat", "dog"):
            for i in range(8):
                (base / "images" / name).mkdir(parents=True, exist_ok=True)
                Image.new("L", (4, 4), 20 * i + len(name)).save(base / "images" / name / f"{name}{i}.png")

    def compare(self, path: Path) -> None:
        jobs.compare_versions(self.session, str(path), self.good)

    def update(self, path: Path) -> None:
        jobs.check_update(self.session, UpdateRecipe(data=self.images, old=str(path)))

    def table(self, path: Path) -> None:
        jobs.compare_versions(self.session, self.good, str(path))

    def wrong(self, case: Hostile) -> list[str]:
        """What every door got wrong; the last ones are shown the same bytes under the name of each kind of table."""
        self.count += 1
        home = self.base / str(self.count)
        canary, path = laid(case, home, self.listener.port)
        found = [self._told(self.compare, path, canary), self._told(self.update, path, canary)]
        for suffix in TABLES if paths.is_file(path) else ():
            path = path.rename(path.with_name(f"table{suffix}"))
            found.append(self._told(self.table, path, canary))
        shutil.rmtree(home)
        return list(filter(None, found))

    def _told(self, door: Callable[[Path], None], path: Path, canary: Canary) -> str:
        """What is wrong with how a door took a file; "" where nothing is."""
        began = time.process_time()
        try:
            door(path)
            return f"{door.__name__} read it"
        except UserError as error:
            sentence = str(error)
        if canary.has_sung() or self.listener.knocks():
            return f"{door.__name__} obeyed it"
        if time.process_time() - began > SECONDS:
            return f"{door.__name__} took {time.process_time() - began:.1f} s"
        is_sentence = sentence.isprintable() and sentence.endswith((".", "…"))
        return "" if is_sentence else f"{door.__name__} said {sentence!r}"


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))

    def arrived(*_: object, **__: object) -> NoReturn:
        raise UserError(ARRIVED)

    monkeypatch.setattr(read_weights, "run_child", arrived)
    made = Doors(tmp_path)
    yield made
    made.listener.close()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in other units")
def test_that_no_other_door_opens_a_hostile_file(doors: Doors) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cases = [case for i, case in enumerate(corpus()) if not case.group.startswith("one global") or i % 10 == 0]
    assert len(cases) > 350
    assert {case.name: wrong for case in cases if (wrong := doors.wrong(case))} == {}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES << 10
