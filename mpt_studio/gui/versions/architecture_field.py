"""Which network a file's weights belong to: those that fit first, then all others, with search."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QVBoxLayout, QWidget

from mpt_studio import paths
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.reading import Candidate

_STEM = " (stem for small images)"
Chosen = tuple[str, bool | None]
"""Architecture and stem; None as the file says."""


@functools.cache
def known_architectures() -> tuple[str, ...]:
    """Every name that can be recognised: this program's, torchvision's, and timm's as "timm/NAME"."""
    try:
        rows = json.loads(paths.resource("architectures.json").read_text("utf-8"))["rows"]
    except (OSError, ValueError, KeyError):
        return ()
    return tuple(sorted({str(row[0]) for row in rows}, key=lambda name: (name.startswith("timm/"), name)))


class ArchitectureField(QWidget):
    """A list to choose from, in which one can type; ``changed`` follows every change."""

    changed = Signal()

    def __init__(self, candidates: Sequence[Candidate], chosen: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._candidates = candidates
        self.box = ComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setAccessibleName("Architecture")
        self.box.setMaxVisibleItems(20)
        self._fill(candidates)
        completer = QCompleter(self.box.model(), self.box)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.box.setCompleter(completer)
        self.note = label(wrap=True, size=0.9)
        self.note.setProperty("muted", True)
        layout = bare(QVBoxLayout(self), spacing=4)
        layout.addWidget(self.box)
        layout.addWidget(self.note)
        set_tip(self.box, "Type a part of a name to search")
        fits = [candidate for candidate in candidates if candidate.exact]
        self.box.setCurrentIndex(0 if len(fits) == 1 or (chosen and fits) else -1)
        if chosen and self.box.currentIndex() < 0:
            self.box.setEditText(chosen)
        self.box.editTextChanged.connect(lambda _: self._changed())
        self._changed()

    def _fill(self, candidates: Sequence[Candidate]) -> None:
        for candidate in candidates:
            name = candidate.arch + (_STEM if candidate.small_stem else "")
            fits = (
                "comes near" if not candidate.exact else "agrees in order and shape" if candidate.agreement else "fits"
            )
            self.box.addItem(f"{name}  ·  {fits}", (candidate.arch, candidate.small_stem))
        first = {candidate.arch for candidate in candidates if not candidate.small_stem}
        for name in known_architectures():
            if name not in first:
                self.box.addItem(name, (name, None))

    def _changed(self) -> None:
        arch, stem = self.chosen
        found = next((c for c in self._candidates if c.arch == arch and stem in (None, c.small_stem)), None)
        self.note.setText("" if found is None else _said(found))
        self.note.setVisible(bool(self.note.text()))
        self.changed.emit()

    @property
    def chosen(self) -> Chosen:
        """What stands in the field; ("", None) where that is no known network."""
        text = self.box.currentText().strip()
        at = self.box.findText(text, Qt.MatchFlag.MatchFixedString)
        if at < 0:
            at = next((i for i in range(self.box.count()) if self.box.itemData(i)[0] == text), -1)
        arch, stem = self.box.itemData(at) if at >= 0 else ("", None)
        return arch, stem

    def problem(self) -> str:
        """Why what stands there cannot be taken; empty where it can."""
        text = self.box.currentText().strip()
        if self.chosen[0]:
            return ""
        return f"There is no architecture {text!r}; choose one of the list." if text else "Choose the architecture."


def _said(candidate: Candidate) -> str:
    """What a person should know of it: where it differs, or how another port's names were matched."""
    if not candidate.agreement:
        return "" if candidate.exact else candidate.difference
    question = f"Is this {candidate.arch.removeprefix('timm/')}? {candidate.agreement}; their names are another port's."
    return "\n".join([question, *candidate.mapped])
