"""The small dialogs of the shell: which two versions, what becomes of a training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.errors import UserError
from mpt_studio.files.kinds import PREDICTIONS, WEIGHTS
from mpt_studio.gui.data.choosing import DataChooser
from mpt_studio.gui.widgets.forms import FormDialog, PathField, filters
from mpt_studio.jobs.kinds import kind_of

VERSIONS = filters(WEIGHTS, PREDICTIONS)
"""What pickers of versions offer."""


class CompareDialog(FormDialog):
    """Which two versions to compare."""

    def __init__(self, spec: str = "builtin", start: str = "", parent: QWidget | None = None) -> None:
        sentence = "Choose the deployed version and the one that may replace it: files of weights, or of predictions."
        super().__init__("Compare two versions", sentence, "Compare", parent)
        self.old = PathField("old model", filters=VERSIONS, start=start)
        self.new = PathField("candidate", filters=VERSIONS, start=start)
        self.data = DataChooser(spec, start)
        self.form.addRow("Old model", self.old)
        self.form.addRow("Candidate", self.new)
        self.form.addRow("Data", self.data)
        for part in (self.old, self.new, self.data):
            part.changed.connect(self.check)
        self.check()

    @property
    def needs_data(self) -> bool:
        """Whether one of them is a file of weights, which has to be evaluated."""
        return any(is_weights(field.path) for field in (self.old, self.new))

    def missing(self) -> str:
        problem = version_problem("old model", self.old.path) or version_problem("candidate", self.new.path)
        if problem:
            return problem
        if self.old.path == self.new.path:
            return "Old model and candidate are the same file."
        return "Choose the folder of the data." if self.needs_data and not self.data.spec else ""


def is_weights(path: str) -> bool:
    """Whether a path is a file or folder of weights, by its looks."""
    try:
        return bool(path) and kind_of(Path(path)) in ("checkpoint", "weights")
    except UserError:
        return False


def version_problem(what: str, path: str) -> str:
    """Why a path is no version, as a sentence; empty where it may be one."""
    if not path:
        return f"Choose the {what}."
    try:
        kind = kind_of(Path(path))
        if kind == "checkpoint":
            read_checkpoint(Path(path))
    except UserError as error:
        return str(error)
    if kind in ("images", "table"):
        return f"{path} holds {'images' if kind == 'images' else 'no predictions'}; choose weights or predictions."
    return ""


def ask_about_training(parent: QWidget) -> bool | None:
    """True: keep training in the background; False: stop and keep what is ready; None: stay."""
    box = QMessageBox(QMessageBox.Icon.Question, "Training goes on", "A training is running.", parent=parent)
    box.setInformativeText("It can go on in the background; the window finds it again when you open it.")
    keep = box.addButton("Keep training in the background", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop and keep what is ready", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    return True if clicked is keep else False if clicked is stop else None


def ask_to_cancel(parent: QWidget, title: str, version: str) -> bool:
    """Whether to end an update now, and lose the version that is being trained."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Cancel", f"Cancel “{title}”?", parent=parent)
    lost = f"What {version} has learned so far is lost. " if version else ""
    box.setInformativeText(f"{lost}Versions that are ready stay in Runs. Stop and keep ends it without a loss.")
    cancel = box.addButton("Cancel the update", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton("Go on training", QMessageBox.ButtonRole.RejectRole))
    box.exec()
    return box.clickedButton() is cancel
