"""The methods as a check list: each as often as its margins say, from the recipe's start, from the old model, or both.

Behind a candidate from the old model, BCWI may stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.train.field_editors import Stacked
from mpt_studio.gui.train.form_fields import FieldSpec
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.methods import (
    BCWI,
    FIRST,
    METHODS,
    NAMINGS,
    WHY_FIRST,
    Method,
    label_of,
    method_named,
    methods_named,
    plain_name,
    shown,
)
from mpt_studio.recipe.words import number_text

_PLAIN = "No_Treatment"
_MARGIN_WIDTH = 52
_COLUMNS = (
    ("@old", "A candidate that goes on from the old model's weights, whatever the other versions start from."),
    ("BCWI", "After training: the weights between the old model's and this candidate's that flip least; no training."),
    ("b", "Logit margin b; several, as in 1, 2, 4, train one candidate each."),
)
_DISTILLATION = {
    "none": "No distillation",
    "naive": "Cross-entropy again on samples that the old model gets right",
    "focal_kl": "KL distillation, stronger on samples that the teacher gets right",
    "focal_lm": "Distillation of logits, stronger on samples that the teacher gets right",
    "lm": "Distillation of logits",
    "lm_topk": "Distillation of the teacher's largest logits",
}
_TEACHERS = {
    "none": "",
    "old": " from the old model",
    "old_and_reference": " from the old and the reference model",
    "old_and_ensemble": " from the old model and an ensemble of reference models",
}


def describe(method: Method) -> str:
    """What a method does, in a sentence."""
    teachers = _TEACHERS[method.teachers] if method.distillation not in ("none", "naive") else ""
    margin = "; a logit margin b on new classes in training" if method.logit_margin else ""
    return f"{_DISTILLATION[method.distillation]}{teachers}{margin}."


def _about(method: Method) -> tuple[str, ...]:
    first = "Begin with this one." if method.name == FIRST else ""
    return plain_name(method.name), NAMINGS[method.name].sentence, describe(method), first


class _Row(QObject):
    """One method: the widgets of a line of the list, and the names that it adds to the recipe."""

    changed = Signal()

    def __init__(self, method: Method, parent: MethodList) -> None:
        super().__init__(parent)
        self.method, self._list = method, parent
        self._kept: list[str] | None = None
        """Its names as they were given, until the user changes something of it."""
        self.box = QCheckBox(shown(method.name), parent)
        self.from_old = self._check("@old", f"{method.name} from the old model")
        self.bcwi = self._check(BCWI, f"{BCWI} of {method.name} from the old model")
        self.margins = self._margins() if method.logit_margin else None
        if method.name == _PLAIN:
            self.box.setChecked(True)
            self.box.setEnabled(False)
        for box in (self.box, self.from_old, self.bcwi):
            box.toggled.connect(self._touched)

    def _check(self, column: str, name: str) -> QCheckBox:
        made = QCheckBox(self._list)
        made.setAccessibleName(name)
        plain.set_tip(made, dict(_COLUMNS).get(column, ""))
        return made

    def _margins(self) -> QLineEdit:
        made = QLineEdit(self._list)
        made.setFixedWidth(_MARGIN_WIDTH)
        made.setAccessibleName(f"Logit margin of {self.method.name}")
        plain.set_tip(made, dict(_COLUMNS)["b"])
        made.textChanged.connect(self._touched)
        return made

    def place(self, grid: QGridLayout) -> None:
        """Put its widgets into the list's last line."""
        line, centre = grid.rowCount(), Qt.AlignmentFlag.AlignCenter
        grid.addWidget(self.box, line, 0)
        grid.addWidget(self.from_old, line, 1, centre)
        grid.addWidget(self.bcwi, line, 2, centre)
        if self.margins is not None:
            grid.addWidget(self.margins, line, 3)

    def show_names(self, names: Sequence[str]) -> None:
        """Show what a recipe has of this method; the names stay as they are until the user changes something."""
        fresh, again = ([n for n in names if ("@" in n) == old and n.lower() != BCWI.lower()] for old in (False, True))
        self.box.setChecked(bool(fresh) or self.method.name == _PLAIN)
        self.from_old.setChecked(bool(again))
        self.bcwi.setChecked(any(n.lower() == BCWI.lower() for n in names))
        if self.margins is not None:
            texts = [n.partition("@")[0].partition(":")[2].strip() for n in (*fresh, *again)]
            self.margins.setText(", ".join(dict.fromkeys(filter(None, texts))))
        self._kept = list(names)
        self.refresh()

    def names(self) -> list[str]:
        """What the row adds to the recipe's list, such as "mpt_kl:2" and "mpt_kl:2@old"."""
        if self._kept is not None:
            return self._kept
        base = "none" if self.method.name == _PLAIN else self.method.name.lower()
        texts = [t.strip() for t in self.margins.text().split(",") if t.strip()] if self.margins else []
        each = [f"{base}:{text}" for text in texts] or [base]
        made = each if self.box.isChecked() else []
        for name in each if self.from_old.isChecked() else []:
            made = [*made, f"{name}@old", *([BCWI.lower()] if self.bcwi.isChecked() else [])]
        return made

    def problem(self) -> str:
        try:
            for name in self.names():
                if name.lower() != BCWI.lower():
                    method_named(name)
        except UserError:
            return f"{self.method.name} needs numbers between 0 and 20 for b, as in 1, 2, 4"
        return ""

    @Slot()
    def _touched(self) -> None:
        if not self.from_old.isChecked():
            self.bcwi.setChecked(False)
        self._kept = None
        self.refresh()
        self.changed.emit()

    def refresh(self) -> None:
        """What can be chosen, and which candidates the row stands for."""
        self.bcwi.setEnabled(self.from_old.isChecked())
        if self.margins is not None:
            self.margins.setEnabled(self.box.isChecked() or self.from_old.isChecked())
            theme.mark(self.margins, invalid=bool(self.problem()))
        plain.set_tip(self.box, "\n".join(filter(None, (*_about(self.method), self._trains()))))

    def _trains(self) -> str:
        if self.method.name == _PLAIN and self.names() == ["none"]:
            return "It is the reference: always trained, for it is what you would get."
        try:
            made = [shown(label_of(m)) for m in methods_named(",".join(self.names())) if self.names()]
        except UserError:
            return ""
        labels = made if self.method.name == _PLAIN else made[1:]
        return f"Trains {plain.listed(labels, 12)}." if labels else ""


