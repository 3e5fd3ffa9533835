"""The Train page: the recipe, one button, and what the trainer does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget

from mpt_studio import jobs
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event
from mpt_studio.gui.beside.engine_thread import Batch
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.beside.run_queue import RunQueue
from mpt_studio.gui.charts.curve_data import RunCurves
from mpt_studio.gui.charts.curves import CurvesPanel
from mpt_studio.gui.compute.view import ComputeView
from mpt_studio.gui.train.flip_strip import FlipStrip
from mpt_studio.gui.train.recipe_side import RecipeSide
from mpt_studio.gui.train.state import UpdateState, VersionState
from mpt_studio.gui.train.status import RunStatus
from mpt_studio.gui.train.waiting import WaitingRow
from mpt_studio.gui.versions.choosing import ask_to_cancel
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.widgets.messages import ErrorPanel
from mpt_studio.gui.workspace.outcomes import title_of
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.methods import shown
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Run, Update

_FORM_WIDTH = 336
_NARROW = 1200
"""Pages up to this width fold the recipe away for whoever watches a training, for the curves."""
_ENDINGS = {
    "done": "Done: all versions are trained and compared.",
    "stopped": "Stopped early; the versions that were ready are kept.",
    "cancelled": "Cancelled; versions that were ready stay in Runs.",
    "failed": "Failed.",
    "interrupted": "Interrupted; it can be resumed.",
    "running": "Goes on in another process.",
}


class TrainPage(Page):
    """Shows the update that trains, or the last one that did."""

    update_ended = Signal(str, str)
    """Update id and outcome."""

    def __init__(self, workspace: Workspace, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self.queue = workspace, queue
        self.state: UpdateState | None = None
        self.update_id = ""
        self._outcome = ""
        self._told = 0
        self._data_spec = ""
        self._jobs: list[PoolJob] = []
        self._wanted = ""
        """An update that is to be shown as soon as it begins: somebody asked for it here."""
        self._next, self._unseen = "", list[Callable[[], None]]()
        """The update that trains while another one's curves are still looked at, and what to catch up with."""
        self._estimated: dict[str, Mapping[str, float]] = {}
        """Of updates that were started here: seconds of each version, as estimated before."""
        self._build()
        self._connect()
        if queue.current:
            self._begin(queue.current)

    # ---- building ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.left = RecipeSide(self.workspace, self.queue, self)
        self.left.setMinimumWidth(250)
        self.form, self.start, self.foot = self.left.form, self.left.start, self.left.start
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.addWidget(self.left)
        self.splitter.addWidget(self._right())
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setCollapsible(1, False)
        self.splitter.setSizes([_FORM_WIDTH, 800])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def _right(self) -> QWidget:
        right = QWidget(self)
        self.errors, self.status, self.compute = ErrorPanel(right), RunStatus(right), ComputeView(right)
        self.status.hide()
        self.waiting, self.curves = WaitingRow(self.workspace.store, right), CurvesPanel(right)
        self.strip = FlipStrip(right)
        self.strip.hide()
        self.recipe_button = QToolButton(right)
        self.recipe_button.setText("Recipe")
        theme.set_icon(self.recipe_button, "edit")
        self.recipe_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.recipe_button.setCheckable(True)
        self.recipe_button.setChecked(True)
        plain.set_tip(self.recipe_button, "Show or fold away the recipe")
        QWidget.setTabOrder(self.start, self.recipe_button)
        self.curves.add_tool(self.recipe_button)
        column = QVBoxLayout(right)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.SPACE)
        for widget in (self.errors, self.status, self.compute, self.waiting):
            column.addWidget(widget)
        column.addWidget(self.curves, 1)
        column.addWidget(self.strip)
        return right

    def _connect(self) -> None:
        self.left.start_asked.connect(self._start_clicked)
        self.recipe_button.toggled.connect(self.left.setVisible)
        self.status.pause_asked.connect(lambda: self._ask(self.queue.pause, "Pausing…"))
        self.status.go_on_asked.connect(lambda: self._ask(self.queue.go_on, "Going on…"))
        self.status.stop_asked.connect(lambda: self._ask(self.queue.stop_and_keep, "Stopping…"))
        self.status.cancel_asked.connect(self._cancel)
        self.status.resume_asked.connect(lambda: self.resume(self.update_id))
        self.curves.failed.connect(lambda sentence: self.errors.tell("error", sentence))
        self.queue.started.connect(self._begin)
        self.queue.events.connect(self._take)
        self.queue.ended.connect(self._end)
        self.queue.changed.connect(self._show_waiting)
        self.queue.computed.connect(self._refresh_status)
        self.waiting.show_asked.connect(self._show_next)
        self.waiting.removed.connect(self.queue.remove)
        self.workspace.data_changed.connect(self._offer_dataset)
        theme.notifier().changed.connect(self._refresh_status)

    # ---- starting ----------------------------------------------------------------------------------------------

    @Slot()
    def _start_clicked(self) -> None:
        try:
            recipe = self.form.recipe()
        except UserError as error:
            self.errors.tell("error", str(error))
            return
        self.start_update(recipe)

    def start_update(self, recipe: UpdateRecipe, title: str = "") -> str:
        """Check the recipe, put the update on disk and line it up; its id, or "" (the page says why)."""
        try:
            self.workspace.run_on.check(recipe.training.device)
            update = jobs.start_update(self.workspace.store, recipe, title)
            self.errors.hide()
            self._estimated[update.id] = self.left.estimates.versions_of(recipe)
            self._add(update.id)
        except UserError as error:
            self.errors.tell("error", str(error))
            return ""
        return update.id

    def _add(self, update_id: str) -> None:
        self._wanted = update_id
        try:
            self.queue.add(update_id)
        finally:
            self._wanted = ""

    def watch(self) -> None:
        """Fold the recipe away where room is short: for whoever comes to see what trains, and never below a hand."""
        if self.width() < _NARROW:
            self.recipe_button.setChecked(False)

    def show_recipe(self, recipe: UpdateRecipe, origin: str = "") -> None:
        """Put a recipe, such as a duplicated one, into the form."""
        self.form.set_recipe(recipe, origin)
        self.recipe_button.setChecked(True)

    def resume(self, update_id: str) -> None:
        """Go on with an interrupted update."""
        if update_id == self._next:
            self._show_next()
            return
        try:
            self.errors.hide()
            self.workspace.run_on.check()
            self._add(update_id)
        except UserError as error:
            self.errors.tell("error", str(error))

    @Slot()
    def _cancel(self) -> None:
        """It throws work away, so it asks; *Stop and keep* does not."""
        version = self.state.current if self.state is not None else None
        if ask_to_cancel(self, self.status.title, version.name if version is not None else ""):
            self._ask(self.queue.cancel, "Cancelling…")

    def _ask(self, what: Callable[[], None], words: str) -> None:
        try:
            what()
            self.status.tell_wish(words)
        except UserError as error:
            self.errors.tell("error", str(error))

    # ---- following ---------------------------------------------------------------------------------------------

    @Slot(str)
    def _begin(self, update_id: str) -> None:
        """Show an update that begins; where another one's curves are looked at, offer it instead."""
        if self.workspace.store.is_search(update_id):  # it has a page of its own
            self.left.refresh()
            return
        another = self.state is not None and update_id != self.update_id
        self._next, self._unseen = (update_id if another and self.isVisible() and update_id != self._wanted else ""), []
        if not self._next:
            self._show(update_id)

    @Slot()
    def _show_next(self) -> None:
        """Go over to the update that trains by now, with all that it has told."""
        update_id, unseen, self._next, self._unseen = self._next, self._unseen, "", []
        self._show(update_id)
        for told in unseen:
            told()
        self._show_waiting()

    def _show(self, update_id: str) -> None:
        try:
            update = self.workspace.store.update(update_id)
        except UserError as error:
            self.errors.tell("error", str(error))
            return
        self._show_fresh(update)
        self.curves.set_empty("The first points come in a few seconds.")
        self.status.offer_resume(False)
        self._refresh_status()
        self.left.refresh()

    def _show_fresh(self, update: Update) -> None:
        self.update_id, self._told = update.id, 0
        self.state = UpdateState(update.recipe, estimate=self._estimated.get(update.id, {}))
        self._data_spec, self._outcome = update.recipe.data, ""
        self.errors.hide()  # what it says is in the log
        self.curves.clear()
        self.strip.clear()
        self.strip.show()
        self.status.show_title(title_of(update))
        self.status.show()

    @Slot(str, object)
    def _take(self, update_id: str, batch: Batch) -> None:
        if update_id == self._next:
            self._unseen.append(partial(self._take, update_id, batch))
        elif update_id == self.update_id and self.state is not None:
            self._feed(batch)
            self._refresh_status()

    def _feed(self, batch: Batch) -> None:
        """A batch goes to the state, the curves and the strip; curves get each run's events together."""
        assert self.state is not None
        for run, group in groupby(batch, key=lambda item: item[0]):
            events = [event for _, event in group]
            for event in events:
                version = self.state.feed(run, event)
                if version is not None:
                    self._add_curves(version)
            if run and run in self.curves.run_ids:
                self.curves.feed(run, events)
                self._show_flips(run, events)
        self._tell_notes()

    def _add_curves(self, version: VersionState) -> None:
        if version.role != "ensemble":
            self.curves.add_run(version.run, version.name, version.color)

    def _show_flips(self, run: str, events: list[Event]) -> None:
        epochs = [event for event in events if isinstance(event, Epoch)]
        assert self.state is not None
        version = self.state.version_of.get(run)
        if not epochs or version is None or version.role == "old":
            return
        rates = epochs[-1].validation.get("old_classes") or {}
        self._offer_dataset()
        counts = rates.get("negative_flips"), rates.get("samples")
        self.strip.show_flips(version.name, epochs[-1].epoch, rates.get("nfr"), epochs[-1].flipped, *counts)

    def _tell_notes(self) -> None:
        assert self.state is not None
        for note in self.state.notes[self._told :]:
            self.errors.tell(note.level, note.text, note.detail)
        self._told = len(self.state.notes)
        if not self.state.waits and self.errors.sentence.text() == self.state.refused:
            self.errors.hide()  # the disk takes it again

    @Slot()
    def _refresh_status(self) -> None:
        if self.state is not None:
            active = self.queue.current == self.update_id
            self.status.show_state(self.state, active, self._outcome if not active else "")
            self.compute.show_compute(self.queue.compute if active else None, self.state.told_of)

    @Slot(str, str, str, str)
    def _end(self, update_id: str, outcome: str, message: str, detail: str) -> None:
        if update_id == self._next:
            self._unseen.append(partial(self._end, update_id, outcome, message, detail))
        if update_id != self.update_id or self.state is None:
            return
        self.state.end(outcome)
        self._outcome = _ENDINGS.get(outcome, outcome)
        self.status.offer_resume(outcome in ("interrupted", "failed", "stopped") and self._can_resume(update_id))
        self._refresh_status()
        self.left.refresh()
        if outcome == "failed" and not self._has_told(message):
            self.errors.tell("error", message or "The update failed.", detail)
        elif outcome == "interrupted" and message:
            self.errors.tell("warning", message, detail)
        self.update_ended.emit(update_id, outcome)

    def _can_resume(self, update_id: str) -> bool:
        store = self.workspace.store
        try:
            update = store.update(update_id)
        except UserError:
            return False
        return not jobs.why_not_resumed(update, {run.id: run for run in store.runs()})

    def _has_told(self, message: str) -> bool:
        """Whether the trainer itself has told this error, with its trace."""
        notes = self.state.notes if self.state else []
        return any(note.level == "error" and note.text == message for note in notes)

    # ---- earlier runs ------------------------------------------------------------------------------------------

    def overlay(self, run_id: str) -> None:
        """Draw an earlier run behind the others."""
        if run_id in self.curves.run_ids:
            return

        def read() -> tuple[Run, RunCurves]:
            run = self.workspace.store.run(run_id)
            return run, RunCurves(run.events())

        self._in_background("Reading curves", read, self._add_overlay)

    def _add_overlay(self, found: tuple[Run, RunCurves]) -> None:
        run, curves = found
        self.curves.add_run(run.id, shown(run.title), len(self.curves.run_ids), curves, overlay=True)

    @Slot()
    def _offer_dataset(self) -> None:
        """Give the strip its images: the window's data if they are the update's, else opened beside them."""
        dataset = self.workspace.dataset
        if dataset is not None and dataset.spec == self._data_spec:
            self.strip.set_dataset(dataset)
        elif self._data_spec and self._data_spec != self.strip.spec and not self._jobs:
            spec = self._data_spec  # the trainer has decoded them already, so that this is quick
            self._in_background("Opening the data", lambda: open_dataset(spec), self._data_opened)

    def _data_opened(self, dataset: Dataset) -> None:
        if dataset.spec == self._data_spec:
            self.strip.set_dataset(dataset)

    def _in_background(self, title: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        job = PoolJob(title, work, then, lambda text, detail: self.errors.tell("error", text, detail), self)
        self._jobs.append(job)
        job.finished.connect(lambda: self._jobs.remove(job))
        job.start()

    # ---- queue and layout --------------------------------------------------------------------------------------

    @Slot()
    def _show_waiting(self) -> None:
        self.waiting.show_queue(self._next, self.queue.waiting)
        self.left.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._next and not event.spontaneous():  # nobody looks at those curves any more
            self._show_next()

    @Slot()
    def refit(self) -> None:
        """Fit the curves to their data (the window's Ctrl+R)."""
        self.curves.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() < 0 and self.queue.is_busy:
            self.watch()

    def close_page(self) -> None:
        """Stop what decodes images; the window calls it before it goes."""
        for job in list(self._jobs):
            job.cancel()
        self.left.estimates.close()
        self.strip.close_images()
