from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Decision
from mpt_studio.gui.versions.report_dialog import ReportDialog
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import NEW_ANSWER, predictions
from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui
ANSWER = {
    "files": [{"path": "r.html", "bytes": 4}],
    "verdict": "hold",
    "sentences": ["Verdict: hold.", "fail"],
    "notes": [],
}


@pytest.fixture
def dialog(qtbot: QtBot, workspace: Workspace) -> ReportDialog:
    workspace.worker = FakeWorker()
    made = ReportDialog(workspace, "", None)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def save(dialog: ReportDialog, to: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(to), ""))
    dialog.ok.click()
    worker = dialog._workspace.worker
    assert isinstance(worker, FakeWorker)
    return worker


def test_that_the_worker_writes_what_is_on_show_and_the_window_goes_on(
    dialog: ReportDialog, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, told = [], []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    workspace.message.connect(lambda *words: told.append(words))
    (tmp_path / "p.toml").write_text("[nfr]\nmax = 0.1\n")
    dialog.policy.edit.setText(str(tmp_path / "p.toml"))
    dialog.markdown.setChecked(True)
    workspace.set_offset(0.5)
    worker = save(dialog, tmp_path / "r.html", monkeypatch)
    assert not dialog.isVisible()
    assert worker.last.job == "report"
    current = workspace.current
    assert current is not None
    assert worker.last.args == {
        "old": "old", "new": current.run or current.checkpoint or current.key, "offset": 0.5, "data": "drawn",
        "page": str(tmp_path / "r.html"), "markdown": str(tmp_path / "r.md"), "policy": str(tmp_path / "p.toml"),
    }  # fmt: skip
    assert opened == []
    worker.last.answer(ANSWER)
    assert told[-1] == ("info", f"{tmp_path / 'r.html'} written. Verdict: hold.", "Verdict: hold.\nfail")
    assert opened == [str(tmp_path / "r.html")]


def test_that_it_opens_nothing_where_that_is_not_wished_and_tells_failures(
    dialog: ReportDialog, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, told = [], []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    workspace.message.connect(lambda *words: told.append(words))
    dialog.shows.setChecked(False)
    worker = save(dialog, tmp_path / "r.html", monkeypatch)
    assert "policy" not in worker.last.args
    worker.last.answer({**ANSWER, "sentences": []})
    assert opened == []
    worker.last.fail("It cannot be written.")
    assert told[-1] == ("error", "It cannot be written.", "")


def test_that_the_policy_is_the_one_that_the_window_judges_by(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "p.toml").write_text("[nfr]\nmax = 0.1\n")
    workspace.deciding.open(tmp_path / "p.toml")
    dialog = ReportDialog(workspace, "", None)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert dialog.policy.path == str(tmp_path / "p.toml")


def test_that_a_policy_that_is_not_there_is_named(dialog: ReportDialog) -> None:
    dialog.policy.edit.setText("/nowhere/p.toml")
    assert dialog.problem.text() == "There is no file /nowhere/p.toml."
    assert not dialog.ok.isEnabled()


def test_that_a_mixture_is_reported_at_its_share(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    mixed = Version("m", "mixed", "candidate", predictions=predictions(NEW_ANSWER, 3, "mixed"))
    mixed.mixed = Decision("w.safetensors", alpha=0.4)
    workspace.add_version(mixed)
    workspace.set_current("m")
    dialog = ReportDialog(workspace, "", None)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert dialog.ok.isEnabled()
    asked = dialog.arguments(tmp_path / "r.html")
    assert (asked["new"], asked["alpha"]) == ("w.safetensors", 0.4)
