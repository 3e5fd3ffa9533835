"""*Update my model*: looks at the data and at the deployed model, and proposes a recipe with the time it will take."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import Diagnosis
from mpt_studio.data.sources import spec_of, splits_itself
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.estimates import Estimates
from mpt_studio.gui.compute.run_on_field import RunOnField
from mpt_studio.gui.data.choosing import DataChooser
from mpt_studio.gui.data.class_picker import ClassPicker
from mpt_studio.gui.train.field_editors import StartEditor
from mpt_studio.gui.train.form_fields import flat_specs
from mpt_studio.gui.train.form_parts import section_label
from mpt_studio.gui.train.looking import Looking
from mpt_studio.gui.train.proposal import WAYS, Found, about_classes, about_data, about_way, proposed, suggested
from mpt_studio.gui.versions.about import preprocessing_sentence
from mpt_studio.gui.versions.choosing import VERSIONS
from mpt_studio.gui.versions.class_doctor import ClassDoctor
from mpt_studio.gui.versions.question import ModelDialog
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import FormDialog, PathField, dropped_paths
from mpt_studio.gui.widgets.plain import before, beside, listed, set_tip, short_spec
from mpt_studio.gui.widgets.wheel import ComboBox
from mpt_studio.gui.workspace.items import Question
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.jobs import absolute_spec
from mpt_studio.jobs.kinds import kind_of
from mpt_studio.jobs.plan import old_model_problem, plan_of
from mpt_studio.methods import shown
from mpt_studio.recipe import UpdateRecipe, preset
from mpt_studio.units import count

_REST_MS = 400
"""After the last key; then what was typed is looked at."""
_SENTENCE = "Your data with all classes, and the model that is deployed now. Both may be dropped here."


class UpdateDialog(FormDialog):
    """``recipe`` is what is proposed; ``finished`` with ``TRAIN``, ``USE`` or ``SEARCH`` says what to do with it."""

    USE, TRAIN, SEARCH = 2, 3, 4

    def __init__(self, workspace: Workspace, start: str = "", parent: QWidget | None = None) -> None:
        super().__init__("Update my model", _SENTENCE, "Train now", parent)
        self._workspace = workspace
        self.resize(1120, 680)
        self.form.setVerticalSpacing(theme.SPACE)
        self.setAcceptDrops(True)
        self.looking = Looking(workspace, self)
        self.estimates = Estimates(workspace.worker, self)
        self._shown: object = None
        """What the list of classes was made of."""
        self._suggested: object = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._make_what(start)
        self._make_found()
        self._make_proposal()
        self._arrange()
        self._connect()
        self._fit_choice()

    # ---- building ------------------------------------------------------------------------------------------------

    def _make_what(self, start: str) -> None:
        self.data = DataChooser("folder:", start)
        self.has_old = QRadioButton("I have it: weights, ONNX, or its answers to all of the images")
        self.train_old = QRadioButton("Train one first, on the classes that are ticked")
        self._either = QButtonGroup(self)
        for button in (self.has_old, self.train_old):
            self._either.addButton(button)
        self.old = PathField("old model", filters=VERSIONS, start=start)
        self.has_old.setChecked(True)
        self.form.addRow("Data", self.data)
        self.form.addRow("Old model", self.has_old)
        self.form.addRow("", self.old)
        self.form.addRow("", self.train_old)

    def _make_found(self) -> None:
        self.about_data, self.about_old, self.about_classes = _Fact(), _Fact(), _Fact()
        self.answer = QPushButton("Say it…")
        self.doctor = QPushButton("Class doctor…")
        for button in (self.answer, self.doctor):
            button.setAutoDefault(False)
            button.hide()
        self.form.addRow(section_label("What was found"))
        self.form.addRow("Data", self.about_data)
        self.form.addRow("Old model", beside(self.about_old, self.answer))
        self.form.addRow("Classes", beside(self.about_classes, self.doctor))

    def _make_proposal(self) -> None:
        self.way = ComboBox()
        self.way.setAccessibleName("Way")
        for key in WAYS:
            self.way.addItem(preset(key).title, key)
        self.why, self.about_way, self.methods, self.time = _Fact(), _Fact(), _Fact(), _Fact(3)
        self.begin = StartEditor(flat_specs(UpdateRecipe)["start.start"])
        set_tip(self.begin, flat_specs(UpdateRecipe)["start.start"].help)
        self.begin.combo.setAccessibleName("Start from")
        self.form.addRow(section_label("Proposal"))
        self.form.addRow("Way", self.way)
        self.form.addRow("", self.why)
        self.form.addRow("Start from", self.begin)
        self.form.addRow("", self.about_way)
        self.form.addRow("Trains", self.methods)
        self.form.addRow("Time", self.time)

    def _arrange(self) -> None:
        """Fields at the left, what they are about at the right."""
        self.picker = ClassPicker(self)
        self.picker.list.setMinimumWidth(360)
        self.use = self.buttons.addButton("Use this recipe", QDialogButtonBox.ButtonRole.ActionRole)
        set_tip(self.use, "Put it into the form of the Train page, to look at and to change.")
        self.search = self.buttons.addButton("Find the best update…", QDialogButtonBox.ButtonRole.ActionRole)
        set_tip(self.search, "Search for the update that breaks least: many trainings with this recipe as their base.")
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.removeItem(self.form)
        left = QVBoxLayout()
        left.addLayout(self.form)
        left.addStretch()
        columns = QHBoxLayout()
        columns.setSpacing(3 * theme.SPACE)
        columns.addLayout(left, 5)
        columns.addWidget(self.picker, 4)
        layout.insertLayout(1, columns, 1)
        self.run_on = RunOnField(self._workspace.run_on, self)
        self.run_on.setMinimumWidth(220)
        layout.insertWidget(layout.indexOf(self.buttons), self.run_on.sentence)
        layout.addWidget(beside(before("Run on", self.run_on), self.buttons))

    def _connect(self) -> None:
        for part in (self.data, self.old):
            part.changed.connect(self._rest.start)
        self._rest.timeout.connect(self._look)
        self._either.buttonToggled.connect(self._fit_choice)
        self.looking.changed.connect(self._show)
        self.looking.asked.connect(self._ask)
        self.answer.clicked.connect(lambda: self.looking.question and self._ask(self.looking.question))
        self.doctor.clicked.connect(self._open_doctor)
        self.way.activated.connect(lambda _: self._way_chosen())
        self.begin.changed.connect(self._tell)
        self.picker.changed.connect(self._tell)
        self._workspace.run_on.changed.connect(self._tell)
        self.estimates.changed.connect(self._show_time)
        self.estimates.job_started.connect(self._workspace.job_started)
        self.use.clicked.connect(lambda: self.done(self.USE))
        self.search.clicked.connect(lambda: self.done(self.SEARCH))
        self.finished.connect(self._close)

    # ---- looking -------------------------------------------------------------------------------------------------

    @Slot()
    def _fit_choice(self) -> None:
        self.old.setEnabled(self.has_old.isChecked())
        self._look()

    @Slot()
    def _look(self) -> None:
        """Look at what the fields name by now."""
        self._rest.stop()
        try:
            spec = absolute_spec(self.data.spec) if self.data.spec else ""
        except UserError:  # not written to its end
            spec = ""
        self.looking.look_at_data(spec)
        self.looking.look_at_old(self.old.path)
        self._show()

    @Slot(object)
    def _ask(self, question: Question) -> None:
        names = self.looking.dataset.class_names if self.looking.dataset is not None else ()
        ModelDialog(question, names, self).open()

    def found(self) -> Found | None:
        """What is proposed from; None while data or old model are not known."""
        looking = self.looking
        if looking.dataset is None:
            return None
        if not self.has_old.isChecked():
            return Found(looking.dataset, old_classes=self.picker.text)
        if not looking.knows_old:
            return None
        return Found(looking.dataset, looking.old, looking.answers, looking.path, diagnosis=self.diagnosis)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The old model's classes against the data's, where there is one."""
        return self.looking.diagnosis if self.has_old.isChecked() else None

    # ---- showing -------------------------------------------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        """What was seen; the proposal follows where both are known."""
        self._show_list()
        found, looking = self.found(), self.looking
        known = Found(looking.dataset) if looking.dataset is not None else None
        self.about_data.tell(about_data(known) if known is not None else looking.data_state)
        self.about_old.tell(self._old_in_words())
        self.about_classes.tell(about_classes(found) if found is not None else "")
        self.answer.setVisible(looking.question is not None and self.has_old.isChecked())
        self.doctor.setVisible(found is not None and found.diagnosis is not None and found.diagnosis.blocked)
        key = (looking.spec, looking.old, id(looking.answers)) if self.has_old.isChecked() else looking.spec
        if found is not None and key != self._suggested:
            self._suggested = key
            self._suggest(found)
        self._tell()

    def _show_list(self) -> None:
        """The classes, with words where the old model has said which it knows, with ticks where it is asked."""
        dataset, diagnosis = self.looking.dataset, self.diagnosis
        key = (id(dataset), diagnosis, self.has_old.isChecked())
        if dataset is None or key == self._shown:
            return
        self._shown = key
        if diagnosis is not None:
            self.picker.show_known(dataset, Found(dataset, diagnosis=diagnosis).known)
        elif self.has_old.isChecked():
            self.picker.show_known(dataset, None)
        else:
            self.picker.show_classes(dataset, self.picker.text)

    def _old_in_words(self) -> str:
        old, answers = self.looking.old, self.looking.answers
        if not self.has_old.isChecked():
            return "Trained first, by the same recipe."
        if answers is not None:
            classes = count(len(answers.class_names), "class", "classes")
            return f"Answers to {count(len(answers), 'image')}, {classes}; its weights are not known"
        if old is None:
            return self.looking.old_state
        classes = count(len(old.class_names), "class", "classes")
        return f"{old.architecture}, {classes}; {preprocessing_sentence(old.preprocessing)}"

    def _suggest(self, found: Found) -> None:
        way, _ = suggested(found)
        self.way.setCurrentIndex(self.way.findData(way))
        self._way_chosen()

    def _way_chosen(self) -> None:
        """Every way has a start of its own."""
        self.begin.set_value(preset(self.way.currentData()).recipe.start.start)
        self._tell()

    @Slot()
    def _tell(self) -> None:
        """The proposal in words, what is missing, and how long it will take."""
        recipe, found = self.recipe(), self.found()
        ready = recipe is not None and found is not None
        for part in (self.way, self.begin):
            part.setEnabled(found is not None)
        self.why.tell(self._why(found) if found is not None else "")
        self.about_way.tell(about_way(found, recipe) if ready and found and recipe else "")
        self.methods.tell(listed([shown(each.label) for each in plan_of(recipe)], 12) if recipe is not None else "")
        self.check()
        self._show_time()
        nowhere = self._workspace.run_on.problem()
        self.run_on.tell(nowhere)
        self.ok.setEnabled(self.ok.isEnabled() and not nowhere)
        self.use.setEnabled(ready)
        self.search.setEnabled(ready)
        self.estimates.want(recipe if not self.missing() else None)

    def _why(self, found: Found) -> str:
        way, why = suggested(found)
        chosen = self.way.currentData()
        return why if chosen == way else preset(chosen).description

    @Slot()
    def _show_time(self) -> None:
        self.time.tell(self._workspace.run_on.about_time(self.estimates.text), self.estimates.detail)

    # ---- result --------------------------------------------------------------------------------------------------

    def recipe(self) -> UpdateRecipe | None:
        """What is proposed, with what was changed of it here; None while too little is known."""
        found = self.found()
        if found is None or self.begin.problem():
            return None
        return proposed(found, str(self.way.currentData()), self.begin.value().strip())

    def origin(self) -> str:
        """What the form says of where its recipe comes from."""
        return f"{self.way.currentText()}, as proposed for {short_spec(self.looking.spec)}."

    def missing(self) -> str:
        looking = self.looking
        if not looking.spec:
            return "Choose the data: a folder of images, or a table of them."
        if self.has_old.isChecked() and not looking.path:
            return "Choose the old model, or have one trained first."
        if looking.dataset is None or (self.has_old.isChecked() and not looking.knows_old):
            return looking.data_state or looking.old_state
        if (diagnosis := self.diagnosis) is not None and diagnosis.blocked:
            return " ".join(diagnosis.problems)
        recipe = self.recipe()
        if not self.has_old.isChecked() and not self.picker.text and not splits_itself(looking.spec):
            return "Tick the classes that the old model is to know."
        return self.begin.problem() or (old_model_problem(recipe) if recipe is not None else "")

    def accept(self) -> None:
        self.done(self.TRAIN)

    # ---- beside --------------------------------------------------------------------------------------------------

    @Slot()
    def _open_doctor(self) -> None:
        dialog, doctor = QDialog(self), ClassDoctor()
        dialog.setWindowTitle("Class doctor")
        dialog.resize(900, 620)
        QVBoxLayout(dialog).addWidget(doctor)
        doctor.applied.connect(self.looking.diagnose_again)
        doctor.show_pair(self.looking.pair)
        dialog.open()

    @Slot()
    def _close(self) -> None:
        self._rest.stop()
        self.estimates.close()
        self.looking.close()
        self.picker.close_images()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        for path in dropped_paths(event.mimeData()):
            self.take(path)

    def take(self, path: Path) -> None:
        """A file or folder that was dropped: the data, or the old model."""
        try:
            kind = kind_of(path)
        except UserError as error:
            self.problem.setText(str(error))
            return
        if kind in ("images", "table"):
            self.data.set_spec(spec_of(path) or f"manifest:{path}")
        else:
            self.has_old.setChecked(True)
            self.old.edit.setText(str(path))


class _Fact(QLabel):
    """A muted sentence in a room of a fixed height: nothing moves when it comes; what is cut off is on hover."""

    def __init__(self, lines: int = 2) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        line = self.fontMetrics().lineSpacing()
        above = 3 * line // 8  # as far down as a form's layout puts what stands before it
        self.setContentsMargins(0, above, 0, 0)
        self.setFixedHeight(lines * line + above + 2)
        theme.mark(self, muted=True)

    def tell(self, text: str, more: str = "") -> None:
        """Say it; ``more`` on hover."""
        self.setText(text)
        set_tip(self, more or text)
