"""Opens the real window, waits until it is painted, prints milliseconds: by the clock since START, computing of all
threads. ``python first_paint.py START STORE``; START is ``time.monotonic()`` of who started this process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(start: float, store: str) -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from mpt_studio.gui import app
    from mpt_studio.gui.window import overrides

    overrides.report_errors()  # as the program does, before the classes that it guards are defined

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QMainWindow

    from mpt_studio.gui.window.main_window import MainWindow

    class Watched(MainWindow):
        seen = False

        def paintEvent(self, event) -> None:  # type: ignore[no-untyped-def]
            QMainWindow.paintEvent(self, event)
            if not self.seen:
                self.seen = True
                QTimer.singleShot(0, self, self.tell)  # fires when all of the window is on the screen

        def tell(self) -> None:
            print(1000 * (time.monotonic() - start), 1000 * time.process_time(), flush=True)
            self.close()

    sys.modules["mpt_studio.gui.window.main_window"].MainWindow = Watched  # type: ignore[attr-defined]
    app.main(["--store", store])


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
