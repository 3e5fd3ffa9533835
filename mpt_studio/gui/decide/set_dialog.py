"""A named must-not-flip set of what is open: written as a list, and added to the policy in one go."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QLineEdit, QWidget

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.flips import Mark
from mpt_studio.gui.widgets.forms import FormDialog, PathField
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Ints
from mpt_studio.units import count

_LISTS = "Text, an id a line (*.txt);;CSV with notes (*.csv)"
_RESERVED = "files"
"""A key of the policy's table."""


class SetDialog(FormDialog):
    """Which images, and what the set is called."""

    def __init__(self, workspace: Workspace, parent: QWidget | None) -> None:
        sentence = "Not one of these images may be a negative flip of an update that ships."
        super().__init__("New must-not-flip set", sentence, "Add to the policy", parent)
        self._workspace, self._deciding = workspace, workspace.deciding
        self.source, self.name = ComboBox(), QLineEdit(self._unused_name())
        self.source.setAccessibleName("Images")
        self.name.setAccessibleName("Name of the set")
        self.file = PathField("File of the set", filters=_LISTS)
        self._comparison, self._rows = workspace.comparison(), self._sources()
        for text, rows in self._rows:
            self.source.addItem(text)
            if not len(rows):
                self._turn_off(self.source.count() - 1)
        self.source.setCurrentIndex(self._likeliest())
        self.form.addRow("Images", self.source)
        self.form.addRow("Name", self.name)
        self.form.addRow("File", self.file)
        self._suggest()
        self.name.textChanged.connect(lambda _: self._suggest())
        self.source.currentIndexChanged.connect(lambda _: self.check())
        self.file.changed.connect(self.check)
        self.check()

    def _sources(self) -> list[tuple[str, Ints]]:
        """What there is, with its rows; the blockers first, as they are marked for this."""
        workspace, comparison = self._workspace, self._workspace.comparison()
        if comparison is None:
            return []
        found = (
            ("Marked as blockers", np.flatnonzero(comparison.marks == Mark.BLOCKER)),
            ("Selected", workspace.judging.rows()),
            ("Shown by the filter", workspace.rows),
        )
        return [(f"{text}: {count(len(rows), 'image')}", rows) for text, rows in found]

    def _likeliest(self) -> int:
        """The blockers; a selection of several; else what is shown, as one image is always selected."""
        sizes = [len(rows) for _, rows in self._rows] or [0]
        return next((i for i, n in enumerate(sizes) if n > (i == 1)), max(range(len(sizes)), key=sizes.__getitem__))

    def _turn_off(self, at: int) -> None:
        item = self.source.model().item(at)  # type: ignore[attr-defined]
        item.setEnabled(False)

    def _names(self) -> list[str]:
        """Of the sets that the policy has."""
        policy = self._deciding.policy
        return [each.name for each in policy.must_not_flip] if policy is not None else []

    def _unused_name(self) -> str:
        names = itertools.chain(["blockers"], (f"blockers {number}" for number in itertools.count(2)))
        return next(name for name in names if name not in self._names() and not paths.exists(self._place_of(name)))

    def _place_of(self, name: str) -> Path:
        stem = re.sub(r"[^\w.-]+", "_", name) or "set"
        return self._deciding.place().parent / f"{stem}.txt"

    def _suggest(self) -> None:
        self.file.edit.setText(str(self._place_of(self.name.text().strip())))
        self.check()

    @property
    def ids(self) -> list[str]:
        """The chosen images."""
        if self._comparison is None:
            return []
        rows = self._rows[self.source.currentIndex()][1]
        return [str(name) for name in self._comparison.sample_ids[rows].tolist()]

    def missing(self) -> str:
        name = self.name.text().strip()
        if self._deciding.problem:
            return f"{self._deciding.problem} Mend the policy first."
        if not self._rows or not len(self._rows[self.source.currentIndex()][1]):
            return "No images are selected, shown by the filter or marked as blockers (X marks one)."
        if not name or name == _RESERVED:
            return "Give the set a name." if not name else f"A set cannot be called {_RESERVED}."
        if name in self._names():
            return f"The policy has a set {name} already; choose another name."
        if not self.file.path:
            return "Choose a file for the list."
        if paths.exists(Path(self.file.path)):
            return f"{self.file.path} is there already; choose another file, or add it as a list."
        return ""

    def accept(self) -> None:
        """Write the list and add it; what cannot be written is told here."""
        name, file = self.name.text().strip(), Path(self.file.path)
        ids = self.ids
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._deciding.add_set(name, ids, file, self._workspace.judging.notes())
        except (UserError, OSError) as error:
            self.problem.setText(str(error))
            return
        told = f"{file} written: {count(len(ids), 'image')} that must not flip, added to {self._deciding.called}."
        self._workspace.message.emit("info", told, "")
        super().accept()
