"""What a search came to: the winner and plain training on the test part, the finalists' spread, the noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from mpt_studio.compare import SUBSET_WORDS, Subset
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import empty
from mpt_studio.gui.widgets.plain import interval, label, percent
from mpt_studio.jobs.search.telling import around, of_test
from mpt_studio.methods import shown
from mpt_studio.units import count

_FIGURES: tuple[tuple[str, Subset, str], ...] = (
    ("NFR", "all", "nfr"),
    ("NFR", "old_classes", "nfr"),
    ("accuracy", "all", "accuracy_new"),
    ("accuracy", "new_classes", "accuracy_new"),
)
"""NFR over all samples only where none is of an old class."""


class Outcome(QWidget):
    """Two small tables; hidden while there is no result."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SPACE // 2)
        self._shown: object = None

    def show_result(self, result: dict[str, Any] | None) -> None:
        """Once; the same again changes nothing."""
        if result is self._shown:
            return
        self._shown = result
        empty(self._column)
        for widget in _parts(result) if result and result.get("test") else ():
            self._column.addWidget(widget)

    def texts(self) -> list[str]:
        """Everything that is on show."""
        return [each.text() for each in self.findChildren(QLabel) if not each.isHidden()]


def _parts(result: dict[str, Any]) -> list[QWidget]:
    first = result["test"][0]
    figures = [each for each in _FIGURES if (first.get(each[1]) or {}).get("samples")]
    if first["old_classes"]["samples"]:
        figures.remove(_FIGURES[0])
    head = ("", *(f"{name}\n{SUBSET_WORDS[part]}\nn={first[part]['samples']:,}" for name, part, _ in figures))
    best = result["best"]
    rows = [
        (
            ("★ " if row["label"] == best["label"] else "") + shown(row["label"]),
            *(_rate(row[part], key) for _, part, key in figures),
        )
        for row in result["test"]
    ]
    parts: list[QWidget] = [_title("On the test part, looked at once; 95 % intervals"), _grid(head, rows)]
    parts += map(_muted, of_test(result))
    if finalists := _finalists(result):
        parts += [_title("Over seeds, on the validation part"), finalists]
    return [*parts, *map(_muted, around(result))]


def _rate(rates: dict[str, Any], key: str) -> str:
    bounds = rates.get(f"{key}_ci95")
    return f"{percent(rates.get(key))}\n{interval(tuple(bounds))}" if bounds else percent(rates.get(key))


def _finalists(result: dict[str, Any]) -> QWidget | None:
    rows = result.get("finalists") or []
    if not any(row["spread_nfr"] is not None for row in rows):
        return None
    found = [
        (shown(row["label"]), _mean(row), percent(row["mean_accuracy"]), "met" if row["holds"] else "missed")
        for row in rows
    ]
    return _grid(("", f"NFR, {count(len(rows[0]['nfr']), 'seed')}", "accuracy", "limits"), found)


def _mean(row: dict[str, Any]) -> str:
    spread = row["spread_nfr"]
    return percent(row["mean_nfr"]) + ("" if spread is None else f" ± {100 * spread:.1f}")


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> QWidget:
    """A name across, its figures below it: names are long, and the card is narrow."""
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 4)
    grid.setHorizontalSpacing(theme.SPACE)
    grid.setVerticalSpacing(1)
    for column, text in enumerate(head[1:]):
        grid.setColumnStretch(column, 1)
        grid.addWidget(_cell(text, muted=True), 0, column)
    for row, (name, *figures) in enumerate(rows):
        is_best = name.startswith("★")
        grid.setRowMinimumHeight(3 * row + 1, 4)
        grid.addWidget(label(name, wrap=True, bold=is_best, size=0.95), 3 * row + 2, 0, 1, -1)
        for column, text in enumerate(figures):
            grid.addWidget(_cell(text, bold=is_best), 3 * row + 3, column)
    return made


def _cell(text: str, *, bold: bool = False, muted: bool = False) -> QLabel:
    made = label(text, bold=bold, muted=muted, size=0.95)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    return made


def _title(text: str) -> QWidget:
    return label(text, wrap=True, bold=True)


def _muted(text: str) -> QWidget:
    return label(text, wrap=True, size=0.95, muted=True)
