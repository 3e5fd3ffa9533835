"""What a search varies: a row for each dimension, on or off, with its range or its choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.search.words import TITLES
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, in_a_row
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.jobs.search.space import METHODS, SENTENCES, Dimension, Dimensions
from mpt_studio.methods import method_named, shown
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import Space
from mpt_studio.recipe.words import number_text

_RANGES = ("learning_rate", "logit_margin", "weight", "temperature")
_WITHOUT = {
    "learning_rate": "the recipe's",
    "logit_margin": "each method's own",
    "weight": "each method's own",
    "temperature": "each method's own",
}
_WIDE = Space(search_temperature="1:10")
"""With something to begin with in every row."""
_OFF = frozenset({"temperature"})
"""Not varied until somebody asks for it."""
_STARTS = {"recipe": "as the recipe says", "old": "with the old model's weights"}


class RangeRow(QWidget):
    """Numbers from one to another; off, they are what they are anyway."""

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.is_touched = name, False
        self.on = QCheckBox(TITLES[name])
        self.on.setChecked(name not in _OFF)
        self.low, self.high = QLineEdit(), QLineEdit()
        self.instead = label(f"not varied: {_WITHOUT[name]}", muted=True)
        for field, which in ((self.low, "least"), (self.high, "greatest")):
            field.setFixedWidth(92)
            field.setAccessibleName(f"{TITLES[name]}, {which}")
            field.textEdited.connect(self._touch)
        self.range = in_a_row(self.low, label("to"), self.high)
        row = QGridLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setColumnMinimumWidth(0, 180)
        row.setColumnStretch(1, 1)
        row.addWidget(self.on, 0, 0)
        row.addWidget(in_a_row(self.range, self.instead, spare=True), 0, 1)
        row.setRowMinimumHeight(0, self.low.sizeHint().height())  # nothing moves when it is turned off
        self.on.toggled.connect(self._turn)
        self._show_on()

    def _turn(self) -> None:
        self.is_touched = True
        self._show_on()
        self.changed.emit()

    def _touch(self) -> None:
        self.is_touched = True
        self.changed.emit()

    def _show_on(self) -> None:
        self.range.setVisible(self.on.isChecked())
        self.instead.setVisible(not self.on.isChecked())

    def offer(self, dimension: Dimension) -> None:
        """The range that it has as it comes; one that the user wrote stays."""
        if not self.is_touched:
            self.low.setText(number_text(dimension.low))
            self.high.setText(number_text(dimension.high))

    def text(self, as_it_comes: str) -> str:
        """As the recipe has it."""
        if not self.on.isChecked():
            return ""
        if not self.is_touched:
            return as_it_comes
        low, high = (field.text().strip().replace("−", "-") for field in (self.low, self.high))
        return f"{low}:{high}" if high and high != low else low

    def problem(self) -> str:
        """What is wrong with it, as a sentence."""
        if not self.on.isChecked():
            return ""
        try:
            low, high = (float(field.text().strip().replace("−", "-")) for field in (self.low, self.high))
        except ValueError:
            return f"{TITLES[self.name]} needs two numbers, such as 0.01 to 0.1."
        if not low <= high < float("inf") or (low <= 0 and self.name != "logit_margin"):
            above = " Both lie above 0." if self.name != "logit_margin" else ""
            return f"{TITLES[self.name]}: the first number is no larger than the second.{above}"
        return ""

    def show_problem(self) -> None:
        for field in (self.low, self.high):
            if bool(field.property("invalid")) != bool(self.problem()):
                theme.mark(field, invalid=bool(self.problem()))


class ChoiceRow(QWidget):
    """Words of which some may be proposed."""

    changed = Signal()

    def __init__(self, name: str, words: dict[str, str]) -> None:
        super().__init__()
        self.name = name
        self.boxes = {word: QCheckBox(text) for word, text in words.items()}
        row, holder = QGridLayout(self), QWidget()
        line = FlowLayout(holder, spacing=8)
        row.setContentsMargins(0, 0, 0, 0)
        row.setColumnMinimumWidth(0, 180)
        row.setColumnStretch(1, 1)
        row.addWidget(label(TITLES[name]), 0, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(holder, 0, 1)
        for box in self.boxes.values():
            box.setChecked(True)
            box.toggled.connect(lambda _: self.changed.emit())
            line.addWidget(box)

    def allow(self, words: Iterable[str], why: str) -> None:
        """Those that the old model can serve; the others say why not."""
        for word, box in self.boxes.items():
            box.setEnabled(word in words)
            set_tip(box, "" if word in words else why)

    @property
    def chosen(self) -> list[str]:
        return [word for word, box in self.boxes.items() if box.isChecked() and box.isEnabled()]

    def text(self) -> str:
        """ "auto" where all that can be may be."""
        everything = all(box.isChecked() for box in self.boxes.values() if box.isEnabled())
        return "auto" if everything else ",".join(self.chosen)

    def problem(self) -> str:
        return "" if self.chosen else f"{TITLES[self.name]}: tick at least one."


class SpaceForm(QWidget):
    """``space`` is what the rows say; ``changed`` follows each change."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.method = ChoiceRow("method", {name: shown(method_named(name).name) for name in METHODS})
        self.start = ChoiceRow("start", _STARTS)
        self.ranges = {name: RangeRow(name) for name in _RANGES}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        self.rows: tuple[ChoiceRow | RangeRow, ...] = (self.method, self.start, *self.ranges.values())
        for row in self.rows:
            row.changed.connect(self.changed)
            column.addWidget(row)
            column.addWidget(_sentence(row.name))
        self.base_on(UpdateRecipe())

    def base_on(self, update: UpdateRecipe) -> None:
        """Ranges that follow from the recipe follow it."""
        offered = Dimensions(_WIDE, update, METHODS, can_start=True)
        for name, row in self.ranges.items():
            row.offer(offered[name])

    def allow(self, described: dict[str, Any]) -> None:
        """What ``describe_search`` found that the old model can serve; of a space with everything in it."""
        found = {each["name"]: each["choices"] for each in described["space"]}
        self.method.allow(found["method"], "The old model cannot teach it.")
        self.start.allow(found["start"], "There are no such weights of the recipe's architecture.")

    @property
    def space(self) -> Space:
        """As the recipe has it; only meaningful where there is no problem."""
        ranges = {f"search_{n}": row.text(getattr(_WIDE, f"search_{n}")) for n, row in self.ranges.items()}
        return Space(search_methods=self.method.text(), search_start=self.start.text(), **ranges)

    def problem(self, update: UpdateRecipe) -> str:
        """The first thing that will not do, as a sentence."""
        for row in self.ranges.values():
            row.show_problem()
        if wrong := next(filter(None, (row.problem() for row in self.rows)), ""):
            return wrong
        try:
            Dimensions(self.space, update, METHODS, can_start=True)
        except UserError as error:
            return str(error)
        return ""


def _sentence(name: str) -> QWidget:
    made = label(SENTENCES[name], wrap=True, size=0.95, muted=True)
    made.setContentsMargins(22, 0, 0, theme.SPACE // 2)
    return made
