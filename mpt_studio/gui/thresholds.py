"""Where one cause of a flip ends and the next begins, as the user set it; kept beside the settings."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from mpt_studio.compare import Cause, CauseThresholds, Comparison
from mpt_studio.errors import UserError
from mpt_studio.gui.settings import JsonFile

if TYPE_CHECKING:
    from mpt_studio.gui.workspace import Workspace

log = logging.getLogger(__name__)


class Thresholds(QObject):
    """One set for all comparisons of a workspace."""

    changed = Signal()
    """The comparisons sort their flips by other thresholds now."""
    wanted = Signal()
    """The user asks to see and change them."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace, self._file = workspace, JsonFile("thresholds.json")
        self.value = _read(self._file)

    def prepare(self, comparison: Comparison) -> None:
        """Give them to a new comparison; may run beside the window."""
        if comparison.thresholds != self.value:
            comparison.set_thresholds(self.value)

    def set(self, value: CauseThresholds) -> None:
        """Sort all flips anew, and remember it."""
        if value == self.value:
            return
        self.value = value
        self._file.set(**dataclasses.asdict(value))
        for comparison in self._workspace.made():
            comparison.set_thresholds(value)
        self.changed.emit()

    def ask(self) -> None:
        """Show them where causes are shown."""
        self._workspace.show_flips.emit()
        self.wanted.emit()


def _read(file: JsonFile) -> CauseThresholds:
    """What the file says; a value that makes no sense leaves all at their defaults."""
    names = [field.name for field in dataclasses.fields(CauseThresholds)]
    try:
        return CauseThresholds(**{name: float(file.values[name]) for name in names if name in file.values})
    except (UserError, TypeError, ValueError) as error:
        log.warning("%s makes no sense (%s); using defaults", file.path, error)
        return CauseThresholds()


def meaning(cause: Cause, of: CauseThresholds) -> str:
    """When a flip has this cause, with the thresholds in force."""
    return {
        Cause.NEW_CLASS: "The update answers a class that the old model lacks.",
        Cause.NEAR_TIE: f"The update's margin is above −{of.near_tie:g} logits.",
        Cause.CONFIDENT_REVERSAL: f"Both versions give their answers p ≥ {of.confident:g}.",
        Cause.OLD_OLD: "None of the other causes; the answer is a class that the old model knows.",
        Cause.SUSPECT_LABEL: f"The update is sure of its answer (p ≥ {of.suspect_sure:g}) and not of the label "
        f"(p ≤ {of.suspect_truth:g}); the old model was right with p ≤ {of.suspect_unsure:g}, "
        "or gave the same answer.",
        Cause.NONE: "Everything else, above all samples that did not flip.",
    }[cause]
