"""A report of the comparison on show for those who were not there; the worker writes it, the window goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QFileDialog, QWidget

from mpt_studio import paths
from mpt_studio.files.kinds import POLICIES
from mpt_studio.gui.widgets.forms import FormDialog, PathField, filters
from mpt_studio.gui.widgets.plain import label
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace


class ReportDialog(FormDialog):
    """By which policy, and what to do when it is ready."""

    def __init__(self, workspace: Workspace, start: str, parent: QWidget | None) -> None:
        sentence = "One file that anybody can read without this program: verdict, figures, and the images that break."
        super().__init__("Report", sentence, "Save as…", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._workspace, self._start = workspace, start
        self.policy = PathField("Policy", filters=filters(POLICIES), start=start)
        self.policy.edit.setPlaceholderText("None: figures without a verdict")
        self.policy.edit.setText(str(workspace.deciding.path or ""))  # what is judged by on screen
        self.markdown = QCheckBox("Markdown beside it, for a pull request")
        self.shows = QCheckBox("Open it when it is ready")
        self.shows.setChecked(True)
        self.form.addRow("Of", label(self._subject(), wrap=True))
        self.form.addRow("Policy", self.policy)
        self.form.addRow("", self.markdown)
        self.form.addRow("", self.shows)
        self.policy.changed.connect(self.check)
        self.check()

    def _subject(self) -> str:
        old = self._workspace.old
        return f"{old.label if old else 'nothing'} → {self._workspace.current_name}"

    def missing(self) -> str:
        if self._workspace.comparison() is None:
            return "Nothing is compared yet."
        path = self.policy.path
        return f"There is no file {path}." if path and not Path(path).is_file() else ""

    def accept(self) -> None:
        """Ask where to, start, and be gone."""
        if self.missing():
            return
        name = f"report_{paths.file_name(self._workspace.current_name)}.html".replace(" ", "_")
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the report", str(Path(self._start) / name), "HTML (*.html)")
        if chosen:
            self.write(Path(chosen))
            super().accept()

    def write(self, path: Path) -> None:
        """Have the worker write it."""
        workspace, shows = self._workspace, self.shows.isChecked()
        if workspace.worker is None:
            return

        def written(answer: dict[str, Any]) -> None:
            told = answer["sentences"][0] if answer["sentences"] else ""
            detail = "\n".join([*answer["sentences"], *answer["notes"]])
            workspace.message.emit("info", f"{path} written. {told}".strip(), detail)
            if shows:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        job = workspace.worker.request(
            "report",
            self.arguments(path),
            on_result=written,
            on_error=lambda sentence, detail: workspace.message.emit("error", sentence, detail),
            title="Writing the report",
        )
        workspace.job_started.emit(job)

    def arguments(self, path: Path) -> dict[str, Any]:
        """What is on show, as the worker takes it."""
        workspace = self._workspace
        old, new, data = workspace.old, workspace.current, workspace.dataset
        assert old is not None
        assert new is not None
        given = {
            "policy": self.policy.path,
            "markdown": str(path.with_suffix(".md")) if self.markdown.isChecked() else "",
            "data": data.spec if data is not None else "",
            "metadata": str(workspace.tables.path or ""),
            "alpha": new.mixed.alpha if new.mixed else 0.0,
        }
        named = new.mixed.weights if new.mixed else _named(new)
        asked = {"old": _named(old), "new": named, "offset": workspace.offsets.of(new.key), "page": str(path)}
        return asked | {name: value for name, value in given.items() if value}


def _named(version: Version) -> str:
    """As other processes find it: a run, weights, or answers."""
    return version.run or version.checkpoint or version.key
