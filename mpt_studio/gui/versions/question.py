"""What is this model? Asks what a file of weights does not say of itself, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QWidget

from mpt_studio.errors import one_sentence
from mpt_studio.gui.versions.about import facts_of_reading
from mpt_studio.gui.versions.architecture_field import ArchitectureField
from mpt_studio.gui.versions.class_names_field import ClassNamesField
from mpt_studio.gui.versions.preprocessing_field import PreprocessingField
from mpt_studio.gui.versions.weights_field import WeightsField
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import FormDialog
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.items import Question
from mpt_studio.reading import Choices, Need, Reading
from mpt_studio.units import count

_SENTENCE = "Only what {name} does not say of itself is asked; the answer is kept for this file."
_ANEW = "How {name} is read. What you change is kept for this file; the version is then evaluated again."

_MOST_NOTES = 6

_AS_FOUND = 2
"""How the dialog ends where its question is answered by neither choices nor their lack."""


class ModelDialog(FormDialog):
    """Prefilled with what is known and where from; ``answer`` gets the choices, or None where it is dismissed."""

    def __init__(self, question: Question, data_classes: Sequence[str], parent: QWidget | None = None) -> None:
        reading, self._question = question.reading, question
        name = one_sentence(Path(reading.path).name, 60)
        title = f"How {name} is read" if question.anew else f"What is {name}?"
        sentence = (_ANEW if question.anew else _SENTENCE).format(name=name)
        super().__init__(title, sentence, "Read it so", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(640)
        self.weights: WeightsField | None = None
        self.architecture: ArchitectureField | None = None
        self.class_names: ClassNamesField | None = None
        self.preprocessing: PreprocessingField | None = None
        self.as_found: QPushButton | None = self._add_as_found() if question.as_found is not None else None
        self._add_known(reading)
        self._add_fields(reading, data_classes)
        if question.problem:
            refused = label(question.problem, wrap=True)
            theme.mark(refused, error=True)
            self.form.insertRow(0, refused)
        self.accepted.connect(lambda: question.answer(self.choices()))
        self.rejected.connect(lambda: question.answer(None))
        self.check()

    def _add_as_found(self) -> QPushButton:
        """A way back: fields that are only emptied would keep what was said of them before."""
        button = self.buttons.addButton("As found", QDialogButtonBox.ButtonRole.ResetRole)
        set_tip(button, "Forget all that was said of this file and take it as it describes itself.")
        button.clicked.connect(self._take_as_found)
        return button

    def _take_as_found(self) -> None:
        if self._question.as_found is not None:
            self._question.as_found()
        self.done(_AS_FOUND)

    def _asks(self, what: Need) -> bool:
        reading = self._question.reading
        return what in reading.needs or (self._question.anew and (what != "weights" or reading.has_both))

    def _add_known(self, reading: Reading) -> None:
        """What was found, for what is not asked."""
        asked = {name for name, need in _FACTS.items() if self._asks(need)}
        for name, text in facts_of_reading(reading):
            if name not in asked and name not in ("Notes", "SHA-256", "File"):
                made = label(text, wrap=True, muted=True)
                self.form.addRow(name, made)
        why = [reason for need, reason in reading.reasons.items() if need in reading.needs]
        notes = [*why, *(note for note in reading.notes if note not in why)][:_MOST_NOTES]
        if notes:
            made = label("\n".join(one_sentence(note, 200) for note in notes), wrap=True, muted=True)
            self.form.addRow("Notes", made)

    def _add_fields(self, reading: Reading, data_classes: Sequence[str]) -> None:
        said = self._question.choices
        if self._asks("weights"):
            self.weights = WeightsField(said.weights)
            self.weights.changed.connect(self.check)
            self.form.addRow("Weights", self.weights)
        if self._asks("architecture"):
            known = said.arch or (reading.candidates[0].arch if self._question.anew and reading.candidates else "")
            self.architecture = ArchitectureField(reading.candidates, known)
            self.architecture.changed.connect(self.check)
            self.form.addRow("Architecture", self.architecture)
        if self._asks("class_names"):
            names = said.class_names or reading.class_names
            self.class_names = ClassNamesField(reading.classes, names, data_classes)
            self.class_names.changed.connect(self.check)
            outputs = f"Classes\n({count(reading.classes, 'output')})" if reading.classes else "Classes"
            self.form.addRow(outputs, self.class_names)
        if self._asks("preprocessing"):
            values = said.preprocessing or reading.preprocessing
            source = "what you said" if said.preprocessing else reading.preprocessing_from
            self.preprocessing = PreprocessingField(values, source)
            self.preprocessing.changed.connect(self.check)
            self.form.addRow("Images", self.preprocessing)

    def missing(self) -> str:
        fields = (self.weights, self.architecture, self.class_names, self.preprocessing)
        return next((problem for field in fields if field is not None and (problem := field.problem())), "")

    def choices(self) -> Choices:
        """What was said now, with what was said before."""
        before, reading = self._question.choices, self._question.reading
        arch, stem = self.architecture.chosen if self.architecture else (before.arch, before.small_stem)
        weights = self.weights.chosen if self.weights else before.weights
        names = self.class_names.names if self.class_names else before.class_names
        images = self.preprocessing.values if self.preprocessing else before.preprocessing
        if self._question.anew:  # what was left as it was found is no choice
            first = reading.candidates[0] if reading.candidates else None
            same = first is not None and arch == first.arch and stem in (None, first.small_stem)
            arch, stem = ("", None) if same else (arch, stem)
            names = () if names == reading.class_names else names
            images = None if images == reading.preprocessing else images
        return Choices(arch=arch, small_stem=stem, weights=weights, class_names=names, preprocessing=images)


_FACTS: dict[str, Need] = {
    "Architecture": "architecture",
    "Classes": "class_names",
    "Images": "preprocessing",
}
"""Facts that a field of the dialog takes the place of."""
