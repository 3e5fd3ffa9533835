"""The criteria of a verdict, a line each, with the images that break them a click away."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QPushButton, QToolButton, QWidget

from mpt_studio.compare import Filter, Samples
from mpt_studio.decide import Finding, Verdict
from mpt_studio.flips import FlipKind
from mpt_studio.gui.decide.interval_bar import IntervalBar
from mpt_studio.gui.decide.signs import Sign, sign_of
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, empty
from mpt_studio.gui.widgets.plain import caption, label, set_tip, shortened
from mpt_studio.units import count

_CLASSES = 6
"""So many of those that do not pass are named."""
_SMALL = 0.85
_LONGEST = 40


class Criteria(QWidget):
    """Says what was clicked."""

    chosen = Signal(object)
    """A filter for the images behind it."""
    listed = Signal(str)
    """The name of a must-not-flip set."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Criteria")
        self._grid = bare(QGridLayout(self))
        self._grid.setHorizontalSpacing(theme.SPACE)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(3, 1)
        self._line = 0
        self._shown: tuple[Verdict | None, bool] = None, False

    def show_verdict(self, verdict: Verdict | None) -> None:
        """A line for each criterion, those that keep it from shipping first."""
        if (verdict, theme.is_dark()) == self._shown:
            return
        self._shown = verdict, theme.is_dark()
        empty(self._grid)
        for line in range(self._grid.rowCount()):  # else the room between lines of another verdict stays
            self._grid.setRowMinimumHeight(line, 0)
        self._line = 0
        if verdict is not None:
            for finding in [*verdict.open_findings, *(f for f in verdict.findings if f.makes() == "ship")]:
                self._add(finding)

    def buttons(self) -> list[QAbstractButton]:
        """What can be pressed, from above."""
        return [each for each in self.findChildren(QAbstractButton) if not each.isHidden()]

    def _add(self, finding: Finding) -> None:
        sign, line = sign_of(finding), self._line
        glyph = colored(sign.glyph, sign, size=1.25)
        glyph.setAccessibleName(sign.word)
        self._grid.addWidget(glyph, line, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        for column, upper, lower in (
            (1, label(finding.title, bold=True), self._samples(finding)),
            (2, label(finding.told_value(), bold=True), _small(finding.told_interval())),
            (4, label(finding.told_threshold()), colored(sign.word, sign, size=_SMALL)),
        ):
            self._grid.addWidget(upper, line, column)
            self._grid.addWidget(lower, line + 1, column)
        if finding.interval is not None:
            self._grid.addWidget(IntervalBar(finding), line, 3, 2, 1)
        self._grid.addWidget(self._images(finding), line, 5, 2, 1)
        self._line += 2
        for below in self._below(finding):
            self._grid.addWidget(below, self._line, 1, 1, 5)
            self._line += 1
        self._grid.setRowMinimumHeight(self._line, theme.SPACE)
        self._line += 1

    def _samples(self, finding: Finding) -> QWidget:
        """What it is counted on; a set can be opened."""
        text = f"{finding.subset}, n={finding.n:,}" if finding.n else f"{finding.subset}: no samples"
        table, _, name = finding.key.partition(".")
        if table != "must_not_flip" or not finding.n:
            return _small(text)
        made = QPushButton(caption(shortened(text, _LONGEST)))
        theme.mark(made, link=True)
        font = made.font()
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        made.setFont(font)
        made.setAccessibleName(f"Show the images that must not flip: {name}")
        set_tip(made, f"{name}: show all {finding.n:,} on the Flips page")
        made.clicked.connect(lambda *_: self.listed.emit(name))
        return made

    def _images(self, finding: Finding) -> QWidget:
        if not len(finding.rows):
            return QWidget()
        made = QToolButton()
        made.setText(f"{count(len(finding.rows), 'image')}")
        theme.mark(made, tool=True)
        made.setAccessibleName(f"Show the {count(len(finding.rows), 'image')} that break {finding.title}")
        set_tip(made, f"{finding.title} ({finding.subset}): show them on the Flips page")
        origin = f"{finding.title.lower() if finding.title[1:].islower() else finding.title} ({finding.subset})"
        made.clicked.connect(lambda *_: self.chosen.emit(Filter(samples=Samples(finding.rows, origin))))
        return made

    def _below(self, finding: Finding) -> Iterator[QWidget]:
        if finding.reaches_across and not finding.by_value:
            more = finding.further_samples
            yield _small(
                f"{count(more, 'more image')} would settle it, were the rate to stay."
                if more
                else "No number of images would settle it while it stays at what is asked."
            )
        if finding.classes:
            yield self._classes(finding)

    def _classes(self, finding: Finding) -> QWidget:
        """Those that do not pass, as chips."""
        made = QWidget()
        row = FlowLayout(made, spacing=4)
        for each in finding.classes[:_CLASSES]:
            chip = QToolButton()
            chip.setText(caption(f"{shortened(each.name, _LONGEST)}  {100 * each.nfr:.1f} %"))
            theme.mark(chip, chip=True)
            chip.setAccessibleName(f"Show the negative flips of class {each.name}")
            set_tip(chip, each.sentence())
            chip.clicked.connect(
                lambda *_, name=each.name: self.chosen.emit(Filter(kinds=(FlipKind.NEGATIVE,), truths=(name,)))
            )
            row.addWidget(chip)
        if len(finding.classes) > _CLASSES:
            row.addWidget(_small(f"and {count(len(finding.classes) - _CLASSES, 'more class', 'more classes')}"))
        return made


def colored(text: str, sign: Sign, size: float = 1.0) -> QLabel:
    """A label in an outcome's colour."""
    made = label(text, bold=True, size=size)
    made.setStyleSheet(f"color: {sign.color}")
    return made


def _small(text: str) -> QLabel:
    made = label(text, size=_SMALL, muted=True)
    return made
