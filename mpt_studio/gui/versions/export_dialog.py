"""Write a version for deployment: which, as what, where to; the worker checks what was written."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QFileDialog, QProgressBar, QWidget

from mpt_studio import paths
from mpt_studio.files.onnx_header import OPSETS
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, label, set_tip
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.jobs.deployment import LABELS, README
from mpt_studio.jobs.exporting import SUFFIXES, Format
from mpt_studio.units import count, file_size

FORMATS: tuple[tuple[Format, str, str], ...] = (
    ("pth", "PyTorch (.pth)", "A state dict with names and preprocessing, for scripts with torchvision or timm."),
    ("onnx", "ONNX (.onnx)", "One graph, for ONNX Runtime, TensorRT, OpenVINO and others."),
    ("safetensors", "safetensors (.safetensors)", "This program's own file, with checksum, for use elsewhere."),
    ("labels", "Class names (.txt)", "One name a line, in the order of the outputs."),
)


class ExportVersionDialog(FormDialog):
    """Stays open until the file is written and checked, and tells the difference that was found."""

    def __init__(self, workspace: Workspace, version: Version | None, start: str, parent: QWidget | None) -> None:
        sentence = "What is written is opened again, answers the test images, and is kept where it does as on screen."
        super().__init__("Export a version", sentence, "Export…", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._workspace, self._start = workspace, start
        self._job: Job | None = None
        self.version, self.format = ComboBox(), ComboBox()
        self.version.setAccessibleName("Version")
        self.format.setAccessibleName("Format")
        self._fill(version)
        self.meaning, self.told = label(wrap=True, size=0.9, muted=True), label(wrap=True)
        self.decided = label(wrap=True)
        self.inside = QCheckBox("Preprocessing inside: the graph takes whole pixels (uint8, RGB, channels last)")
        set_tip(self.inside, "It normalises them itself; resizing and cropping stay outside")
        self.opset = ComboBox()
        self.opset.setAccessibleName("Opset")
        for opset in OPSETS:
            self.opset.addItem(f"{opset}{' (read by most)' if opset == OPSETS[0] else ''}", opset)
        self.beside = QCheckBox(f"In a folder of its own, with {LABELS} and {README}")
        self.beside.setChecked(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("Exporting")
        self.bar.hide()
        self.form.addRow("Version", self.version)
        self.form.addRow("", self.decided)
        self.form.addRow("Format", self.format)
        self.form.addRow("", self.meaning)
        self.form.addRow("", self.inside)
        self.form.addRow("Opset", self.opset)
        self.form.addRow("", self.beside)
        self.form.addRow(self.bar)
        self.form.addRow(self.told)
        self.version.currentIndexChanged.connect(lambda _: self._choice_changed())
        self.format.currentIndexChanged.connect(lambda _: self._choice_changed())
        self._choice_changed()

    def _fill(self, version: Version | None) -> None:
        for each in filter(self._workspace.decision, self._workspace.versions):
            self.version.addItem(each.label, each.key)
        wanted = version or self._workspace.current
        self.version.setCurrentIndex(max(0, self.version.findData(wanted.key) if wanted is not None else 0))
        for key, text, _ in FORMATS:
            self.format.addItem(text, key)

    def _choice_changed(self) -> None:
        self.meaning.setText(FORMATS[self.format.currentIndex()][2])
        for option in (self.inside, self.opset):
            self.form.setRowVisible(option, self.format.currentData() == "onnx")
        self.form.setRowVisible(self.beside, self.format.currentData() != "labels")
        self.decided.setText(self._decided_sentence())
        self.form.setRowVisible(self.decided, bool(self.decided.text()))
        self.told.clear()
        self.check()

    def _decided_sentence(self) -> str:
        """At what the version is on show, which is what is written."""
        version = self._workspace.version(str(self.version.currentData()))
        decision = self._workspace.decision(version) if version else None
        words = decision.words() if decision else ""
        if not words or self.format.currentData() == "labels":
            return ""
        return f"It is on screen at {words}, and so it is written."

    def missing(self) -> str:
        if self._job is not None:
            return "Writing and checking …"
        return "" if self.version.count() else "No version with weights is open."

    def accept(self) -> None:
        """Ask where to and start; the dialog stays."""
        version = self._workspace.version(str(self.version.currentData()))
        if version is None or self._job is not None:
            return
        suffix = SUFFIXES[self.format.currentData()]
        decision = self._workspace.decision(version)
        decided = "_labels" if self.format.currentData() == "labels" else decision.suffix() if decision else ""
        name = f"{paths.file_name(version.label)}{decided}{suffix}"
        if self._is_folder():
            chosen = QFileDialog.getExistingDirectory(self, "Where the new folder goes", self._start)
            if chosen:
                self.write(version, unused(Path(chosen) / f"{Path(name).stem}_{self.format.currentData()}"))
            return
        chosen, _ = QFileDialog.getSaveFileName(self, "Export a version", str(Path(self._start) / name), f"*{suffix}")
        if chosen:
            self.write(version, Path(chosen))

    def _is_folder(self) -> bool:
        return self.format.currentData() != "labels" and self.beside.isChecked()

    def write(self, version: Version, path: Path) -> None:
        """Have the worker write and check it; a file that is there is replaced, as the file dialog has asked, and
        nothing in a folder is.
        """
        worker, form = self._workspace.worker, self.format.currentData()
        decision = self._workspace.decision(version)
        if worker is None or decision is None:
            return
        args = {
            "checkpoint": decision.weights,
            "offset": decision.gamma,
            "interpolate": decision.alpha,
            **self._against(version),
            "format": form,
            **({"folder": str(path)} if self._is_folder() else {"out": str(path), "force": True}),
            **self._of_graph(),
        }
        self._job = worker.request(
            "export",
            args,
            on_result=self._written,
            on_error=self._failed,
            on_progress=lambda sentence, fraction: self._tell(sentence, error=False),
            title=f"Exporting {version.label}",
        )
        self._job.finished.connect(self._over)
        self._workspace.job_started.emit(self._job)
        self.bar.show()
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Cancel")
        self.check()

    def _of_graph(self) -> dict[str, Any]:
        if self.format.currentData() != "onnx":
            return {}
        given = {"preprocessing": "inside"} if self.inside.isChecked() else {}
        opset = self.opset.currentData()
        return {**given, **({"opset": opset} if opset != OPSETS[0] else {})}

    def _against(self, version: Version) -> dict[str, str]:
        """The old model and the data that it is on screen with."""
        old, data = self._workspace.old, self._workspace.dataset
        if old is None or data is None or version is old:
            return {}
        return {"old": old.checkpoint or old.key, "data": data.spec}

    def _over(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Close")
        cancelled = self._job is not None and self._job.is_cancelled
        self._job = None
        self.bar.hide()
        if cancelled:
            self._tell("Cancelled; nothing was written.", error=False)
        self.check()

    def _written(self, answer: dict[str, Any]) -> None:
        sentence = written_sentence(answer)
        self._tell(f"{RIGHT} {sentence}", error=False)
        self._workspace.message.emit("info", sentence, "\n".join(answer.get("notes") or ()))

    def _failed(self, sentence: str, detail: str) -> None:
        self._tell(f"{WRONG} {sentence}", error=True)
        self._workspace.message.emit("error", sentence, detail)

    def _tell(self, text: str, *, error: bool) -> None:
        self.told.setText(text)
        theme.mark(self.told, error=error)

    def reject(self) -> None:
        """Cancel ends the writing, too."""
        if self._job is not None:
            self._job.cancel()
        super().reject()


def unused(folder: Path) -> Path:
    """The folder, numbered where there is one of its name."""
    names = itertools.chain([folder.name], (f"{folder.name} ({number})" for number in itertools.count(2)))
    return next(made for name in names if not (made := folder.with_name(name)).exists())


def written_sentence(answer: dict[str, Any]) -> str:
    """What was written and how far it is from the version itself."""
    text = f"{answer['path']} written ({file_size(answer['bytes'])})"
    latency = (answer.get("latency") or {}).get("sentence", "")
    return " ".join(filter(None, [_checked_sentence(text, answer), latency]))


def _checked_sentence(text: str, answer: dict[str, Any]) -> str:
    check = answer.get("check")
    if check:
        return f"{text}. {check['sentence']}"
    difference = answer.get("difference")
    if difference is None:
        return f"{text}."
    images = count(int(answer.get("samples") or 0), "image")
    if not difference:
        return f"{text}; it answers {images} exactly as the version does."
    return f"{text}; over {images} no logit differs by more than {difference:.2g} from the version's."
