"""From a file that is dropped on the window to the dialogs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from mpt_studio.gui.versions.opening_cards import OpeningCard
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.window.docks import VERSIONS
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.workspace import opening
from mpt_studio.reading import to_json
from mpt_studio.store import Store

from ..fake_worker import FakeWorker
from ..window.test_main_window import drop
from ..workspace.files import RIGHT, WRONG, saved
from ..workspace.test_opening import reading, weights

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, store: Store) -> Iterator[MainWindow]:
    theme.apply(qapp, "light")
    made = MainWindow(store)
    made.workspace.worker = FakeWorker()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    theme.set_scheme("light")


def distances(path: Path) -> Path:
    """Forty samples of three classes; the smallest number is the answer."""
    rows = [
        f"{i},{'abc'[i % 3]}," + ",".join(str(0.5 + 3 * (j != i % 3) + 0.01 * i) for j in range(3)) for i in range(40)
    ]
    path.write_text("id,label,a,b,c\n" + "\n".join(rows) + "\n")
    return path


def dialog_named(window: MainWindow, name: str) -> QDialog | None:
    return next((d for d in window.findChildren(QDialog) if type(d).__name__ == name and d.isVisible()), None)


def test_that_a_dropped_file_is_read_asked_about_and_opened(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path, worker = weights(tmp_path / "deployed.pth"), window.workspace.worker
    drop(window, path)
    qtbot.waitUntil(lambda: bool(worker.asked))
    assert window.docks[VERSIONS].widget().findChild(OpeningCard) is not None
    worker.last.answer(to_json(reading(path, names=())))
    asked = dialog_named(window, "ModelDialog")
    assert asked is not None
    asked.class_names.set_names(("cat", "dog"))
    asked.ok.click()
    worker.last.answer(to_json(reading(path)))
    assert [v.label for v in window.workspace.versions] == ["deployed"]
    assert window.pages.key == "compare"
    assert window.docks[VERSIONS].widget().findChild(OpeningCard) is None


def test_that_a_question_opens_one_window_however_often_it_is_asked(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = weights(tmp_path / "a.pth")
    window.files.open_paths([path])
    window.workspace.worker.last.answer(to_json(reading(path, names=())))
    window.docks[VERSIONS].widget().findChild(OpeningCard).answer.click()
    assert len([d for d in window.findChildren(QDialog) if d.isVisible()]) == 1
    dialog_named(window, "ModelDialog").reject()
    qtbot.waitUntil(lambda: dialog_named(window, "ModelDialog") is None)


def test_that_actions_are_on_where_they_have_something_to_work_on(window: MainWindow, tmp_path: Path) -> None:
    names = ("export_version", "about_version", "class_doctor", "skipped")
    QApplication.processEvents()
    assert [window.actions_by_id[name].isEnabled() for name in names] == [False] * 4
    window.files.open_paths([saved(tmp_path / "a", [RIGHT], "v1"), saved(tmp_path / "b", [WRONG], "v2")])
    assert [window.actions_by_id[name].isEnabled() for name in names] == [False, True, True, False]


@pytest.mark.parametrize(
    ("action", "dialog"), [("about_version", "VersionDialog"), ("class_doctor", "ClassDoctorDialog")]
)
def test_that_an_action_opens_its_window(
    window: MainWindow, tmp_path: Path, action: str, dialog: str, qtbot: QtBot
) -> None:
    window.files.open_paths([saved(tmp_path / "a", [RIGHT], "v1"), saved(tmp_path / "b", [WRONG], "v2")])
    window.actions_by_id[action].trigger()
    made = dialog_named(window, dialog)
    assert made is not None
    made.close()
    qtbot.waitUntil(lambda: dialog_named(window, dialog) is None)


def test_that_versions_from_elsewhere_are_changed_and_exported_from_their_menu(
    window: MainWindow, tmp_path: Path
) -> None:
    path = weights(tmp_path / "a.pth")
    window.files.open_paths([path])
    window.workspace.worker.last.answer(to_json(reading(path)))
    menu = window.docks[VERSIONS].menu(window.workspace.versions[0])
    deeds = {action.text(): action for action in menu.actions()}
    assert deeds["Export…"].isEnabled()
    deeds["Change how it is read…"].trigger()
    dialog_named(window, "ModelDialog").reject()
    deeds["Export…"].trigger()
    dialog_named(window, "ExportVersionDialog").reject()
    menu.close()


def test_that_unclear_scores_are_asked_for_and_the_table_is_opened(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    window.files.open_paths([distances(tmp_path / "v.csv")])
    asked = dialog_named(window, "ScoresDialog")
    assert asked is not None
    assert not asked.ok.isEnabled()
    assert asked.choices.button(1).text().startswith("Distances or losses")
    asked.choices.button(1).click()
    asked.ok.click()
    (version,) = window.workspace.versions
    assert version.predictions is not None
    assert version.figures["all"]["accuracy"] == 1.0


def test_that_a_large_table_with_unclear_scores_is_asked_about_and_read_by_the_worker(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("DIRECT_BYTES", "BESIDE_BYTES"):
        monkeypatch.setattr(opening, limit, 10)
    window.files.open_paths([distances(tmp_path / "v.csv")])
    worker = window.workspace.worker
    worker.last.answer({"kind": "unclear", "what": "the scores add up to nothing", "fits": ["logits", "distances"]})
    dialog_named(window, "ScoresDialog").reject()
    assert "what its scores are must be said first" in window.workspace.opening.items[0].problem
    window.files.open_paths([tmp_path / "v.csv"])
    worker.last.answer({"kind": "unclear", "what": "the scores add up to nothing", "fits": ["logits", "distances"]})
    asked = next(d for d in window.findChildren(QDialog) if type(d).__name__ == "ScoresDialog" and d.isVisible())
    asked.choices.button(1).click()
    asked.ok.click()
    assert worker.last.args["scores"] == "distances"
