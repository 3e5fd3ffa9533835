"""The window's entry: checks the display, applies the theme, catches what nobody caught. Never imports torch."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mpt_studio import paths
from mpt_studio.log import start_logging

if TYPE_CHECKING:
    from mpt_studio.gui.window.main_window import MainWindow

log = logging.getLogger(__name__)
_TWIN = "use the command line instead: mpt-studio update --help"


def main(opened: list[str] | None = None, store: str | None = None) -> int:
    """Open the window with ``opened`` files and folders; returns the exit code.

    ``--store DIR`` and ``--fresh`` (begin empty) among ``opened`` are understood as well.
    """
    opened, store, fresh = _options(list(opened or []), store)
    problem = _missing(opened) or display_problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    start_logging("window")
    return _run(opened, Path(store) if store else paths.store_dir(), fresh)


def _missing(opened: list[str]) -> str:
    absent = next((name for name in opened if not Path(name).exists()), None)
    return f"There is no file or folder {absent}." if absent else ""


def _options(words: list[str], store: str | None) -> tuple[list[str], str | None, bool]:
    opened: list[str] = []
    fresh = False
    rest = iter(words)
    for word in rest:
        if word == "--store":
            store = next(rest, store)
        elif word.startswith("--store="):
            store = word.partition("=")[2]
        elif word == "--fresh":
            fresh = True
        else:
            opened.append(word)
    return opened, store, fresh


def display_problem() -> str:
    """Why no window can open here, as a sentence; empty where one can."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or platform.partition(":")[0] not in ("", "xcb", "wayland"):
        return ""
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return f"There is no display here; {_TWIN}"
    uses_xcb = platform.startswith("xcb") or not os.environ.get("WAYLAND_DISPLAY")
    if uses_xcb and ctypes.util.find_library("xcb-cursor") is None:
        return "Qt needs libxcb-cursor0 to open a window here: sudo apt-get install -y libxcb-cursor0"
    if uses_xcb and not _answers(os.environ.get("DISPLAY", "")):
        return f"The display {os.environ.get('DISPLAY')} does not answer; {_TWIN}"
    return ""


def _answers(display: str) -> bool:
    """Whether an X server takes our connection; Qt would abort where none does. True where that cannot be asked."""
    name = ctypes.util.find_library("xcb")
    if name is None:
        return True
    try:
        xcb = ctypes.CDLL(name)
        xcb.xcb_connect.restype = ctypes.c_void_p
        xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
        xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    except (OSError, AttributeError):
        return True
    connection = xcb.xcb_connect(display.encode(), None)  # never null: a failure is a connection with an error
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def _run(opened: list[str], store: Path, fresh: bool) -> int:
    from PySide6.QtWidgets import QApplication

    from mpt_studio.gui.window import overrides

    overrides.report_errors()  # before the classes that it guards are defined

    from mpt_studio.gui.widgets import theme
    from mpt_studio.gui.widgets.settings import Settings
    from mpt_studio.gui.window.main_window import MainWindow

    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["mpt-studio"])
    app.setApplicationName("mpt-studio")
    app.setApplicationDisplayName("MPT Studio")
    app.setDesktopFileName("mpt-studio")
    settings = Settings()
    theme.apply(app, settings.scheme)
    window = MainWindow(settings=settings)
    with _nothing_unseen(window), _quit_on_signals(app):
        window.painted.connect(lambda: _start(window, store, opened, fresh))
        window.show()
        code = app.exec()
    window.deleteLater()
    return code


def _start(window: MainWindow, store: Path, opened: list[str], fresh: bool) -> None:
    from mpt_studio.store import Store

    window.furnish(Store(store.expanduser().absolute()))
    window.start(opened, fresh=fresh)


@contextlib.contextmanager
def _nothing_unseen(window: MainWindow) -> Iterator[None]:
    """Exceptions that nobody caught are logged and shown as a sentence; the program goes on."""
    from PySide6.QtCore import QCoreApplication

    before = sys.excepthook

    def show(cls: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(cls, KeyboardInterrupt):
            window.close()
            return
        detail = "".join(traceback.format_exception(cls, error, trace))
        log.error("Nobody caught this:\n%s", detail)
        if not window.is_furnished:  # there is nothing to go on with
            print(detail, file=sys.stderr)
            QCoreApplication.exit(1)
            return
        sentence = (
            f"Something went wrong in MPT Studio ({cls.__name__}); your runs are safe. The details help us mend it."
        )
        window.workspace.message.emit("error", sentence, detail)

    sys.excepthook = show
    try:
        yield
    finally:
        sys.excepthook = before


@contextlib.contextmanager
def _quit_on_signals(app) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Ctrl+C in the terminal closes the window in good order; the timer lets Python look at signals."""
    from PySide6.QtCore import QTimer

    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, lambda *_: app.closeAllWindows())
    except ValueError:  # not the main thread
        yield
        return
    timer = QTimer()
    timer.timeout.connect(lambda: None)
    timer.start(250)
    try:
        yield
    finally:
        timer.stop()
        signal.signal(signal.SIGINT, before)
