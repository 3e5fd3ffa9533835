"""Slices and must-not-flip sets of a policy: lines that come and go."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import Among, Comparison, Filter, to_text
from mpt_studio.decide import IdSet, Policy, Slice
from mpt_studio.decide.policy import SLICE_KEYS
from mpt_studio.gui.decide.numbers import Asked, LeadsTo
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flow_layout import in_a_row
from mpt_studio.gui.widgets.plain import caption, label, set_tip, shortened
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.units import count

_USUAL = {"max_nfr": ("NFR at most", 0.03), "min_gain": ("accuracy gain at least", 0.0)}


class Line(QWidget):
    """A part of a policy, with what it leads to and a button that takes it out."""

    edited = Signal()
    removed = Signal()

    def __init__(self, name: str, review: bool) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.leads = LeadsTo(name)
        self.leads.show_review(review)
        self.leads.currentIndexChanged.connect(lambda _: self.edited.emit())
        self.remove = QToolButton()
        theme.set_icon(self.remove, "close")
        self.remove.setIconSize(QSize(12, 12))
        self.remove.setAccessibleName(f"Take out {name}")
        set_tip(self.remove, f"Take {name} out of the policy; no file is deleted")
        self.remove.clicked.connect(self.removed)

    @property
    def key(self) -> str:
        """Its ``Finding.key``."""
        raise NotImplementedError


class SliceLine(Line):
    """One slice and what is asked of it."""

    def __init__(self, given: Slice, review: bool) -> None:
        super().__init__(given.shown, review)
        self._given = given
        self.asked = {key.field: Asked(key, *_USUAL[key.field]) for key in SLICE_KEYS}
        for name, asked in self.asked.items():
            asked.show_value(getattr(given, name))
            asked.edited.connect(self.edited)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.addWidget(in_a_row(ElidedLabel(given.shown), self.leads, self.remove))
        column.addWidget(in_a_row(*self.asked.values()))

    @property
    def slice(self) -> Slice:
        return Slice(self._given.where, self.asked["max_nfr"].value, self.asked["min_gain"].value)

    @property
    def key(self) -> str:
        return f"slices.{self._given.where}"


class SetLine(Line):
    """One must-not-flip set."""

    opened = Signal()

    def __init__(self, given: IdSet, review: bool, comparison: Comparison | None) -> None:
        super().__init__(given.name, review)
        self.set = given
        button = QPushButton(caption(shortened(given.name)))
        theme.mark(button, link=True)
        button.setAccessibleName(f"Show the images of {given.name}")
        set_tip(button, f"{given.file}: show its images on the Flips page")
        button.clicked.connect(self.opened)
        self.counts = label(_counts(given, comparison), size=0.9, muted=True)
        row = QVBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 4)
        row.addWidget(in_a_row(button, self.counts, QWidget(), self.leads, self.remove))

    @property
    def key(self) -> str:
        return f"must_not_flip.{self.set.name}"


def _counts(given: IdSet, comparison: Comparison | None) -> str:
    text = f"{count(len(given.ids))} listed"
    if comparison is None:
        return text
    here = int((comparison.rows_of(given.ids) >= 0).sum())
    missing = len(given.ids) - here
    return f"{text}, {count(here)} here" + (f", ▲ {count(missing)} not found" if missing else "")


class Lines(QWidget):
    """A heading and the lines below it."""

    edited = Signal()

    def __init__(self, title: str, none: str) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._none = label(none, wrap=True, size=0.9, muted=True)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 8, 0, 0)
        self.column.setSpacing(4)
        self.column.addWidget(label(title, bold=True))
        self.column.addWidget(self._none)

    def add(self, line: Line) -> None:
        """Put a line below the others."""
        self.lines.append(line)
        self.column.insertWidget(1 + len(self.lines), line)
        line.edited.connect(self.edited)
        line.removed.connect(lambda: self._take_out(line))
        self._none.setVisible(False)

    def clear(self) -> None:
        """Take all lines out without telling."""
        for line in self.lines:
            line.hide()
            line.deleteLater()
        self.lines = []
        self._none.setVisible(True)

    def _take_out(self, line: Line) -> None:
        self.lines.remove(line)
        line.hide()
        line.deleteLater()
        self._none.setVisible(not self.lines)
        self.edited.emit()


class SlicesForm(Lines):
    """Slices, and a line that adds one of the open metadata's."""

    def __init__(self, comparison: Comparison | None) -> None:
        super().__init__("Slices: some of the images", "None yet.")
        self._metadata = comparison.metadata if comparison is not None else None
        self.columns, self.values = ComboBox(), ComboBox()
        self.columns.setAccessibleName("Column of the metadata")
        self.values.setAccessibleName("Value of the column")
        self.add_slice = QPushButton("Add slice")
        self.add_slice.clicked.connect(lambda *_: self._add())
        names = self._metadata.facets if self._metadata else []
        self.columns.addItems(names)
        self.columns.currentIndexChanged.connect(lambda _: self._fill())
        self.column.addWidget(in_a_row(self.columns, self.values, self.add_slice, spare=True))
        if not names:
            self._none.setText("Slices go by metadata; open a table of them (Ctrl+M) to choose from its columns.")
            for part in (self.columns, self.values, self.add_slice):
                part.hide()
        self._fill()

    def _fill(self) -> None:
        """The values that are there, each with its number of images."""
        self.values.clear()
        name = self.columns.currentText()
        if self._metadata is None or not name:
            return
        column = self._metadata.columns[name]
        found = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
        for value, n in zip(column.values, found.tolist(), strict=True):
            self.values.addItem(f"{shortened(value)} · {count(n, 'image')}", value)

    def _add(self) -> None:
        where = where_of(self.columns.currentText(), str(self.values.currentData()))
        if where not in [line.slice.where for line in self.lines if isinstance(line, SliceLine)]:
            self.add(SliceLine(Slice(where, max_nfr=_USUAL["max_nfr"][1]), review=False))
            self.edited.emit()

    def show_policy(self, policy: Policy) -> None:
        """Fill it without telling."""
        self.clear()
        for part in policy.slices:
            self.add(SliceLine(part, policy.leads_to(f"slices.{part.where}") == "review"))

    def slices(self) -> tuple[Slice, ...]:
        """Those that ask for something."""
        found = [line.slice for line in self.lines if isinstance(line, SliceLine)]
        return tuple(part for part in found if part.max_nfr is not None or part.min_gain is not None)


def where_of(column: str, value: str) -> str:
    """How a policy names a slice: "camera = night", or a search text where a name would be misread so."""
    plain = not set(":=<>") & set(column) and column == column.strip() and value == value.strip()
    return f"{column} = {value}" if plain else to_text(Filter(columns=(Among(column, (value,)),)))
