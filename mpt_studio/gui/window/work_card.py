"""A line of recent work on the start page: its picture or a mark, what it was, what came of it, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.frames import ClickCard

if TYPE_CHECKING:
    from mpt_studio.gui.window.recent_work import Work

PICTURE = 44
_MARKS = {"update": "update", "search": "find-best", "comparison": "compare", "data": "data"}
_DAY = 86_400


class WorkCard(ClickCard):
    """One entry; a click or Enter opens it."""

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(work.name, f"{work.outcome}. {when_words(work.when)}", parent)
        self.work = work
        self._picture = QLabel()
        self._picture.setFixedSize(PICTURE, PICTURE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        name, outcome, when = (
            ElidedLabel(work.name),
            ElidedLabel(work.outcome, from_end=True),
            QLabel(when_words(work.when)),
        )
        theme.mark(name, subheading=True)
        theme.mark(outcome, muted=True)
        theme.mark(when, muted=True)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 12, 6)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._picture, 0, 0, 2, 1)
        grid.addWidget(name, 0, 1)
        grid.addWidget(when, 0, 2)
        grid.addWidget(outcome, 1, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self._paint()
        theme.notifier().changed.connect(self._paint)

    def _paint(self) -> None:
        ratio = self.devicePixelRatio()
        picture = QPixmap(str(self.work.picture))
        if picture.isNull():
            picture = theme.icon(_MARKS[self.work.kind], "muted").pixmap(QSize(22, 22), ratio)
        else:
            edge = round(PICTURE * ratio)
            how = Qt.TransformationMode.SmoothTransformation
            picture = picture.scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio, how)
            picture.setDevicePixelRatio(ratio)
        self._picture.setPixmap(picture)


def when_words(when: float, now: float | None = None) -> str:
    """ "14:05" today, "yesterday", else the date."""
    then, today = time.localtime(when), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    if then[:3] == time.localtime(time.mktime(today) - _DAY)[:3]:
        return "yesterday"
    return time.strftime("%Y-%m-%d", then)