class MethodList(Stacked):
    """Value: the recipe's text of methods, such as "none,none@old,bcwi,mpt_kl:2"."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._text = ""
        self._quiet = False
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for column, (text, tip) in enumerate(_COLUMNS, 1):
            grid.addWidget(_heading(text, tip), 0, column, Qt.AlignmentFlag.AlignCenter)
        self.rows = {name: _Row(method, self) for name, method in METHODS.items()}
        for row in self.rows.values():
            row.place(grid)
            row.changed.connect(self._row_changed)
        why = plain.label(WHY_FIRST, wrap=True)
        theme.mark(why, muted=True)
        self.column.addWidget(why)
        self.column.addLayout(grid)

    def value(self) -> str:
        return self._text

    def set_value(self, value: Any) -> None:
        """Show a list of methods; the text itself is kept as it is until the user changes something."""
        names = _by_method(str(value).split(","))
        self._quiet = True
        for name, row in self.rows.items():
            row.show_names(names.get(name, ["none"] if name == _PLAIN else []))
        self._quiet = False
        self._text = str(value)
        self.changed.emit()

    def set_margin_hint(self, margin: float | None) -> None:
        """Show which b a method has where none of its own is given."""
        for row in self.rows.values():
            if row.margins is not None:
                own = row.method.logit_margin if margin is None else margin
                row.margins.setPlaceholderText(number_text(own))

    def problem(self) -> str:
        return next((wrong for row in self.rows.values() if (wrong := row.problem())), "")

    @Slot()
    def _row_changed(self) -> None:
        if self._quiet:
            return
        self._text = ",".join(name for row in self.rows.values() for name in row.names())
        self.changed.emit()


def _heading(text: str, tip: str) -> QLabel:
    made = plain.label(text)
    theme.mark(made, muted=True)
    plain.set_tip(made, tip)
    return made


def _by_method(names: Sequence[str]) -> dict[str, list[str]]:
    """Published name → what the recipe's list has of it, a "bcwi" with the one before it.

    Names that are not known are left to the recipe's own check.
    """
    found: dict[str, list[str]] = {}
    last = ""
    for name in map(str.strip, names):
        if name.lower() == BCWI.lower() and last:
            found[last].append(name)
            continue
        try:
            method = method_named(name.partition("@")[0].partition(":")[0])
        except UserError:
            continue
        found.setdefault(method.name, []).append(name)
        last = method.name if "@" in name else last
    if _PLAIN in found and all("@" in name or name.lower() == BCWI.lower() for name in found[_PLAIN]):
        found[_PLAIN].insert(0, "none")
    return found
