from __future__ import annotations

import pytest
from PySide6.QtCore import QByteArray

from mpt_studio import paths
from mpt_studio.gui.widgets.settings import Settings, WindowState

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    "content", ["", "{", "[1, 2]", '"text"', "\x00\x01", '{"scheme": 7, "recent": "x"}', "[" * 100_000]
)
def test_that_a_damaged_file_gives_defaults(content: str) -> None:
    paths.config_dir().mkdir(parents=True)
    for name in ("settings.json", "window.json"):
        (paths.config_dir() / name).write_text(content, "utf-8")
    settings, state = Settings(), WindowState()
    assert (settings.scheme, settings.recent) == ("system", [])
    assert state.bytes_of("geometry") is None
    settings.scheme = "dark"
    assert Settings().scheme == "dark"


def test_that_a_folder_in_the_file_s_place_does_not_stop_the_start() -> None:
    (paths.config_dir() / "settings.json").mkdir(parents=True)
    settings = Settings()
    settings.scheme = "light"
    assert settings.scheme == "light"


def test_that_recent_files_are_newest_first_unique_and_nine() -> None:
    settings = Settings()
    for number in range(12):
        settings.add_recent(f"/data/{number}")
    settings.add_recent("/data/5")
    assert Settings().recent[:2] == ["/data/5", "/data/11"]
    assert len(Settings().recent) == 9


def test_that_window_state_is_apart_and_comes_back() -> None:
    WindowState().save(geometry=QByteArray(b"\x00\xff"), layout=QByteArray(b"abc"))
    state = WindowState()
    assert state.bytes_of("geometry") == QByteArray(b"\x00\xff")
    assert not (paths.config_dir() / "settings.json").exists()


def test_that_a_value_that_qt_refuses_is_not_restored() -> None:
    WindowState().set(geometry="no base64 at all!")
    assert not WindowState().restore("geometry", lambda _: True)
