"""The left of the Train page: the recipe, how long it will take, and the button."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from mpt_studio import jobs
from mpt_studio.data import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.estimates import Estimates
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.compute.run_on_field import RunOnField
from mpt_studio.gui.data.class_picker import ClassPickerDialog
from mpt_studio.gui.train.form import RecipeForm
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.workspace.workspace import Workspace

_TIP_START = "Trains the old model where there is none, the reference and every method; compares them on the test part."
_TIP_QUEUED = "Waits in the queue until the running update has ended."


class RecipeSide(QWidget):
    """``start_asked`` follows the button."""

    start_asked = Signal()

    def __init__(self, workspace: Workspace, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self.queue = workspace, queue
        self._picked_from: Dataset | None = None
        """The data whose classes were last picked from a list."""
        self.form = RecipeForm(self)
        self.form.class_names_of = self._class_names_of
        self.run_on = RunOnField(workspace.run_on, self, spreads=True)
        self.estimates = Estimates(workspace.worker, self)
        self.time = ElidedLabel()
        self.time.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.time.setFixedHeight(self.time.fontMetrics().lineSpacing() + 2)  # nothing moves when it is there
        self.time.setAccessibleName("Estimated time")
        theme.mark(self.time, muted=True)
        self.start = QPushButton("Train and compare", self)
        self.start.setMinimumHeight(44)
        theme.mark(self.start, primary=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.SPACE // 2)
        column.addWidget(self.form, 1)
        column.addWidget(self.run_on.sentence)
        column.addWidget(plain.before("Run on", self.run_on))
        column.addWidget(self.time)
        column.addWidget(self.start)
        self.start.clicked.connect(self.start_asked)
        self.form.changed.connect(self.refresh)
        self.form.classes_wanted.connect(self._pick_classes)
        self.workspace.data_changed.connect(self.form.check)
        self.workspace.run_on.changed.connect(self.refresh)
        self.estimates.changed.connect(self._show_time)
        self.estimates.job_started.connect(workspace.job_started)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """The recipe, or what trains, is another one."""
        nowhere = self.workspace.run_on.problem(str(self.form.editors["training.device"].value()))
        self.run_on.tell(nowhere)
        wrong = [*self.form.problems(), *filter(None, [nowhere])]
        self.start.setEnabled(not wrong)
        self.start.setText("Train and compare next" if self.queue.is_busy else "Train and compare")
        what = _TIP_QUEUED if self.queue.is_busy else _TIP_START
        plain.set_tip(self.start, wrong[0] if wrong else f"{what} (Ctrl+Enter)")
        self.start.setShortcut("Ctrl+Return")  # a new text takes the shortcut away
        self._want_time()
        self._show_time()

    def _want_time(self) -> None:
        """Nothing is timed for nobody, nor while a training has the machine."""
        if not self.isVisible() or self.queue.is_busy:
            self.estimates.want(None)
            return
        try:
            self.estimates.want(self.form.recipe())
        except UserError:
            self.estimates.want(None)

    @Slot()
    def _show_time(self) -> None:
        self.time.setText(self.workspace.run_on.about_time(self.estimates.text))
        plain.set_tip(self.time, self.estimates.detail)

    def _class_names_of(self, spec: str) -> tuple[str, ...]:
        try:
            wanted = jobs.absolute_spec(spec)
        except UserError:  # not written to its end
            return ()
        known = (each for each in (self.workspace.dataset, self._picked_from) if each is not None)
        return next((each.class_names for each in known if each.spec == wanted), ())

    @Slot()
    def _pick_classes(self) -> None:
        spec, text = (str(self.form.editors[name].value()) for name in ("data", "old_classes"))
        try:
            dialog = ClassPickerDialog(self.workspace, jobs.absolute_spec(spec), text, self)
        except UserError as error:
            self.workspace.message.emit("error", str(error), "")
            return
        dialog.opened.connect(self.remember)
        dialog.picked.connect(self.form.editors["old_classes"].set_value)
        dialog.open()

    @Slot(object)
    def remember(self, dataset: Dataset) -> None:
        """Its classes are known to the form."""
        self._picked_from = dataset
        self.form.check()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._want_time()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._want_time()
