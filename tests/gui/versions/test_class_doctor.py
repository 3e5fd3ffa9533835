from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from mpt_studio.compare import ClassMap, keep_map, kept_map
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.versions.class_doctor import ClassDoctor, Pair
from mpt_studio.gui.versions.class_pairs import DATA, ClassDoctorDialog
from mpt_studio.gui.versions.class_table import CHOICE, KIND, NEW, OLD
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions

pytestmark = pytest.mark.gui
OURS, THEIRS = ("motor boat", "T-Shirt", "dog", "fax"), ("t_shirt", "dog", "motorboats", "whale")
"""One spelled otherwise, two without a counterpart, one of them with a near name."""


def text(doctor: ClassDoctor, row: int, column: int) -> str:
    return str(doctor.shown.index(row, column).data())


def column(doctor: ClassDoctor, which: int) -> list[str]:
    return [text(doctor, row, which) for row in range(doctor.shown.rowCount())]


@pytest.fixture
def doctor(qtbot: QtBot, tmp_path: Path) -> ClassDoctor:
    made = ClassDoctor()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show_pair(Pair(OURS, THEIRS, tmp_path))
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_what_needs_a_choice_comes_first_and_equal_names_are_left_out(doctor: ClassDoctor) -> None:
    assert column(doctor, OLD) == ["motor boat", "fax", "T-Shirt", "", ""]
    assert column(doctor, NEW) == ["", "", "t_shirt", "motorboats", "whale"]
    assert text(doctor, 0, KIND).startswith("✗")
    doctor.only.setChecked(False)
    assert "dog" in column(doctor, OLD)
    doctor.search.setText("wha")
    assert column(doctor, NEW) == ["whale"]


def test_that_a_suggestion_is_preselected_but_not_applied(doctor: ClassDoctor, tmp_path: Path) -> None:
    assert text(doctor, 0, CHOICE).startswith("→ motorboats (suggested)")
    assert doctor.state.text() == "1 class would still be without a counterpart."
    assert not kept_map(tmp_path, OURS, THEIRS)
    assert doctor.diagnosis.blocked


def test_that_choices_are_kept_once_they_are_applied(doctor: ClassDoctor, tmp_path: Path, qtbot: QtBot) -> None:
    doctor.choose([("fax", "")])
    assert doctor.state.text() == "✓ Every class is explained."
    with qtbot.waitSignal(doctor.applied):
        qtbot.mouseClick(doctor.apply, Qt.MouseButton.LeftButton)
    assert dict(kept_map(tmp_path, OURS, THEIRS).pairs) == {"motor boat": "motorboats", "fax": ""}
    assert not doctor.diagnosis.blocked
    assert not doctor.apply.isEnabled()


def test_that_two_classes_are_never_taken_as_one(doctor: ClassDoctor) -> None:
    doctor.choose([("fax", "motorboats")])
    assert not doctor.apply.isEnabled()
    assert "both" in doctor.state.text()


def test_that_two_equal_suggestions_preselect_only_the_nearer(qtbot: QtBot, tmp_path: Path) -> None:
    made = ClassDoctor()
    qtbot.addWidget(made)
    made.show_pair(Pair(("motorbot", "motorboats x"), ("motorboats",), tmp_path))
    assert len(made.model.draft) == 1


def test_that_the_choice_is_a_list_of_names_that_are_free(doctor: ClassDoctor, qtbot: QtBot) -> None:
    at = doctor.shown.index(1, CHOICE)
    doctor.table.edit(at)
    box = doctor.table.viewport().findChild(QComboBox)
    assert [box.itemText(i) for i in range(box.count())] == ["choose …", "Drop it knowingly", "motorboats", "whale"]
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert doctor.model.draft["fax"] == "whale"
    assert not doctor.shown.index(2, CHOICE).flags() & Qt.ItemFlag.ItemIsEditable


def test_that_a_file_fills_the_choices(doctor: ClassDoctor, tmp_path: Path) -> None:
    (tmp_path / "map.txt").write_text("fax -> whale\nmotor boat ->\nunknown -> dog\n")
    doctor.read(tmp_path / "map.txt")
    assert doctor.model.draft == {"fax": "whale", "motor boat": ""}
    doctor.take_back.click()
    assert doctor.model.draft == {}


def test_that_a_thousand_classes_are_filtered_and_chosen_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    old = tuple(f"class {i:04d}" for i in range(1000))
    new = (*(f"class {i:04d}" for i in range(999, 39, -1)), *(f"quite other {i}" for i in range(40)))
    made = ClassDoctor()
    qtbot.addWidget(made)
    made.show_pair(Pair(old, new, tmp_path))
    qtbot.waitUntil(lambda: made.diagnosis is not None)
    made.show()
    start = time.thread_time()
    made.only.setChecked(False)
    made.search.setText("class 0123")
    assert made.shown.rowCount() == 1
    assert time.thread_time() - start < 1.0
    made.choose([("class 0001", "")])
    assert made.model.draft["class 0001"] == ""
    qtbot.waitUntil(lambda: made.state.text() != "…")


