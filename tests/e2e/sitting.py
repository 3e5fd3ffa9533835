"""A user at the window of the whole program, started through its real entry."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from mpt_studio.__main__ import main
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.recipe import Training

TINY = Training(epochs=2, limit_train=240, batch_size=64, learning_rate=0.05, save_every_seconds=0.2, device="cpu")
Condition = Callable[[], bool]
User = Callable[[MainWindow], Generator[Condition, None, None]]


class Sitting:
    """A user at the window: goes on as soon as what they wait for has come, and closes the window at the end."""

    def __init__(self, user: User) -> None:
        self.user, self.error = user, None
        self.steps: Iterator[Condition] | None = None
        self.waiting: Condition = lambda: True
        self.timer = QTimer(interval=30, timeout=self.look)
        self.timer.start()

    @property
    def windows(self) -> list[MainWindow]:
        return [
            w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible() and w.is_furnished
        ]

    def look(self) -> None:
        if self.steps is None:
            if not self.windows:
                return
            self.steps = self.user(self.windows[0])
        try:
            if self.waiting():
                self.waiting = next(self.steps)
        except StopIteration:
            self.leave()
        except BaseException as error:  # told to pytest once the program has ended; closing the window may ask
            self.error = error
            self.timer.stop()
            QApplication.exit()

    def leave(self) -> None:
        self.timer.stop()
        self.windows[0].close()


def sit_down(store: Path, user: User, *words: str) -> None:
    """Run the real program with a user in front of it."""
    sitting = Sitting(user)
    code = main(["gui", *words, "--store", str(store)])
    if sitting.error is not None:
        raise sitting.error
    assert code == 0
