"""The selected sample: image, truth, both versions' answers and margins, why it flipped, every version's answer.

Where the versions look and the nearest training images arrive from the worker a moment later.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.figures.causes import cause_sentence
from mpt_studio.flips import NEW_RIGHT, OLD_RIGHT, FlipKind
from mpt_studio.gui.sample.answer_bars import AnswerBars, MarginLine, paired
from mpt_studio.gui.sample.answer_strip import AnswerStrip
from mpt_studio.gui.sample.image import SampleImage
from mpt_studio.gui.sample.neighbours import NeighboursView
from mpt_studio.gui.sample.note_editor import NoteEditor
from mpt_studio.gui.sample.saliency import SaliencyView
from mpt_studio.gui.versions.about import VersionFacts
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flip_words import KIND_NAMES, kind_color
from mpt_studio.gui.widgets.frames import scrolled
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, label, number, set_tip
from mpt_studio.gui.workspace.workspace import Workspace

_IMAGE_HEIGHT = 220


class Inspector(QWidget):
    """Follows the workspace's selection."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setAccessibleName("Inspector")
        self.image = SampleImage(workspace)
        self.image.setMinimumHeight(_IMAGE_HEIGHT)
        self.verdict, self.truth = label(bold=True), label(bold=True, size=1.25, wrap=True)
        self.cause = label(wrap=True)
        self.legend_old, self.legend_new = label(wrap=True), label(wrap=True)
        self.bars, self.margins = AnswerBars(), MarginLine()
        self.margin_text, self.without_scores = label(wrap=True), label(wrap=True, muted=True)
        self.explanations = workspace.explanations
        self.saliency, self.neighbours = SaliencyView(workspace), NeighboursView(workspace)
        self.saliency.follow(self.image)
        self.strip = AnswerStrip(workspace)
        self.facts, self.sample_id = VersionFacts(workspace), ElidedLabel()  # copied whole, with a break in it nowhere
        self._lay_out()
        workspace.selection_changed.connect(self.refresh)
        workspace.data_changed.connect(self.refresh)
        workspace.comparison_changed.connect(self.refresh)
        workspace.versions_changed.connect(self.refresh)
        workspace.thresholds.changed.connect(self.refresh)
        theme.notifier().changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(*4 * [theme.SPACE])
        layout.setSpacing(6)
        layout.addWidget(self.image)
        for widget in (self.verdict, self.truth, self.cause):
            layout.addWidget(widget)
        layout.addWidget(NoteEditor(self.workspace))
        layout.addLayout(_section("MOST LIKELY CLASSES"))
        layout.addWidget(self.legend_old)
        layout.addWidget(self.legend_new)
        layout.addWidget(self.bars)
        layout.addWidget(self.without_scores)
        layout.addLayout(_section("MARGIN (LOGITS)"))
        layout.addWidget(self.margins)
        layout.addWidget(self.margin_text)
        layout.addLayout(_section("WHERE THE VERSIONS LOOK"))
        layout.addWidget(self.saliency)
        layout.addLayout(_section("NEAREST TRAINING IMAGES"))
        layout.addWidget(self.neighbours)
        layout.addLayout(_section("ALL VERSIONS"))
        layout.addWidget(self.strip)
        layout.addLayout(_section("SAMPLE"))
        layout.addLayout(self._id_line())
        layout.addStretch(1)
        theme.mark(content, plain=True)
        scroll = scrolled(content)
        self.nothing = label("Select an image to see why it flipped.", wrap=True, muted=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(theme.SPACE)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self._version_on_show())
        self.stack.addWidget(scroll)

    def _version_on_show(self) -> QScrollArea:
        """Where no image is selected: what the version on show is."""
        content = QWidget()
        theme.mark(content, plain=True)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(*4 * [theme.SPACE])
        layout.addWidget(self.nothing)
        layout.addWidget(self.facts, 1)
        layout.addStretch(1)
        return scrolled(content)

    def _id_line(self) -> QHBoxLayout:
        copy = QToolButton()
        copy.setText("Copy")
        copy.setAccessibleName("Copy the sample's id")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.sample_id.text()))
        line = QHBoxLayout()
        line.addWidget(self.sample_id, 1)
        line.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        return line

    def refresh(self) -> None:
        """Show the selected sample."""
        comparison, row = self.workspace.comparison(), self.workspace.selected
        if self.isVisible():
            self.explanations.show(row)
        if comparison is None or row is None or row >= len(comparison.kinds):
            self.image.show_row(None)
            self.stack.setCurrentIndex(0)
            self.facts.setVisible(self.workspace.current is not None)
            if self.workspace.current is not None:
                self.facts.show_version(self.workspace.current)
            return
        self.stack.setCurrentIndex(1)
        self.image.show_row(row)
        self._show_verdict(comparison, row)
        self._show_answers(comparison, row)
        self._show_margins(comparison, row)
        self.strip.show_sample(str(comparison.sample_ids[row]), row)
        self.sample_id.setText(str(comparison.sample_ids[row]))
        self.saliency.refresh()
        self.neighbours.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _show_verdict(self, comparison: Comparison, row: int) -> None:
        kind = FlipKind(int(comparison.kinds[row]))
        old, new = (RIGHT if kind in side else WRONG for side in (OLD_RIGHT, NEW_RIGHT))
        self.verdict.setText(f"{old} → {new}  {KIND_NAMES[kind]}")
        self.verdict.setStyleSheet(f"color: {kind_color(kind)}")
        self.truth.setText(f"Truth: {comparison.names[comparison.truth[row]]}")
        sentence = cause_sentence(comparison, row).replace("margin ", "margin\u00a0").replace(" → ", "\u00a0→\u00a0")
        self.cause.setText(f"{sentence}.")

    def _show_answers(self, comparison: Comparison, row: int) -> None:
        kind, current = int(comparison.kinds[row]), self.workspace.current
        color = current.color if current else 0
        self._legend(self.legend_old, theme.colors().old, "old", comparison.old_answer[row], kind in OLD_RIGHT)
        name = self.workspace.current_name or "new"
        self._legend(self.legend_new, theme.version_color(color), name, comparison.new_answer[row], kind in NEW_RIGHT)
        every = len(comparison.names)
        old, new = (comparison.top(side, row, every) for side in ("old", "new"))
        self.bars.setVisible(bool(old or new))
        self.without_scores.setText(" ".join(missing.sentences(comparison)))
        self.without_scores.setVisible(bool(self.without_scores.text()))
        self.bars.show_answers(paired(old, new, comparison.names[comparison.truth[row]]), color)

    def _legend(self, line: QLabel, color: str, name: str, answer: int, right: bool) -> None:
        comparison = self.workspace.comparison()
        if comparison is None:
            return
        line.setText(f"■ {name} {RIGHT if right else WRONG} {comparison.names[answer]}")
        line.setStyleSheet(f"color: {color}; font-weight: 600")

    def _show_margins(self, comparison: Comparison, row: int) -> None:
        old, new, drop = (float(a[row]) for a in (comparison.old_margin, comparison.new_margin, comparison.margin_drop))
        current = self.workspace.current
        self.margins.show_margins(old, new, current.color if current else 0)
        why = missing.reason(comparison, "margin_drop")
        self.margins.setVisible(not (np.isnan(old) and np.isnan(new)))
        if why:
            self.margin_text.setText(why)
        elif np.isnan(drop):
            self.margin_text.setText("One version does not know the true class, so it has no margin.")
        else:
            self.margin_text.setText(f"{'dropped' if drop >= 0 else 'gained'} {number(abs(drop), 2)}")
        set_tip(self.bars, "● is the true class; – means that the version does not know the class.")
        set_tip(self.margins, "Margin: logit of the truth minus the best other logit. Below 0 the answer is wrong.")


def _section(title: str) -> QHBoxLayout:
    line = QHBoxLayout()
    head = label(title)
    theme.mark(head, section=True)
    line.addWidget(head)
    line.setContentsMargins(0, 10, 0, 0)
    return line
