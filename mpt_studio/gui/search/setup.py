"""A search before it begins: which update it is for, its limits, its budget, what it varies, how long it will take."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from mpt_studio.errors import UserError
from mpt_studio.gui.beside.estimates import Estimates
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.compute.run_on_field import RunOnField
from mpt_studio.gui.search.expected import expected_words
from mpt_studio.gui.search.space_form import SpaceForm
from mpt_studio.gui.train.field_editors import Editor
from mpt_studio.gui.train.form_fields import built, flat_specs
from mpt_studio.gui.train.form_parts import FieldRow, editor_for, section_label
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import in_a_row
from mpt_studio.gui.widgets.plain import before, label, listed, set_tip, short_spec
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.methods import label_of, shown
from mpt_studio.recipe import UpdateRecipe, checked, to_json
from mpt_studio.recipe.search import SearchRecipe, Space
from mpt_studio.recipe.words import flat
from mpt_studio.units import count

REST_MS = 1000
"""After the last change; then the worker is asked what the old model can serve."""
_WIDEST = 1280
"""Pixels: on a wider screen fields would be far from what they are for."""
_SECTIONS = (
    ("Limits, against plain training", ("limits.max_accuracy_drop", "limits.max_new_accuracy_drop")),
    ("Budget", ("budget.trials", "budget.hours", "budget.stop_below", "budget.jobs")),
    ("In the end", ("budget.finalists", "budget.finalist_seeds", "budget.control")),
    ("Chance", ("update.training.seed",)),
)
_FREE = (
    "γ (the logit offset) and α (the old model's share of the weights) cost no training: they are not searched, every "
    "trial is judged over all of them. Plain training with its best γ is the line to beat; where nothing beats it, the "
    "search says so."
)


class SearchSetup(QWidget):
    """``start_asked`` carries a ``SearchRecipe``."""

    start_asked = Signal(object)

    def __init__(self, workspace: Workspace, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._queue = workspace, queue
        self.base: UpdateRecipe | None = None
        self._why = "Choose a recipe first."
        self._refusal, self._described = "", SearchRecipe()
        self.editors: dict[str, Editor] = {}
        self.rows: dict[str, FieldRow] = {}
        self.space, self.run_on = SpaceForm(), RunOnField(workspace.run_on)
        self.estimates = Estimates(workspace.worker, self)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._describe)
        self._lay_out()
        self._show_defaults()
        self.space.changed.connect(self.check)
        workspace.run_on.changed.connect(self.check)
        self.estimates.changed.connect(self._show_time)
        self.estimates.job_started.connect(workspace.job_started)
        self.start.clicked.connect(self._start)

    # ---- building ----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        columns = QWidget()
        columns.setProperty("plain", True)
        across = QHBoxLayout(columns)
        across.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        across.setSpacing(4 * theme.SPACE)
        for make, share in ((self._asked, 4), (self._varied, 5)):
            column = QVBoxLayout()
            column.setSpacing(theme.SPACE)
            make(column)
            column.addStretch(1)
            across.addLayout(column, share)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFocusPolicy(scroll.focusPolicy().NoFocus)
        scroll.setWidget(columns)
        body, aside = QWidget(), QHBoxLayout(self)
        body.setMaximumWidth(_WIDEST)
        aside.setContentsMargins(0, 0, 0, 0)
        aside.addWidget(body, 1000)
        aside.addStretch(1)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(scroll, 1)
        layout.addWidget(label(_FREE, wrap=True))
        layout.addWidget(self._foot())

    def _asked(self, column: QVBoxLayout) -> None:
        self.about, change = label(wrap=True), QPushButton("Change the recipe…")
        set_tip(change, "On the Train page; what stands in its form is what a search varies")
        change.clicked.connect(self._workspace.edit_recipe)
        column.addWidget(section_label("The update that it is for"))
        column.addWidget(self.about)
        column.addWidget(in_a_row(change, spare=True))
        specs = flat_specs(SearchRecipe)
        for title, names in _SECTIONS:
            grid = QGridLayout()
            grid.setColumnMinimumWidth(0, 190)
            grid.setColumnStretch(2, 1)
            grid.setVerticalSpacing(theme.SPACE // 2)
            for name in names:
                self.editors[name] = editor = editor_for(name, specs[name], self)
                self.rows[name] = FieldRow(name, specs[name], editor, grid)
                self.rows[name].reset.clicked.connect(lambda _=False, n=name: self._reset(n))
                editor.changed.connect(self.check)
            column.addSpacing(theme.SPACE // 2)
            column.addWidget(section_label(title))
            column.addLayout(grid)

    def _varied(self, column: QVBoxLayout) -> None:
        column.addWidget(section_label("What is varied"))
        column.addWidget(self.space)

    def _foot(self) -> QWidget:
        self.time, self.problem = label(wrap=True), label(wrap=True)
        self.time.setMinimumHeight(self.fontMetrics().lineSpacing() + 2)
        self.problem.setMinimumHeight(self.fontMetrics().lineSpacing() + 2)  # nothing moves when it is there
        self.time.setAccessibleName("Expected time")
        theme.mark(self.time, muted=True)
        theme.mark(self.problem, error=True)
        self.start = QPushButton("Find the best update")
        self.start.setMinimumSize(220, 44)
        theme.mark(self.start, primary=True)
        words, foot = QWidget(), QWidget()
        column, row = QVBoxLayout(words), QHBoxLayout(foot)
        for layout in (column, row):
            layout.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.time)
        column.addWidget(self.problem)
        column.addWidget(self.run_on.sentence)
        row.addWidget(words, 1)
        row.addWidget(before("Run on", self.run_on))
        self.run_on.setMinimumWidth(220)
        row.addWidget(self.start)
        return foot

    # ---- value -------------------------------------------------------------------------------------------------

    def base_on(self, update: UpdateRecipe | None, why: str = "") -> None:
        """The update that a search is for; None, and why, where the form of the Train page holds none."""
        if update == self.base and why == self._why:
            return
        fresh = update is not None and (self.base is None or self.base.training.seed != update.training.seed)
        self.base, self._why = update, why
        self.about.setText(_about(update) if update is not None else why)
        if update is not None:
            self.space.base_on(update)
            if fresh:
                self.editors["update.training.seed"].set_value(update.training.seed)
        self.check()

    def recipe(self) -> SearchRecipe:
        """What the form says. Raises ``UserError`` with the first thing that will not do."""
        wrong = [row.problem() for row in self.rows.values()]
        update = self.base
        if update is None or any(wrong):
            raise UserError(next(filter(None, wrong), "") if update is not None else self._why)
        if problem := self.space.problem(update):
            raise UserError(problem)
        values = {name: editor.value() for name, editor in self.editors.items()}
        seed = values.pop("update.training.seed")
        training = dataclasses.replace(update.training, seed=seed)
        update = dataclasses.replace(update, training=training, noise_floor=False)
        whole = flat(SearchRecipe(update=update, space=self.space.space)) | values
        made: SearchRecipe = built(SearchRecipe, whole)
        return checked(made)

    def _show_defaults(self) -> None:
        for name, value in flat(SearchRecipe()).items():
            if name in self.editors:
                self.editors[name].set_value(value)

    def _default(self, name: str) -> Any:
        base = SearchRecipe(update=self.base) if self.base is not None else SearchRecipe()
        return flat(base)[name]

    def _reset(self, name: str) -> None:
        self.editors[name].set_value(self._default(name))
        self.editors[name].setFocus()

    def check(self) -> None:
        """Mark what will not do, and ask what follows from the rest."""
        for name, row in self.rows.items():
            row.show_state(bool(self.editors[name].problem()) or self.editors[name].value() != self._default(name))
        try:
            recipe: SearchRecipe | None = self.recipe()
            problem = self._refusal
        except UserError as error:
            recipe, problem = None, str(error)
        nowhere = self._workspace.run_on.problem(searches=True)
        self.run_on.tell(nowhere)
        self.problem.setText(problem)
        self.start.setEnabled(not (problem or nowhere))
        self.start.setText("Find the best update next" if self._queue.is_busy else "Find the best update")
        self._ask_about(recipe)
        self._show_time()

    def _ask_about(self, recipe: SearchRecipe | None) -> None:
        """Nothing is timed for nobody, nor while a training has the machine."""
        seen, busy = recipe is not None and self.isVisible(), self._queue.is_busy
        self.estimates.want(recipe.update if recipe is not None and seen and not busy else None)
        self._rest.stop()
        if recipe is not None and seen and self._asked_for(recipe) != self._described:
            self._rest.start()

    def _start(self) -> None:
        self.start_asked.emit(self.recipe())

    # ---- beside ------------------------------------------------------------------------------------------------

    @staticmethod
    def _asked_for(recipe: SearchRecipe) -> SearchRecipe:
        """With everything in the space: what of it can be is the question."""
        return dataclasses.replace(recipe, space=Space())

    def _describe(self) -> None:
        worker = self._workspace.worker
        try:
            asked = self._asked_for(self.recipe())
        except UserError:
            return
        if worker is None:
            return
        self._described = asked
        request = worker.request(
            "describe_search",
            {"recipe": to_json(asked)},
            on_result=self._take,
            on_error=lambda sentence, _: self._take_refusal(sentence),
            title="Looking at what can be searched",
            latest="describe_search",
        )
        self._workspace.job_started.emit(request)

    def _take(self, described: dict[str, Any]) -> None:
        self._refusal = ""
        self.space.allow(described)
        self.check()

    def _take_refusal(self, sentence: str) -> None:
        self._refusal = sentence
        self.check()

    def _show_time(self) -> None:
        estimate = self.estimates.current
        try:
            text = expected_words(self.recipe(), estimate.versions, estimate.device) if estimate is not None else ""
        except UserError:
            text = ""
        self.time.setText(self._workspace.run_on.about_time(text or self.estimates.text))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.check()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.check()

    def close_setup(self) -> None:
        """Nothing is asked any more."""
        self._rest.stop()
        self.estimates.close()


def _first(update: UpdateRecipe) -> list[str]:
    return [shown(label_of(method)) for method in update.candidate_methods()[1:]] or [shown("No_Treatment")]


def _about(update: UpdateRecipe) -> str:
    old = f"old model {short_spec(f'file:{update.old}')}" if update.old else "an old model that is trained first"
    training = update.training
    images = f", {count(training.limit_train, 'training image')}" if training.limit_train else ""
    return (
        f"{short_spec(update.data)}; {old}; {update.model.arch}, {count(training.epochs, 'epoch')}{images}. "
        f"The first trials are its methods: {listed(_first(update), 8)}."
    )
