"""Facets beside the grid: how many samples each kind, class and answer would show; a click filters.

A new facet is one ``Facet`` in ``FACETS``; columns of a metadata table come by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import CAUSE_NAMES, Cause, Comparison, Facets, Filter, Interval, causes, facets
from mpt_studio.compare.figures import missing
from mpt_studio.compare.finding.explore import CONFIDENCE_BINS, DROP_BINS
from mpt_studio.compare.finding.filters import MARK_WORDS
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.beside.jobs import DIRECT_SAMPLES, Latest
from mpt_studio.gui.flips.thresholds_dialog import ThresholdsDialog
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.bar_list import BarList, BarRow
from mpt_studio.gui.widgets.flip_words import KIND_NAMES, MARK_KEYS
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.frames import scrolled
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, beside, caption, set_tip
from mpt_studio.gui.workspace.annotations import meaning
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

_GLYPHS = {
    FlipKind.NEGATIVE: f"{RIGHT}→{WRONG}",
    FlipKind.POSITIVE: f"{WRONG}→{RIGHT}",
    FlipKind.BOTH_WRONG: f"{WRONG}→{WRONG}",
    FlipKind.BOTH_RIGHT: f"{RIGHT}→{RIGHT}",
}
_COLORS = {FlipKind.NEGATIVE: "wrong", FlipKind.BOTH_WRONG: "both_wrong"}


@dataclass(frozen=True)
class Facet:
    """One list of values: the alternatives of one condition of a filter."""

    key: str
    """The field of the filter, or ``COLUMN`` and the name of a column of the metadata."""
    title: str
    rows: Callable[[Facets, Comparison, tuple[Hashable, ...]], list[BarRow]]
    key_of: Callable[[Comparison, int], Hashable]
    """The value that one sample has."""

    @property
    def is_column(self) -> bool:
        return self.key.startswith(COLUMN)

    def chosen(self, of: Filter) -> tuple[Hashable, ...]:
        """The alternatives that are ticked."""
        ticked: tuple[Hashable, ...] = of.values_of(self.title) if self.is_column else getattr(of, self.key)
        return ticked

    def toggled(self, of: Filter, key: Any) -> Filter:
        """The filter with one alternative added, or removed where it is there: what a click does."""
        if self.is_column:
            return of.toggled(self.title, key)
        values = self.chosen(of)
        changed: Any = tuple(v for v in values if v != key) if key in values else (*values, key)
        return replace(of, **{self.key: changed})


def _kind_rows(found: Facets, comparison: Comparison, chosen: tuple[Hashable, ...]) -> list[BarRow]:
    most = max(found.kinds.values(), default=0) or 1
    return [
        BarRow(
            kind,
            f"{_GLYPHS[kind]} {KIND_NAMES[kind]}",
            count(found.kinds[kind]),
            found.kinds[kind] / most,
            color=_COLORS.get(kind, "right"),
            checked=kind in chosen,
        )
        for kind in KIND_NAMES
    ]


def _class_rows(counts: dict[str, int], comparison: Comparison, chosen: tuple[Hashable, ...]) -> list[BarRow]:
    """Chosen values first, then by count; classes without samples are left out."""
    most = max(counts.values(), default=0) or 1
    new = {name for name, is_new in zip(comparison.names, comparison.class_is_new, strict=True) if is_new}
    shown = [(name, n) for name, n in counts.items() if n or name in chosen]
    shown.sort(key=lambda item: (item[0] not in chosen, -item[1]))
    return [
        BarRow(name, name, count(n), n / most, note="new" if name in new else "", checked=name in chosen)
        for name, n in shown
    ]


def _cause_rows(found: Facets, comparison: Comparison, chosen: tuple[Hashable, ...]) -> list[BarRow]:
    return [
        BarRow(
            cause,
            CAUSE_NAMES[cause].capitalize(),
            count(n),
            checked=cause in chosen,
            meaning=meaning(cause, comparison.thresholds),
        )
        for cause, n in found.causes.items()
        if n or cause in chosen
    ]


def _mark_rows(found: Facets, comparison: Comparison, chosen: tuple[Hashable, ...]) -> list[BarRow]:
    return [
        BarRow(mark, f"{MARK_KEYS.get(mark, '–')}  {MARK_WORDS[mark].capitalize()}", count(n), checked=mark in chosen)
        for mark, n in found.marks.items()
    ]


def _bin_rows(counts: dict[Interval, int], chosen: tuple[Hashable, ...]) -> list[BarRow]:
    """In the order of the numbers, without the empty bins."""
    return [
        BarRow(part, str(part).capitalize(), count(n), checked=part in chosen)
        for part, n in counts.items()
        if n or part in chosen
    ]


def _value_rows(counts: dict[str, int], chosen: tuple[Hashable, ...]) -> list[BarRow]:
    shown = [(value, n) for value, n in counts.items() if n or value in chosen]
    shown.sort(key=lambda item: (item[0] not in chosen, -item[1]))
    return [BarRow(value, value or "(empty)", count(n), checked=value in chosen) for value, n in shown]


def _bin_of(bins: tuple[Interval, ...], value: float) -> Interval | None:
    """The bin that a number falls into; None for NaN."""
    fits = (b for b in bins if (b.low is None or value >= b.low) and (b.high is None or value < b.high))
    return None if math.isnan(value) else next(fits, None)


FACETS = (
    Facet(
        "kinds",
        "FLIP KIND",
        _kind_rows,
        lambda c, row: FlipKind(int(c.kinds[row])),
    ),
    Facet(
        "causes",
        "CAUSE",
        _cause_rows,
        lambda c, row: Cause(int(causes(c)[row])),
    ),
    Facet(
        "marks",
        "MARK",
        _mark_rows,
        lambda c, row: Mark(int(c.marks[row])),
    ),
    Facet(
        "truths",
        "TRUE CLASS",
        lambda found, c, chosen: _class_rows(found.truths, c, chosen),
        lambda c, row: c.names[c.truth[row]],
    ),
    Facet(
        "answers",
        "NEW ANSWER",
        lambda found, c, chosen: _class_rows(found.answers, c, chosen),
        lambda c, row: c.names[c.new_answer[row]],
    ),
    Facet(
        "drops",
        "MARGIN DROP",
        lambda found, c, chosen: _bin_rows(found.drops, chosen),
        lambda c, row: _bin_of(DROP_BINS, float(c.margin_drop[row])),
    ),
    Facet(
        "confidences",
        "CONFIDENCE",
        lambda found, c, chosen: _bin_rows(found.confidences, chosen),
        lambda c, row: _bin_of(CONFIDENCE_BINS, float(c.new_confidence[row])),
    ),
)
_NEEDS = {"drops": "margin_drop", "confidences": "confidence"}
"""Facets that need scores, by what ``missing.reason`` calls them."""
COLUMN = "columns:"
"""Before the name of a metadata column, as the key of its facet."""


def _column_facet(name: str) -> Facet:
    def value_of(comparison: Comparison, row: int) -> Hashable:
        column = comparison.metadata.columns.get(name) if comparison.metadata else None
        code = int(column.codes[row]) if column is not None and column.values else -1
        return column.values[code] if column is not None and code >= 0 else None

    return Facet(
        f"{COLUMN}{name}",
        name,
        lambda found, c, chosen: _value_rows(found.columns[name], chosen),
        value_of,
    )


class FacetPanel(QWidget):
    """All facets, each folding under its title."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.lists: dict[str, BarList] = {}
        self._heads: dict[str, QToolButton] = {}
        self._dialog: ThresholdsDialog | None = None
        self.edit_thresholds = self._thresholds_button()
        workspace.thresholds.wanted.connect(self.show_thresholds)
        self._facets: list[Facet] = []
        self._asked: object = None
        self._rows: dict[str, list[BarRow]] = {}
        self._found: tuple[Comparison, Facets] | None = None
        self._latest = Latest(lambda sentence, detail: workspace.message.emit("error", sentence, detail), self)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, theme.SPACE // 2, 0)
        layout.setSpacing(4)
        self._layout = layout
        layout.addStretch(1)
        for facet in FACETS:
            self._add(facet)
        theme.mark(content, plain=True)
        outer = bare(QVBoxLayout(self))
        outer.addWidget(scrolled(content))
        self.setMinimumWidth(226)

    def _add(self, facet: Facet) -> None:
        head = QToolButton()
        head.setText(caption(facet.title))
        head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long names do not widen the panel
        head.setCheckable(True)
        head.setChecked(True)
        head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        head.setArrowType(Qt.ArrowType.DownArrow)
        head.setStyleSheet("QToolButton { background: transparent; font-size: 8pt; font-weight: 600; padding: 2px; }")
        head.setAccessibleName(f"Show or hide {facet.title.lower()}")
        values = BarList(facet.title.capitalize(), name_share=1.0, text_width=30, fixed_rows=10)
        values.chosen.connect(lambda key, facet=facet: self._toggle(facet, key))
        head.toggled.connect(values.setVisible)
        head.toggled.connect(
            lambda on, head=head: head.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        )
        top: QWidget = beside(head, self.edit_thresholds) if facet.key == "causes" else head
        for widget in (top, values):
            self._layout.insertWidget(self._layout.count() - 1, widget)
        self._facets.append(facet)
        self._heads[facet.key], self.lists[facet.key] = head, values

    def _thresholds_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("Thresholds…")
        button.setStyleSheet("QToolButton { background: transparent; font-size: 8pt; padding: 2px; }")
        theme.mark(button, flat=True)
        button.setAccessibleName("Thresholds of the causes")
        set_tip(button, "Where one cause ends and the next begins")
        button.clicked.connect(lambda *_: self.show_thresholds())
        return button

    def show_thresholds(self) -> None:
        """Open the five numbers beside the facets that they change."""
        if self._dialog is None:
            self._dialog = ThresholdsDialog(self._workspace.thresholds, self)
            self._dialog.move(self.mapToGlobal(QPoint(self.width() + theme.SPACE, 0)))  # what it changes stays in sight
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _follow_columns(self, comparison: Comparison) -> None:
        """Lists for the columns of the open table, and for no others."""
        wanted = comparison.metadata.facets if comparison.metadata else []
        there = [facet.title for facet in self._facets if facet.is_column]
        if wanted == there:
            return
        for facet in [facet for facet in self._facets if facet.is_column]:
            self._facets.remove(facet)
            self._rows.pop(facet.key, None)
            for widget in (self._heads.pop(facet.key), self.lists.pop(facet.key)):
                widget.hide()
                widget.deleteLater()
        for name in wanted:
            self._add(_column_facet(name))

    def refresh(self) -> None:
        """Count again under the workspace's filter."""
        comparison, chosen = self._workspace.comparison(), self._workspace.filter
        if comparison is None:
            self._latest.cancel()
            self._asked = self._found = None
            self._rows.clear()
            for values in self.lists.values():
                values.set_rows([])
            return
        asked = (comparison, chosen, comparison.annotations.revision)
        if asked == self._asked:
            return
        self._asked = asked
        beside = len(comparison) > DIRECT_SAMPLES
        if beside and self._found is not None and self._found[0].annotations is comparison.annotations:
            self._show(*self._found)  # ticks at once, counts follow
        elif beside:
            self._rows.clear()
            for values in self.lists.values():
                values.set_rows([], "Counting …")
        self._latest.ask(
            lambda stop: (comparison, facets(comparison, chosen, stop)), lambda found: self._show(*found), beside=beside
        )

    def _show(self, comparison: Comparison, found: Facets) -> None:
        self._found = (comparison, found)
        self._follow_columns(comparison)
        for facet in self._facets:
            if facet.is_column and facet.title not in found.columns:
                continue  # counted before the table was opened
            rows = facet.rows(found, comparison, facet.chosen(self._workspace.filter))
            if rows != self._rows.get(facet.key):  # most ticks change one list
                self._rows[facet.key] = rows
                why = missing.reason(comparison, _NEEDS.get(facet.key, ""))
                self.lists[facet.key].set_rows(rows, why or "None under the other filters.")
        self.highlight(self._workspace.selected)

    def highlight(self, row: int | None) -> None:
        """Mark the values of the selected sample."""
        comparison = self._workspace.comparison()
        for facet in self._facets:
            key = None if comparison is None or row is None else facet.key_of(comparison, row)
            self.lists[facet.key].highlight(key)

    def _toggle(self, facet: Facet, key: Hashable) -> None:
        chosen = self._workspace.filter
        self._workspace.set_filter(facet.toggled(chosen, key))