def named(old_names: tuple[str, ...], new_names: tuple[str, ...]) -> tuple[Predictions, Predictions]:
    ids, rows = np.array([f"test/{i}" for i in range(4)]), np.arange(4)
    made = []
    for names in (old_names, new_names):
        logits = np.zeros((4, len(names)), np.float32)
        logits[rows, rows % len(names)] = 3
        made.append(Predictions(ids, (rows % len(names)).astype(np.int64), names, logits, names))
    return made[0], made[1]


@pytest.fixture
def blocked(empty_workspace: Workspace) -> Workspace:
    old, new = named(("cat", "dog"), ("cat", "hound"))
    empty_workspace.add_version(Version("o", "deployed", "old", predictions=old))
    empty_workspace.add_version(Version("n", "nightly", "candidate", predictions=new))
    return empty_workspace


def test_that_a_comparison_that_classes_block_is_the_doctor_until_it_is_explained(
    qtbot: QtBot, blocked: Workspace
) -> None:
    heard: list[str] = []
    blocked.message.connect(lambda level, *_: heard.append(level))
    page = ComparePage(blocked)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    assert page.stack.currentWidget() is page.blocked
    assert "error" not in heard
    page.blocked.choose([("dog", "hound")])
    qtbot.mouseClick(page.blocked.apply, Qt.MouseButton.LeftButton)
    assert page.stack.currentWidget() is page.scroll_area
    assert blocked.comparison().rates("all").samples == 4
    assert blocked.comparison().names == ("cat", "hound")


def test_that_the_dialog_shows_any_two_of_what_is_open(qtbot: QtBot, workspace: Workspace) -> None:
    dialog = ClassDoctorDialog(workspace)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert dialog.doctor.pair.titles == ("old", "plain")
    dialog.new.setCurrentIndex(dialog.new.findData(DATA))
    dialog.new.activated.emit(dialog.new.currentIndex())
    assert dialog.doctor.pair.new == workspace.dataset.class_names
    dialog.old.setCurrentIndex(dialog.old.findData("mpt"))
    dialog.new.setCurrentIndex(dialog.new.findData("old"))
    dialog.new.activated.emit(0)
    assert dialog.doctor.diagnosis.unexplained == ("fox",)


def test_that_large_comparisons_are_blocked_beside_the_window_alike(
    qtbot: QtBot, blocked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpt_studio.gui.workspace.comparisons.DIRECT_LOGITS", 1)
    blocked.compare_again("n")
    page = ComparePage(blocked)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.blocked)
    page.blocked.choose([("dog", "hound")])
    page.blocked.keep()
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.scroll_area)


def test_that_the_old_model_is_asked_in_its_own_words(qtbot: QtBot, blocked: Workspace) -> None:
    keep_map(blocked.store.root, ("cat", "dog"), ("cat", "hound"), ClassMap((("dog", "hound"),)))
    blocked.compare_again("n")
    assert blocked.comparison().names == ("cat", "hound")
    explanations = blocked.explanations
    explanations.row = 1  # a dog, which both answer
    assert explanations.class_answered(blocked.old) == explanations.true_name(blocked.old) == "dog"
    assert explanations.class_answered(blocked.current) == "hound"


def test_that_a_thousand_classes_on_either_side_never_hold_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    made, turns = random.Random(0), []
    new = ["".join(made.choices("abcdefghijklmnop", k=12)) for _ in range(1000)]
    old = [f"{name[:5]}x{name[6:]}" if i < 200 else name for i, name in enumerate(new)]
    doctor = ClassDoctor()
    qtbot.addWidget(doctor)
    doctor.resize(800, 500)
    with qtbot.waitExposed(doctor):
        doctor.show()
    turn = QTimer(interval=0, timeout=lambda: turns.append(time.thread_time()))
    turn.start()
    for ours in (old, [f"{name}, once" for name in old]):  # some and all of them without a counterpart
        done: list[bool] = []
        doctor.show_pair(Pair(tuple(ours), tuple(new), tmp_path), lambda done=done: done.append(True))
        qtbot.waitUntil(lambda done=done: bool(done) and doctor.state.text() != "…")
        qtbot.wait(50)
    turn.stop()
    # of the window's own thread, as other programs may have the processor
    assert max(after - before for before, after in pairwise(turns)) < 0.05
