"""From a click on the quadrant of negative flips to a must-not-flip list that stops the update, as a user does it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from mpt_studio.__main__ import main
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.compare.quadrants import Quadrant
from mpt_studio.gui.decide.set_dialog import SetDialog
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, FLIPS
from mpt_studio.predictions import Predictions, write_predictions

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(sys.platform.startswith("linux") and not os.environ.get("DISPLAY"), reason="needs a display"),
]
NAMES = ("cat", "dog", "fox")
TRUTH = np.array([0, 0, 0, 1, 1, 1, 2, 2])
OLD_ANSWER = np.array([0, 0, 1, 1, 1, 0, 0, 1])
NEW_ANSWER = np.array([0, 2, 0, 1, 2, 1, 2, 2])
"""Against the truth: samples 1 and 4 flip to fox; 4 has the larger margin."""
User = Callable[[MainWindow], Generator[Callable[[], bool], None, None]]


def version(path: Path, answers: np.ndarray, classes: int) -> Path:
    logits = np.zeros((8, classes), np.float32)
    logits[np.arange(8), answers] = 1 + np.arange(8) / 4
    ids = np.array([f"test/{i}.png" for i in range(8)])
    made = Predictions(ids, TRUTH.astype(np.int64), NAMES, logits, NAMES[:classes], data_fingerprint="eight")
    write_predictions(made, path)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return version(tmp_path / "old", OLD_ANSWER, 2)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return version(tmp_path / "new", NEW_ANSWER, 3)


def sit_down(store: Path, user: User, *words: str) -> None:
    """Run the real program with a user who goes on as soon as what they wait for has come."""
    errors: list[BaseException] = []
    steps: list[Generator[Callable[[], bool], None, None]] = []
    waiting: list[Callable[[], bool]] = [lambda: True]

    def look() -> None:
        windows = [
            w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible() and w.is_furnished
        ]
        if not windows:
            return
        if not steps:
            steps.append(user(windows[0]))
        try:
            if waiting[0]():
                waiting[0] = next(steps[0])
        except StopIteration:
            leave(windows[0])
        except BaseException as error:  # told to pytest once the window is closed
            errors.append(error)
            leave(windows[0])

    def leave(window: MainWindow) -> None:
        timer.stop()
        window.close()

    timer = QTimer(interval=30, timeout=look)
    timer.start()
    assert main(["gui", *words, "--store", str(store)]) == 0
    if errors:
        raise errors[0]


def test_that_a_blocker_found_in_the_window_stops_the_update(
    qapp: object,
    old: Path,
    new: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blockers, store = tmp_path / "must-not-flip.txt", tmp_path / "store"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(blockers), ""))

    def user(window: MainWindow) -> Generator[Callable[[], bool], None, None]:
        yield lambda: window.workspace.comparison() is not None
        window.pages.show_page("compare")
        yield window.pages[COMPARE].quadrants.isVisible
        lost = next(q for q in window.pages[COMPARE].findChildren(Quadrant) if q.kind == FlipKind.NEGATIVE)
        QTest.mouseClick(lost, Qt.MouseButton.LeftButton)
        yield window.pages[FLIPS].grid.isVisible
        assert window.workspace.filter.kinds == (FlipKind.NEGATIVE,)
        grid = window.pages[FLIPS].grid
        window.activateWindow()
        grid.setFocus()
        yield grid.hasFocus
        assert len(grid.flips.rows) == 2
        QTest.keyClick(grid, Qt.Key.Key_Home)
        yield window.actions_by_id["mark_blocker"].isEnabled
        QTest.keyClick(grid, Qt.Key.Key_X)
        yield lambda: window.workspace.judging.ids(Mark.BLOCKER) == ["test/4.png"]
        window.actions_by_id["export_blockers"].trigger()
        yield blockers.exists

    sit_down(store, user, str(old), str(new))
    assert blockers.read_text("utf-8") == "test/4.png\n"
    assert main(["compare", str(old), str(new), "--must-not-flip", str(blockers)]) == 3
    told = "".join(capsys.readouterr())
    assert "Verdict: hold" in told
    assert "test/4.png" in told


def test_that_the_window_and_the_command_line_come_to_one_verdict(
    qapp: object, old: Path, new: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, policy = tmp_path / "store", tmp_path / "repository" / "policy.toml"
    policy.parent.mkdir()
    policy.write_text("# ours\n[nfr]\nmax = 0.01\n")
    said: list[str] = []

    def user(window: MainWindow) -> Generator[Callable[[], bool], None, None]:
        deciding = window.workspace.deciding
        yield lambda: window.workspace.comparison() is not None
        window.pages.show_page("compare")
        view = window.pages[COMPARE].verdict
        yield view.starting.isVisible
        deciding.open(policy)
        yield view.criteria.isVisible
        assert view.word.text() == "✗\u2002Hold"
        QTest.mouseClick(view.criteria.buttons()[0], Qt.MouseButton.LeftButton)
        yield window.pages[FLIPS].grid.isVisible
        assert sorted(window.workspace.rows.tolist()) == [1, 4]
        yield window.actions_by_id["must_not_flip"].isEnabled
        window.actions_by_id["must_not_flip"].trigger()
        yield lambda: window.findChild(SetDialog) is not None
        dialog = window.findChild(SetDialog)
        dialog.name.setText("regulator")
        QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        yield lambda: deciding.judged is not None and len(deciding.judged.verdict.findings) == 2
        said.extend(deciding.judged.verdict.sentences())

    sit_down(store, user, str(old), str(new))
    assert policy.read_text("utf-8").startswith("# ours\n[nfr]\nmax = 0.01\n")
    assert (policy.parent / "regulator.txt").read_text("utf-8").split() == ["test/4.png", "test/1.png"]
    capsys.readouterr()
    assert main(["compare", str(old), str(new), "--policy", str(policy)]) == 3
    told = "".join(capsys.readouterr())
    assert all(sentence in told for sentence in said)
