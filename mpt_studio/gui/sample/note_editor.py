"""The judgement on the selected sample: four mark buttons and a note."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Comparison
from mpt_studio.flips import Mark
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flip_words import MARK_KEYS
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare
from mpt_studio.gui.widgets.plain import set_tip
from mpt_studio.gui.workspace.workspace import Workspace

_SAVE_MS = 600
_BUTTONS = (
    (Mark.ACCEPTABLE, "Accept", "This flip may ship"),
    (Mark.BLOCKER, "Block", "This sample must not flip; it goes on the must-not-flip list"),
    (Mark.LABEL_WRONG, "Label", "The label is wrong; adjusted rates leave the sample out"),
    (Mark.NONE, "Clear", "Take the mark away"),
)


class NoteEditor(QWidget):
    """Writes through the workspace's judging; a note is kept as soon as typing rests."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._sample: tuple[Comparison, int] | None = None
        self.setAccessibleName("Judgement")
        self.buttons: dict[Mark, QToolButton] = {}
        self.note = QPlainTextEdit(placeholderText="Note on this sample")
        self.note.setAccessibleName("Note on this sample")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(3 * self.fontMetrics().lineSpacing() + 12)
        self.note.installEventFilter(self)
        self._rest = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._rest.timeout.connect(self.save)
        self.note.textChanged.connect(self._rest.start)
        self._lay_out()
        workspace.selection_changed.connect(self.refresh)
        workspace.comparison_changed.connect(self.refresh)
        workspace.judging.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        holder = QWidget()
        line = FlowLayout(holder, spacing=theme.SPACE // 2)
        for mark, text, tip in _BUTTONS:
            key = MARK_KEYS.get(mark, "U")
            button = QToolButton()
            button.setText(f"{key} {text}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            set_tip(button, f"{tip} ({key})")
            button.setAccessibleName(tip)
            theme.mark(button, chip=True)
            button.setStyleSheet("QToolButton { padding: 2px 5px; }")  # four in a row where there is room
            button.clicked.connect(lambda _=False, mark=mark: self._mark(mark))
            line.addWidget(button)
            self.buttons[mark] = button
        column = bare(QVBoxLayout(self), spacing=theme.SPACE // 2)
        column.addWidget(holder)
        column.addWidget(self.note)

    def _mark(self, mark: Mark) -> None:
        self._workspace.judging.mark(mark)
        self.refresh()  # the click itself ticked the button

    def refresh(self) -> None:
        """Show the selected sample's mark and note; what was typed on the one before is kept first."""
        comparison, row = self._workspace.comparison(), self._workspace.selected
        sample = None if comparison is None or row is None or row >= len(comparison) else (comparison, row)
        if self._rest.isActive() and not self._is_on_show(sample):
            self.save()
        self.setEnabled(sample is not None)
        before, self._sample = self._sample, sample
        if sample is None:
            self._write("")
            return
        marked = self._workspace.judging.of(*sample)
        for mark, button in self.buttons.items():
            button.setChecked(mark == marked.mark != Mark.NONE)
        same = before is not None and str(before[0].sample_ids[before[1]]) == str(sample[0].sample_ids[sample[1]])
        if not (same and self.note.hasFocus()) or marked.note != self.note.toPlainText().strip():
            self._write(marked.note)

    def _is_on_show(self, sample: tuple[Comparison, int] | None) -> bool:
        if sample is None or self._sample is None:
            return False
        return bool(self._sample[0].sample_ids[self._sample[1]] == sample[0].sample_ids[sample[1]])

    def _write(self, text: str) -> None:
        if self._rest.isActive():
            return  # being typed
        self.note.blockSignals(True)
        self.note.setPlainText(text)
        self.note.blockSignals(False)

    def save(self) -> None:
        """Keep what is typed."""
        self._rest.stop()
        if self._sample is not None:
            self._workspace.judging.note(*self._sample, self.note.toPlainText())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut and self._rest.isActive():
            self.save()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.save()
            self.note.clearFocus()
            return True
        return super().eventFilter(watched, event)
