from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mpt_studio.gui import app

from .conftest import needs_display

pytestmark = pytest.mark.gui

OPEN_AND_LOOK = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from mpt_studio.__main__ import main
qt = QApplication(["test"])
def look():
    window = next((w for w in qt.topLevelWidgets() if type(w).__name__ == "MainWindow"), None)
    if window is None or not window.is_furnished:
        return QTimer.singleShot(50, look)
    for key in ("train", "compare", "flips", "runs"):
        window.pages.show_page(key)
        qt.processEvents()
    print("visible", window.isVisible())
    print("torch", "torch" in sys.modules, "torchvision" in sys.modules)
    {more}
    window.close()
QTimer.singleShot(200, look)
print("code", main(["gui"]))
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@needs_display
def test_that_the_shown_window_has_not_imported_torch() -> None:
    said = run(OPEN_AND_LOOK.replace("{more}", ""))
    assert "visible True" in said
    assert "torch False False" in said
    assert "code 0" in said


@needs_display
def test_that_an_exception_that_nobody_caught_is_shown_and_the_program_goes_on() -> None:
    more = """
    QTimer.singleShot(0, lambda: 1 / 0)
    qt.processEvents()
    print("banner", window.pages.banner.text.text(), "details", window.pages.banner.details.isVisible())
    """
    said = run(OPEN_AND_LOOK.replace("    {more}", more))
    assert "banner Something went wrong in MPT Studio (ZeroDivisionError)" in said
    assert "details True" in said
    assert "code 0" in said


def test_that_a_missing_library_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    assert "apt-get install -y libxcb-cursor0" in app.display_problem()


def test_that_a_missing_display_names_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert app.main([]) == 1
    assert "mpt-studio update" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--store", "/s", "a.npz"], ["a.npz", "--store=/s"]])
def test_that_the_store_may_be_named_among_the_files(words: list[str]) -> None:
    assert app._options(words, None) == (["a.npz"], "/s", False)
    assert app._options([*words, "--fresh"], None) == (["a.npz"], "/s", True)


@needs_display
def test_that_files_on_the_command_line_are_opened(tmp_path: Path) -> None:
    from .workspace.files import RIGHT, WRONG, saved

    saved(tmp_path / "a", [RIGHT, RIGHT], "v1")
    saved(tmp_path / "b", [WRONG, RIGHT], "v2")
    more = 'print("flips", window.workspace.comparison().rates("all").negative_flips, window.pages.key)'
    program = OPEN_AND_LOOK.replace("{more}", more).replace(
        '["gui"]', f'["gui", r"{tmp_path / "a"}", r"{tmp_path / "b"}"]'
    )
    assert "flips 1" in run(program)


def test_that_a_display_that_does_not_answer_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":6543")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.so.1")
    said = app.display_problem()
    assert said.startswith("The display :6543 does not answer")
    assert "mpt-studio update" in said
