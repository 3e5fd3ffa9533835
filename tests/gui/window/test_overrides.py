from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.gui

PROGRAM = """
import sys
from mpt_studio.gui.window import overrides
overrides.report_errors()
from PySide6.QtCore import QAbstractListModel, QModelIndex, QTimer
from PySide6.QtWidgets import QApplication, QListView, QWidget
class Model(QAbstractListModel):
    __module__ = "mpt_studio.gui.broken"
    def rowCount(self, parent=QModelIndex()): return 3
    def data(self, index, role=0): return [][3]
class Canvas(QWidget):
    __module__ = "mpt_studio.gui.broken"
    def paintEvent(self, event): return len(None)
reported = []
sys.excepthook = lambda cls, error, trace: reported.append(cls.__name__)
app = QApplication([])
view, canvas = QListView(), Canvas()
view.setModel(Model())
view.show()
canvas.show()
QTimer.singleShot(500, app.quit)
app.exec()
print(sorted(reported))
"""


def test_that_errors_in_painting_and_models_are_reported_once_and_the_program_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['IndexError', 'TypeError']"
