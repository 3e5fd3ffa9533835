"""Log and progress: what happened, with traces one click away, and the jobs that run, each with a cancel button."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.errors import one_sentence
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.messages import GLYPHS, DetailDialog
from mpt_studio.gui.widgets.plain import label, set_tip, tip

log = logging.getLogger(__name__)
KEPT = 2000
"""Entries kept; older ones are in the log file."""
FOLDED = 24
"""Below this height only the title line is shown."""
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_DETAIL = Qt.ItemDataRole.UserRole
_LEVEL = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class LogEntry:
    """One line of the log."""

    level: str
    text: str
    detail: str = ""
    when: float = 0.0


class JobRow(QWidget):
    """A running job: its title, how far it is, cancel."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self._sentence = label(job.title)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(180)
        self.bar.setAccessibleName(f"Progress of {job.title}")
        cancel = QToolButton()
        theme.set_icon(cancel, "close")
        cancel.setToolTip(job.ending)
        cancel.setAccessibleName(f"{job.ending}: {job.title}")
        cancel.clicked.connect(job.cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, 2, theme.SPACE, 2)
        layout.addWidget(self._sentence, 1)
        layout.addWidget(self.bar)
        layout.addWidget(cancel)
        job.progressed.connect(self._show)

    @property
    def sentence(self) -> str:
        """The job and how far it is."""
        return self._sentence.text()

    @Slot(str, float)
    def _show(self, sentence: str, fraction: float) -> None:
        self._sentence.setText(f"{self.job.title} – {sentence}" if sentence else self.job.title)
        self.bar.setRange(0, 0 if fraction < 0 else 1000)
        self.bar.setValue(round(max(fraction, 0.0) * 1000))


