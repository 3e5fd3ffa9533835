"""What is known of a version (architecture, classes, preprocessing, each with where it is from), and a window of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare, in_a_row
from mpt_studio.gui.widgets.frames import scrolled
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.methods import plain_name
from mpt_studio.predictions import Predictions
from mpt_studio.reading import Reading
from mpt_studio.units import count, file_size

Fact = tuple[str, str]
"""Name and text, both plain."""
_NAMES = 8
_SHORT = 12
_SCORES = {"logits": "logits", "probabilities": "probabilities", "answers": "only the predicted class"}


def facts_of(version: Version) -> list[Fact]:
    """Of a version of any origin; what nobody told is left out."""
    facts: list[Fact] = []
    if version.reading is not None:
        facts = facts_of_reading(version.reading)
    elif version.checkpoint:
        facts = _of_checkpoint(version.checkpoint)
    if version.predictions is not None:
        facts += _of_predictions(version.predictions, has_weights=bool(facts))
    return facts


def facts_of_reading(reading: Reading) -> list[Fact]:
    """What was found in a file from elsewhere."""
    names, images = reading.class_names, reading.preprocessing
    facts = [
        ("File", one_sentence(reading.path, 400)),
        ("Container", f"{reading.container}, {file_size(reading.bytes)}"),
    ]
    if reading.candidates and "architecture" not in reading.needs:
        first = reading.candidates[0]
        facts.append(("Architecture", _architecture(first.arch, first.small_stem)))
    facts.append(("Parameters", f"{reading.parameters:,} in {count(reading.tensors, 'tensor')}"))
    if names:
        facts.append(("Classes", f"{_listed(names)}{_from(reading.class_names_from)}"))
    if images:
        facts.append(("Images", f"{preprocessing_sentence(images)}{_from(reading.preprocessing_from)}"))
    if reading.notes:
        facts.append(("Notes", "\n".join(one_sentence(note, 300) for note in reading.notes)))
    return [*facts, ("SHA-256", reading.sha256)]


def _of_checkpoint(path: str) -> list[Fact]:
    try:
        found = read_checkpoint(Path(path))
    except UserError as error:
        return [("File", one_sentence(path, 400)), ("Problem", str(error))]
    made_from = [("Made from", one_sentence(found.source, 300))] if found.source else []
    return [("File", one_sentence(path, 400)), *made_from, *_of_header(found)]


def _of_header(found: Checkpoint) -> list[Fact]:
    facts = [
        ("Container", "ONNX, ours" if found.architecture == "onnx" else "safetensors, ours"),
        ("Architecture", _architecture(found.architecture, found.small_stem)),
        ("Classes", f"{_listed(found.class_names)}{_from('its header')}"),
        ("Images", f"{preprocessing_sentence(found.preprocessing)}{_from('its header')}"),
    ]
    if found.method:
        facts.insert(2, ("Method", plain_name(found.method)))
    return [*facts, ("Notes", "\n".join(one_sentence(note, 300) for note in found.notes))] if found.notes else facts


def _of_predictions(found: Predictions, *, has_weights: bool) -> list[Fact]:
    facts = [("Answers", f"{count(len(found), 'sample')}; {_SCORES[found.scores]}")]
    if found.data:
        facts.append(("Data", one_sentence(found.data, 300)))
    if not has_weights:
        facts.append(("Classes", _listed(found.class_names)))
    if found.notes:
        facts.append(("On import", "\n".join(one_sentence(note, 300) for note in found.notes)))
    return facts


def preprocessing_sentence(values: Preprocessing) -> str:
    """In the order in which it is done."""
    size, resize = values.image_size, values.resize
    if values.crop == "squash":
        cut = f"squashed to {size}×{size}"
    elif resize:
        cut = f"shorter side to {resize}, centre {size}×{size}"
    else:
        cut = f"centre square to {size}×{size}"
    mean, std = (", ".join(f"{number:.4g}" for number in three) for three in (values.mean, values.std))
    return f"{cut}, {values.interpolation}; mean {mean}; deviation {std}"


def _architecture(name: str, small_stem: bool) -> str:
    return f"{name}, stem for small images" if small_stem else name


def _from(source: str) -> str:
    return f"\nfrom: {one_sentence(source, 120)}" if source else ""


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(one_sentence(name, 40) for name in names[:_NAMES])
    return f"{len(names):,}: {shown}{', …' if len(names) > _NAMES else ''}"


class VersionFacts(QWidget):
    """The facts as lines; a hash that can be copied, and what can be done."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._version: Version | None = None
        self._job: PoolJob | None = None
        self.title = label(wrap=True, bold=True, size=1.1)
        self.lines: dict[str, QLabel] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.change, self.export = QPushButton("Change how it is read…"), QPushButton("Export…")
        self.change.clicked.connect(lambda *_: self._version and workspace.opening.ask_anew(self._version))
        self.export.clicked.connect(lambda *_: workspace.tool_wanted.emit("export", self._version))
        buttons = QHBoxLayout()
        for button in (self.change, self.export):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = bare(QVBoxLayout(self))
        layout.addWidget(self.title)
        layout.addLayout(self._form)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def show_version(self, version: Version) -> None:
        """Show another version, or the same anew."""
        self._version = version
        self.title.setText(version.label)
        while self._form.rowCount():
            self._form.removeRow(0)
        self.lines.clear()
        for name, text in facts_of(version):
            self._add(name, text)
        if "SHA-256" not in self.lines and version.checkpoint:
            self._form.addRow(_name("SHA-256"), self._hash_button())
        self.change.setVisible(version.reading is not None)
        self.export.setVisible(bool(version.checkpoint))

    def _add(self, name: str, text: str) -> None:
        if name == "SHA-256":
            self._form.addRow(_name(name), self._hash(text))
            return
        line = self.lines[name] = _text(text)
        self._form.addRow(_name(name), line)

    def _hash(self, sha256: str) -> QWidget:
        """The first digits, all of them to copy."""
        line = self.lines["SHA-256"] = _text(f"{sha256[:_SHORT]}…")
        set_tip(line, sha256)
        copy = QToolButton()
        theme.set_icon(copy, "copy")
        copy.setToolTip("Copy all 64 digits")
        copy.setAccessibleName("Copy the SHA-256")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(sha256))
        return in_a_row(line, copy, spare=True)

    def _hash_button(self) -> QWidget:
        button = QPushButton("Compute")
        button.setAccessibleName("Compute the SHA-256")
        button.clicked.connect(lambda: self._compute(button))
        return in_a_row(button, spare=True)

    def _compute(self, button: QPushButton) -> None:
        version = self._version
        if version is None:
            return
        button.setEnabled(False)
        button.setText("Hashing …")
        self._job = PoolJob(
            f"Hashing {version.label}",
            partial(_sha256, version.checkpoint),
            partial(self._computed, version, button),
            lambda sentence, _: button.setText(sentence),
            self,
        )
        self._job.start()

    def _computed(self, version: Version, button: QPushButton, sha256: str) -> None:
        holder = button.parentWidget()
        if version is self._version and holder is not None:
            self._form.removeRow(holder)
            self._form.addRow(_name("SHA-256"), self._hash(sha256))


def _sha256(path: str) -> str:
    return read_checkpoint(Path(path)).sha256()


def _name(text: str) -> QLabel:
    made = label(text, muted=True)
    return made


def _text(text: str) -> QLabel:
    made = label(text, wrap=True)
    flags = Qt.TextInteractionFlag
    made.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
    return made


class VersionDialog(QDialog):
    """Follows its version; goes with it."""

    def __init__(self, workspace: Workspace, version: Version, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self.version = workspace, version
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"About {version.label}")
        self.resize(560, 480)
        self.facts = VersionFacts(workspace)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 16, 12)
        layout.addWidget(scrolled(self.facts))
        layout.addWidget(buttons)
        workspace.versions_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        if self.version in self._workspace.versions:
            self.facts.show_version(self.version)
        else:
            self.reject()
