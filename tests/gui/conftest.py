"""What GUI tests share: nothing may outlive a test; a store; a small real comparison to explore.

The comparison: ten drawn images, two versions and more, hand-made logits.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QProcess, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from mpt_studio.data.dataset import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.worker_client import WorkerClient
from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.window import overrides
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions
from mpt_studio.store import Store

overrides.report_errors()  # a failing paintEvent fails its test instead of ending the process

NAMES = ("cat", "dog & <b>pup</b>", "fox")
"""The old model knows the first two; one looks like markup with a mnemonic."""
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
OLD_ANSWER = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 1])
NEW_ANSWER = np.array([0, 2, 1, 0, 1, 2, 2, 0, 2, 1])
"""Against the truth: flips at 1, 2, 5, 6 (three of them to fox), gained 3 and 8, both wrong 7 and 9."""
BROKEN = 4
"""The image of this sample cannot be read."""
WHY = "the old model and the update gave only answers, no scores."
WORKER = """
import json, sys
log = open(sys.argv[2], "a")
for line in sys.stdin:
    request = json.loads(line)
    if "cancel" in request:
        continue
    args, job = request["args"], request["job"]
    print(job, args.get("sample", ""), request.get("latest"), file=log, flush=True)
    if job == "load":
        result = {"versions": []}
    elif job == "saliency" and "broken" in args["checkpoints"][0]:
        print(json.dumps({"id": request["id"], "error": "The weights are damaged.", "detail": ""}), flush=True)
        continue
    elif job == "saliency":
        maps = [{"class": name, "logit": 1.0, "probability": 0.5, "is_empty": False, "path": sys.argv[1]}
                for name in dict.fromkeys([*args["classes"], "cat"])]
        result = {"sample": args["sample"], "truth": "cat",
                  "versions": [{"answer": args["classes"][0], "image_box": [0.25, 0, 0.75, 1], "maps": maps}]}
    else:
        found = [{"sample": "test/00", "label": "cat", "similarity": 0.9},
                 {"sample": "test/05", "label": "fox", "similarity": 0.8}]
        result = {"versions": [{"neighbours": {args["sample"]: found}}]}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""
"""Answers what the inspector asks, over the real protocol, with what it was told on the command line."""


class PatientBot(QtBot):
    """Waits for what has to come, which ends with it: busy machines take their time."""

    _long = functools.partial(functools.partialmethod, timeout=120_000)
    waitUntil = _long(QtBot.waitUntil)
    waitSignal = _long(QtBot.waitSignal)
    waitExposed = _long(QtBot.waitExposed)
    waitActive = _long(QtBot.waitActive)


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


class DrawnDataset(Dataset):
    """Ten 8×8 images, each in one grey of its own."""

    spec = "drawn"
    class_names = NAMES
    image_size = 8

    def __init__(self) -> None:
        self.sample_ids = np.array([f"test/{i:02d}" for i in range(10)])
        self.labels = TRUTH.astype(np.int64)
        self.train, self.test = np.empty(0, np.int64), np.arange(10)

    def image(self, index: int) -> np.ndarray:
        if index == BROKEN:
            raise UserError("The image test/04 has vanished.")
        return np.full((8, 8, 3), 20 * index + 10, np.uint8)

    def batch(self, indices: object, size: int) -> np.ndarray:
        return np.stack([self.image(int(i)) for i in np.asarray(indices)])


def predictions(answers: np.ndarray, classes: int, version: str, sure: float = 1.0) -> Predictions:
    """Logits with ``sure + i / 10`` at the answer of sample i and 0 elsewhere: margins differ from sample to sample."""
    logits = np.zeros((len(answers), classes), np.float32)
    logits[np.arange(len(answers)), answers] = sure + np.arange(len(answers)) / 10
    ids = np.array([f"test/{i:02d}" for i in range(len(answers))])
    return Predictions(ids, TRUTH.astype(np.int64), NAMES, logits, NAMES[:classes], version=version)


W = TypeVar("W", bound=QWidget)