class LogPanel(QWidget):
    """The bottom panel."""

    busy_changed = Signal()
    """A job began or ended."""
    said = Signal()
    """The log has a new last sentence."""
    moved = Signal()
    """A job began, went on or ended."""
    folded = Signal(bool)
    """Whether only the title line has room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Log and progress")
        self.rows: list[JobRow] = []
        self.last: tuple[str, str] | None = None
        """Level and text of the last sentence."""
        self.body = QWidget()
        self._jobs = QVBoxLayout()
        self._jobs.setSpacing(0)
        self.list = self._make_list()
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.SPACE, 0, theme.SPACE, theme.SPACE)
        layout.setSpacing(4)
        layout.addLayout(self._jobs)
        layout.addWidget(self.list)
        outer = bare(QVBoxLayout(self))
        outer.addWidget(self.body)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.busy_changed.connect(self.moved)
        theme.notifier().changed.connect(self._recolor)

    def sizeHint(self) -> QSize:
        return QSize(300, 0)  # folded at first; the title line tells the last sentence

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    @property
    def is_folded(self) -> bool:
        """Whether only the title line has room."""
        return self.height() < FOLDED

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.body.setVisible(not self.is_folded)  # nothing out of sight takes the keyboard
        self.folded.emit(self.is_folded)

    def _make_list(self) -> QTreeWidget:
        made = QTreeWidget()
        made.setAccessibleName("Log")
        made.setColumnCount(4)
        made.setHeaderHidden(True)
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        made.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = made.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(20)
        for column, width in ((0, 26), (1, 72), (3, 64)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            made.setColumnWidth(column, width)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        made.itemActivated.connect(self._open)
        made.itemClicked.connect(lambda item, column: self._open(item) if column == 3 else None)
        return made

    @Slot(str, str, str)
    def add(self, level: str, text: str, detail: str = "", when: float = 0.0) -> None:
        """Append a sentence; its detail (a trace) is one click away."""
        entry = LogEntry(level if level in GLYPHS else "info", one_sentence(text), detail, when or time.time())
        log.log(_LEVELS[entry.level], "%s%s", entry.text, f"\n{detail}" if detail else "")
        bar = self.list.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        item = self._item(entry)
        self.list.addTopLevelItem(item)
        if self.list.topLevelItemCount() > KEPT:
            self.list.takeTopLevelItem(0)
        if at_end:
            self.list.scrollToItem(item)
        self.last = (entry.level, entry.text)
        self.said.emit()

    def _item(self, entry: LogEntry) -> QTreeWidgetItem:
        clock = time.strftime("%H:%M:%S", time.localtime(entry.when))
        item = QTreeWidgetItem([GLYPHS[entry.level][0], clock, entry.text, "details" if entry.detail else ""])
        item.setToolTip(2, tip(entry.text))
        item.setTextAlignment(0, Qt.AlignmentFlag.AlignCenter)
        item.setData(0, _DETAIL, entry.detail)
        item.setData(0, _LEVEL, entry.level)
        item.setData(2, Qt.ItemDataRole.AccessibleTextRole, f"{entry.level}: {entry.text}")
        self._color(item)
        return item

    def _color(self, item: QTreeWidgetItem) -> None:
        c = theme.colors()
        glyph = theme.color(GLYPHS[item.data(0, _LEVEL)][1])
        for column, color in ((0, glyph), (1, c.muted), (2, c.text), (3, c.accent)):
            item.setForeground(column, QColor(color))

    def _recolor(self) -> None:
        for index in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(index)
            if item is not None:
                self._color(item)

    def _open(self, item: QTreeWidgetItem) -> None:
        detail = item.data(0, _DETAIL)
        if detail:
            DetailDialog(item.text(2), detail, self.window()).open()

    @Slot(object)
    def add_job(self, job: Job) -> None:
        """Show a job until it is finished."""
        if job.is_finished:
            return
        row = JobRow(job)
        self.rows.append(row)
        self._jobs.addWidget(row)
        job.finished.connect(lambda: self._remove(row))
        job.progressed.connect(lambda *_: self.moved.emit())
        self.busy_changed.emit()

    def _remove(self, row: JobRow) -> None:
        if row in self.rows:
            self.rows.remove(row)
            row.hide()
            self._jobs.removeWidget(row)
            row.deleteLater()
            self.busy_changed.emit()


_QUIET = "Nothing to report."


class LastLine(QWidget):
    """One sentence, elided where it has no room; a click is heard."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level, self.text = "info", _QUIET
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, level: str, text: str) -> None:
        """Show a sentence in its level's colour."""
        self.level, self.text = level, text
        self.setAccessibleName(text)
        set_tip(self, text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        glyph, hue = GLYPHS[self.level]
        painter.setPen(QColor(theme.color(hue)))
        said = self.text if self.level == "info" else f"{glyph} {self.text}"
        said = self.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class LogStrip(QWidget):
    """Follows a ``LogPanel``: while a job runs its words stand here, else the last sentence of the log."""

    clicked = Signal()
    """The log shall fold out or in."""

    def __init__(self, log: LogPanel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self.line = LastLine(self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(140, 8)
        self.bar.setAccessibleName("Progress of the running job")
        self.bar.hide()
        self.fold = QToolButton(self)
        self.fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.fold)
        self.line.clicked.connect(self.clicked)
        self.fold.clicked.connect(lambda *_: self.clicked.emit())
        log.said.connect(self._refresh)
        log.moved.connect(self._refresh)
        log.folded.connect(self._show_fold)
        theme.notifier().changed.connect(self.line.update)
        self._show_fold(True)

    @Slot()
    def _refresh(self) -> None:
        row = self._log.rows[0] if self._log.rows else None
        self.bar.setVisible(row is not None)
        if row is None:
            self.line.show_text(*(self._log.last or ("info", _QUIET)))
            return
        self.line.show_text("info", row.sentence)
        self.bar.setRange(row.bar.minimum(), row.bar.maximum())
        self.bar.setValue(row.bar.value())

    @Slot(bool)
    def _show_fold(self, folded: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.UpArrow if folded else Qt.ArrowType.DownArrow)
        words = "Show the log" if folded else "Fold the log to one line"
        self.fold.setToolTip(words)
        self.fold.setAccessibleName(words)
