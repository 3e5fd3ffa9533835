"""The eleven methods as a check list; those with a logit margin take one b, or several to try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.train.field_editors import Stacked
from mpt_studio.gui.train.form_fields import FieldSpec, number_text
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.methods import METHODS, Method, method_named

_PLAIN = "No_Treatment"
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


class _Row(QWidget):
    changed = Signal()

    def __init__(self, method: Method, parent: QWidget) -> None:
        super().__init__(parent)
        self.method = method
        self.box = QCheckBox(method.name, self)
        self.box.toggled.connect(self.changed)
        plain.set_tip(self.box, describe(method))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        self.margins: QLineEdit | None = None
        if method.logit_margin:
            self._add_margins(layout)
        if method.name == _PLAIN:
            self.box.setChecked(True)
            self.box.setEnabled(False)
            self.box.setText(f"{_PLAIN} (the reference)")
            plain.set_tip(
                self.box, "Plain training with the new classes: always trained, for it is what you would get."
            )

    def _add_margins(self, layout: QHBoxLayout) -> None:
        label = plain.label("b")
        theme.mark(label, muted=True)
        self.margins = QLineEdit(self)
        self.margins.setFixedWidth(64)
        self.margins.setAccessibleName(f"Logit margin of {self.method.name}")
        plain.set_tip(self.margins, "Logit margin b of this method; several, as in 1, 2, 4, train one candidate each.")
        self.margins.textChanged.connect(self.changed)
        self.box.toggled.connect(self.margins.setEnabled)
        self.margins.setEnabled(False)
        layout.addWidget(label)
        layout.addWidget(self.margins)

    def names(self) -> list[str]:
        """What the row adds to the recipe's list, such as "mpt_kl:2"."""
        if not self.box.isChecked():
            return []
        base = "none" if self.method.name == _PLAIN else self.method.name.lower()
        texts = [t.strip() for t in self.margins.text().split(",") if t.strip()] if self.margins else []
        return [f"{base}:{text}" for text in texts] or [base]

    def problem(self) -> str:
        try:
            for name in self.names():
                method_named(name)
        except UserError:
            return f"{self.method.name} needs numbers between 0 and 20 for b, as in 1, 2, 4"
        return ""


class MethodList(Stacked):
    """Value: the recipe's text of methods, such as "none,pct_kl,mpt_kl:2"."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.rows = {name: _Row(method, self) for name, method in METHODS.items()}
        self._text = ""
        self._quiet = False
        for row in self.rows.values():
            row.changed.connect(self._row_changed)
            self.column.addWidget(row)

    def value(self) -> str:
        return self._text

    def set_value(self, value: Any) -> None:
        """Show a list of methods; the text itself is kept as it is until the user changes something."""
        chosen = _by_method(str(value).split(","))
        self._quiet = True
        for name, row in self.rows.items():
            row.box.setChecked(name in chosen or name == _PLAIN)
            if row.margins is not None:
                row.margins.setText(", ".join(chosen.get(name, [])))
        self._quiet = False
        self._text = str(value)
        self._mark()
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
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        for row in self.rows.values():
            if row.margins is not None:
                theme.mark(row.margins, invalid=bool(row.problem()))


def _by_method(names: Sequence[str]) -> dict[str, list[str]]:
    """Published name → margins given for it; names that are not known are left to the recipe's own check."""
    chosen: dict[str, list[str]] = {}
    for name in names:
        base, _, margin = name.strip().partition(":")
        try:
            method = method_named(base)
        except UserError:
            continue
        margins = chosen.setdefault(method.name, [])
        if margin.strip():
            margins.append(margin.strip())
    return chosen