def seen(qtbot: QtBot, made: W, width: int, height: int) -> W:
    """A page or panel of this size, on the screen."""
    qtbot.addWidget(made)
    made.resize(width, height)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def workspace(qapp: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Old model, reference and one candidate over the drawn images; the reference is on show."""
    made = Workspace(Store(tmp_path_factory.mktemp("explore")))
    made.dataset = DrawnDataset()
    made.add_version(Version("old", "old", "old", predictions=predictions(OLD_ANSWER, 2, "old")))
    made.add_version(Version("plain", "plain", "reference", predictions=predictions(NEW_ANSWER, 3, "plain")))
    better = NEW_ANSWER.copy()
    better[[1, 5]] = TRUTH[[1, 5]]
    made.add_version(Version("mpt", "MPT_KL", "candidate", predictions=predictions(better, 3, "MPT_KL", 2.0)))
    yield made
    made.close()


@pytest.fixture
def empty_workspace(qapp: object, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(Store(tmp_path_factory.mktemp("empty")))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


def only_answers(answers: np.ndarray, classes: int, version: str) -> Predictions:
    ids = np.array([f"test/{i:02d}" for i in range(len(answers))])
    nothing = np.zeros((len(answers), 0), np.float32)
    names, given = NAMES[:classes], answers.astype(np.int64)
    return Predictions(
        ids, TRUTH.astype(np.int64), NAMES, nothing, names, version=version, scores="answers", answers=given
    )


@pytest.fixture
def answered(empty_workspace: Workspace) -> Workspace:
    for key, role, made in (
        ("o", "old", only_answers(OLD_ANSWER, 2, "o")),
        ("n", "candidate", only_answers(NEW_ANSWER, 3, "n")),
    ):
        empty_workspace.add_version(Version(key, key, role, predictions=made))
    return empty_workspace


@pytest.fixture
def asked(workspace: Workspace, tmp_path: Path) -> Iterator[Path]:
    """A workspace with checkpoints and a worker; the file in which the worker notes what it was asked."""
    np.save(tmp_path / "map.npy", np.linspace(0, 1, 16, dtype=np.float16).reshape(4, 4))
    for version in workspace.versions:
        version.checkpoint = str(tmp_path / f"{version.key}.safetensors")
        Path(version.checkpoint).touch()
    noted = tmp_path / "asked.txt"
    worker = WorkerClient(tmp_path, command=[sys.executable, "-c", WORKER, str(tmp_path / "map.npy"), str(noted)])
    workspace.worker = worker
    yield noted
    worker.close()


@pytest.fixture
def explained(qtbot: QtBot, workspace: Workspace, asked: Path) -> Inspector:
    """An inspector whose saliency and neighbours are answered by the worker of ``asked``."""
    return seen(qtbot, Inspector(workspace), 340, 1400)


def overlay(view: ImageView) -> bool:
    return not view._overlay.pixmap().isNull()


KINDS = (QThread, QTimer, QProcess)
_set_aside: list[weakref.ref[QObject]] = []


def _of_our_kinds() -> list[QObject]:
    """Of what the collector knows; ``isinstance`` would ask the things themselves, and a deprecated one warns."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), KINDS)]


@pytest.fixture(scope="module", autouse=True)
def set_aside() -> None:
    """What lives before a file's tests is passed over by the collector; its threads and timers are still watched.

    With torch loaded it is half a million things, looked at three times in every test.
    """
    gc.collect()
    _set_aside.extend(weakref.ref(thing) for thing in _of_our_kinds())
    gc.freeze()


def _alive() -> dict[int, str]:
    """Running threads and processes and active timers that Python knows, by identity."""
    found: dict[int, str] = {}
    kept = [thing for one in _set_aside if (thing := one()) is not None]
    for thing in _of_our_kinds() + kept:
        try:
            if isinstance(thing, QThread) and thing.isRunning() and thing is not QThread.currentThread():
                found[id(thing)] = f"a running {type(thing).__name__}"
            elif isinstance(thing, QTimer) and thing.isActive():
                owner = thing.parent()
                found[id(thing)] = f"an active timer of {type(owner).__name__} every {thing.interval()} ms"
            elif isinstance(thing, QProcess) and thing.state() != QProcess.ProcessState.NotRunning:
                found[id(thing)] = f"a running process {thing.program()}"
        except (RuntimeError, ReferenceError):  # Qt's or Python's side is gone already
            continue
    return found


@pytest.fixture(autouse=True)
def no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """A thread, process or timer that outlives its test fails it."""
    if "qapp" not in request.fixturenames:
        yield
        return
    before = set(_alive())
    yield
    request.getfixturevalue("qapp")
    assert QThreadPool.globalInstance().waitForDone(5000), "The thread pool is still busy after the test."
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    left = [what for key, what in _alive().items() if key not in before]
    assert not left, f"Left behind by the test: {', '.join(left)}"


needs_display = pytest.mark.skipif(
    os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal") or not os.environ.get("DISPLAY"),
    reason="needs a display (xvfb-run, or Xvfb and a window manager)",
)
