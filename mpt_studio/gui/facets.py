"""Facets beside the grid: how many samples each kind, class and answer would show; a click filters.

A new facet (a mark) is one ``Facet`` in ``FACETS``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mpt_studio.compare import CAUSE_NAMES, Cause, Comparison, Facets, Filter, facets
from mpt_studio.flips import FlipKind
from mpt_studio.gui import theme
from mpt_studio.gui.bar_list import BarList, BarRow
from mpt_studio.gui.flip_card import KIND_NAMES
from mpt_studio.gui.plain import RIGHT, WRONG, count
from mpt_studio.gui.workspace import Workspace

_GLYPHS = {
    FlipKind.NEGATIVE: f"{RIGHT}→{WRONG}",
    FlipKind.POSITIVE: f"{WRONG}→{RIGHT}",
    FlipKind.BOTH_WRONG: f"{WRONG}→{WRONG}",
    FlipKind.BOTH_RIGHT: f"{RIGHT}→{RIGHT}",
}
_COLORS = {FlipKind.NEGATIVE: "wrong", FlipKind.BOTH_WRONG: "both_wrong"}


@dataclass(frozen=True)
class Facet:
    """One list of values. ``field`` is the ``Filter`` field (a tuple of alternatives) that a click changes."""

    field: str
    title: str
    rows: Callable[[Facets, Comparison, tuple[Hashable, ...]], list[BarRow]]
    key_of: Callable[[Comparison, int], Hashable]
    """The value that one sample has."""


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
        BarRow(cause, CAUSE_NAMES[cause].capitalize(), count(n), checked=cause in chosen)
        for cause, n in found.causes.items()
        if n or cause in chosen
    ]


FACETS = (
    Facet("kinds", "FLIP KIND", _kind_rows, lambda c, row: FlipKind(int(c.kinds[row]))),
    Facet("causes", "CAUSE", _cause_rows, lambda c, row: Cause(int(c.causes[row]))),
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
)


class FacetPanel(QWidget):
    """All facets, each folding under its title."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.lists: dict[str, BarList] = {}
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, theme.SPACE // 2, 0)
        layout.setSpacing(4)
        for facet in FACETS:
            self._add(facet, layout)
        layout.addStretch(1)
        theme.mark(content, plain=True)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.setMinimumWidth(226)

    def _add(self, facet: Facet, layout: QVBoxLayout) -> None:
        head = QToolButton()
        head.setText(facet.title)
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
        layout.addWidget(head)
        layout.addWidget(values)
        self.lists[facet.field] = values

    def refresh(self) -> None:
        """Count again under the workspace's filter."""
        comparison, chosen = self._workspace.comparison(), self._workspace.filter
        if comparison is None:
            for values in self.lists.values():
                values.set_rows([])
            return
        found = facets(comparison, chosen)
        for facet in FACETS:
            rows = facet.rows(found, comparison, getattr(chosen, facet.field))
            self.lists[facet.field].set_rows(rows, "None under the other filters.")

    def highlight(self, row: int | None) -> None:
        """Mark the values of the selected sample."""
        comparison = self._workspace.comparison()
        for facet in FACETS:
            key = None if comparison is None or row is None else facet.key_of(comparison, row)
            self.lists[facet.field].highlight(key)

    def _toggle(self, facet: Facet, key: Hashable) -> None:
        chosen = self._workspace.filter
        self._workspace.set_filter(toggled(chosen, facet.field, key))


def toggled(chosen: Filter, field: str, key: Hashable) -> Filter:
    """The filter with one alternative of a field added, or removed where it is there."""
    values = getattr(chosen, field)
    changed = tuple(v for v in values if v != key) if key in values else (*values, key)
    changes: dict[str, Any] = {field: changed}
    return dataclasses.replace(chosen, **changes)
