"""Everything trained so far: a table of updates and searches with their runs, and what can be done with them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontMetrics, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QMessageBox,
    QPushButton,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.runs.columns import Columns
from mpt_studio.gui.runs.model import RunsModel
from mpt_studio.gui.runs.recipes_dialog import RecipesDialog, recipe_of, recipes_of
from mpt_studio.gui.runs.rows import HEADERS, NAME, NOTE, TAGS, Row, counted, filtered, named, rows_of
from mpt_studio.gui.runs.tag_button import TagButton
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.tables import fitted, of_whole_rows
from mpt_studio.gui.workspace.outcomes import DAMAGED, OUTCOMES
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe.words import differences
from mpt_studio.store import Problem
from mpt_studio.store.said import say
from mpt_studio.units import count

_RESUME_TIP = "Go on with a stopped update or search"
_CELL_SPACE = 20
"""Pixels beside a cell's text."""
_ALIVE = frozenset({"running", "paused"})


def _resume_tip(row: Row | None) -> str:
    """Runs that were trained alone are resumed where they were begun: on the command line."""
    if row is None or (row.kind == "run" and row.outcome in ("done", "stopped", *_ALIVE)):
        return _RESUME_TIP
    if row.is_job:
        return row.why_not_resumed or _RESUME_TIP
    if row.job:
        return "Part of what stands above it: select that, and resume it."
    return f"Trained alone; go on in a terminal:\nmpt-studio resume {row.id} --store {Path(row.folder).parents[1]}"


class RunsPage(Page):
    """The page Runs."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setAccessibleName("Runs")
        self.model = RunsModel(self)
        self._all: list[Row] = []
        self._problems: list[Problem] = []
        self._has_columns = False
        self._loading: PoolJob | None = None
        self._outdated = False
        self.search = finder("Find by name, tag, note, method…", "Find runs")
        self.table = self._make_table()
        self.columns = Columns(self.table)
        self.tags, self.trials = TagButton(self.search), QCheckBox("Trials of searches")
        self.buttons = self._make_buttons()
        self.foot = self.buttons["open"]
        self._empty = label(
            "Nothing has been trained here yet. Start with Try it now or with your own model.", wrap=True, muted=True
        )
        self._lay_out()
        theme.notifier().changed.connect(self._repaint)
        self._selection_changed()

    def _make_table(self) -> QTableView:
        table = of_whole_rows(QTableView(), "Runs and updates")
        table.setModel(self.model)
        table.setObjectName("runs")
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setWordWrap(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        table.verticalHeader().setDefaultSectionSize(30)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(False)
        self.model.said.connect(self._say)
        table.doubleClicked.connect(lambda _index: self.open())
        table.customContextMenuRequested.connect(self._menu)
        table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.model.modelReset.connect(self._selection_changed)
        return table

    def _make_buttons(self) -> dict[str, QPushButton]:
        made: dict[str, QPushButton] = {}
        for key, text, icon, explanation, handler in self._deeds():
            button = made[key] = QPushButton(text)
            theme.set_icon(button, icon)
            button.setToolTip(explanation)
            button.setAccessibleName(explanation)
            button.clicked.connect(lambda _=False, handler=handler: handler())
        theme.mark(made["open"], primary=True)
        theme.set_icon(made["open"], "open", "on_accent")
        return made

    def _deeds(self) -> tuple[tuple[str, str, str, str, Callable[[], None]], ...]:
        return (
            ("open", "Open", "open", "Open the versions of the selected rows", self.open),
            ("overlay", "Overlay curves", "overlay", "Show the curves on the Train page", self.overlay),
            ("resume", "Resume", "resume", _RESUME_TIP, self.resume),
            (
                "differ",
                "Compare recipes",
                "compare",
                "Select two: shows the fields in which their recipes differ",
                self.compare_recipes,
            ),
            ("duplicate", "Duplicate recipe", "duplicate", "Put this recipe into the form", self.duplicate),
            ("reveal", "Show folder", "folder", "Show the files on disk", self.reveal),
            ("delete", "Delete…", "trash", "Delete from disk", self.delete),
        )

    def _lay_out(self) -> None:
        heading = label("Runs")
        theme.mark(heading, heading=True)
        self.summary = label(muted=True)
        set_tip(self.search, "Also by data, outcome and id; tag:night finds a tag")
        self.search.setMaximumWidth(300)
        self.search.textChanged.connect(self._show)
        top = QHBoxLayout()
        for widget in (heading, self.summary):
            top.addWidget(widget)
        top.addStretch()
        self.trials.toggled.connect(self._show_trials)
        top.addWidget(self.trials)
        top.addWidget(self.tags)
        top.addWidget(self.search, 2)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        for key, button in self.buttons.items():
            row.addStretch() if key == "delete" else None
            row.addWidget(button)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 16)
        layout.setSpacing(12)
        for part in (top, self._stack, row):
            layout.addLayout(part, 1 if part is self._stack else 0)

    # Rows ---------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.table.setFocus()
        self.refresh()

    def refresh(self) -> None:
        """Read the store again, beside the window; cheap enough for every focus and every end of a run."""
        if self._loading is not None and not self._loading.is_finished:
            self._outdated = True  # it may have read already what has changed since
            return
        self._outdated = False
        store = self.workspace.store
        self._loading = PoolJob(
            "Reading runs", lambda: (rows_of(store), store.problems), self._loaded, self._failed, self
        )
        self._loading.start()

    def renew(self) -> None:
        self.refresh()

    def _failed(self, sentence: str, detail: str) -> None:
        self.workspace.message.emit("error", sentence, detail)

    def _loaded(self, found: tuple[list[Row], list[Problem]]) -> None:
        if found[1] and found[1] != self._problems:
            sentence = f"{count(len(found[1]), 'folder')} of the store cannot be read; the others are as they were."
            self.workspace.message.emit("warning", sentence, "\n".join(problem.sentence for problem in found[1]))
        self._all, self._problems = found
        self._show()
        self._fit_columns()
        if self._outdated:
            self.refresh()

    def _show(self) -> None:
        chosen = {row.id for row in self.selected()}
        shown = [row for row in self._all if self.trials.isChecked() or not row.is_trial]
        self.model.set_rows(filtered(shown, self.search.text()))
        self.trials.setVisible(any(row.is_trial for row in self._all))
        self.tags.offer(self._all)
        if self._all and not self._has_columns:
            self._has_columns = True
            self.columns.bring_back({at for row in self._all for at in (TAGS, NOTE) if row.cells[at]})
        for number, row in enumerate(self.model.rows):
            if row.id in chosen and row.id not in {r.id for r in self.selected()}:
                self.table.selectRow(number)
        self.summary.setText(" · ".join(counted(self._all)))
        self._stack.setCurrentIndex(0 if self._all else 1)

    def _show_trials(self) -> None:
        """Their names are longer than those of what is above them."""
        self._show()
        self._fit_columns()

    def _fit_columns(self) -> None:
        """No word cut off in the system's font: bold is wider, and an outcome may still become the longest one."""
        if self.search.text() or not self._has_columns:  # the others will be back
            return
        header, bold = self.table.horizontalHeader(), self.table.font()
        bold.setBold(True)
        outcomes = (f"{glyph}  {name}" for name, (glyph, _) in OUTCOMES.items())
        longest = max(map(QFontMetrics(bold).horizontalAdvance, outcomes)) + _CELL_SPACE
        needs = [max(self.table.sizeHintForColumn(each), longest * (each == 1)) for each in range(len(HEADERS))]
        shown = [not header.isSectionHidden(at) for at in range(len(HEADERS))]
        least = [header.sectionSizeHint(at) * seen for at, seen in enumerate(shown)]
        needs = [need * seen for need, seen in zip(needs, shown, strict=True)]
        self.columns.fitting.fit(fitted(needs, least, self.table.viewport().width()))

    def _repaint(self) -> None:
        self.table.viewport().update()
        theme.set_icon(self.buttons["open"], "open", "on_accent")

    def selected(self) -> list[Row]:
        """The selected rows, from the top."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self.model.rows[row] for row in rows if row < len(self.model.rows)]

    def _selection_changed(self, *_: object) -> None:
        rows = self.selected()
        one = rows[0] if len(rows) == 1 else None
        whole = [row for row in rows if row.outcome != DAMAGED]
        able = {
            "open": bool(whole),
            "overlay": bool(whole),
            "resume": one is not None and one.is_job and not one.why_not_resumed,
            "differ": len(rows) == len(whole) == 2,
            "duplicate": one is not None and one in whole,
            "reveal": one is not None,
            "delete": bool(rows),
        }
        for key, button in self.buttons.items():
            button.setEnabled(able[key])
        set_tip(self.buttons["resume"], _resume_tip(one))

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, text, _icon, _tip, handler in self._deeds():
            menu.addAction(text, handler).setEnabled(self.buttons[key].isEnabled())
        menu.addSeparator()
        one = self.selected()[0] if len(self.selected()) == 1 else None
        for column, text in ((NAME, "Rename…"), (TAGS, "Edit tags…"), (NOTE, "Write a note…")):
            edit = menu.addAction(text, partial(self.edit, column))
            edit.setEnabled(one is not None and one.outcome != DAMAGED)
        menu.popup(self.table.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self.open()
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.delete()
        else:
            super().keyPressEvent(event)

    # Deeds --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open an update's versions, or add the selected runs' versions to those that are open.

        What is being trained is opened where its curves grow; a search and its trials on the Search page.
        """
        rows = [row for row in self.selected() if row.outcome != DAMAGED]
        search = next((row for row in rows if row.kind == "search" or row.is_trial), None)
        if search is not None:
            self.workspace.show_search.emit(search.job, search.id)
            return
        alive = next((row.job for row in rows if row.job and row.outcome in _ALIVE), "")
        if alive:
            self.workspace.resume.emit(alive)
            return
        update = next((row for row in rows if row.is_job), None)
        if update is not None:
            done = self.workspace.opening.open_update(update.id)
        else:
            done = sum(self.workspace.opening.open_run(row.id) for row in rows) > 0
        if done:
            self.workspace.show_compare.emit()

    def overlay(self) -> None:
        """Show curves of the selected runs, or of all runs of the selected updates."""
        chosen = {row.id for row in self.selected()}
        runs = [r.id for r in self._all if r.kind == "run" and (r.id in chosen or r.job in chosen)]
        self.workspace.show_curves.emit(runs)

    def resume(self) -> None:
        """Go on with the selected update or search."""
        self.workspace.resume.emit(self.selected()[0].id)

    def duplicate(self) -> None:
        """Offer the selected row's recipe for a new update."""
        try:
            self.workspace.show_recipe.emit(recipe_of(self.workspace.store, self.selected()[0]))
        except UserError as error:
            self.workspace.message.emit("error", str(error), "")

    def compare_recipes(self) -> None:
        """Show what differs between the recipes of the two selected rows."""
        one, other = self.selected()
        try:
            recipes = recipes_of(self.workspace.store, one, other)
        except UserError as error:
            self.workspace.message.emit("error", str(error), "")
            return
        RecipesDialog((one.cells[NAME], other.cells[NAME]), differences(*recipes), self).open()

    def edit(self, column: int) -> None:
        """Write in a column of the selected row, in place."""
        self.columns.show(column, True)
        index = self.model.index(self.model.rows.index(self.selected()[0]), column)
        self.table.setCurrentIndex(index)
        self.table.scrollTo(index)
        self.table.edit(index)

    def _say(self, row: Row, what: str, text: str) -> None:
        try:
            say(Path(row.folder), **{what: text})
        except UserError as error:
            self.workspace.message.emit("error", str(error), "")
        self.refresh()

    def reveal(self) -> None:
        """Show the selected row's folder in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.selected()[0].folder))

    def delete(self) -> None:
        """Delete the selected rows after asking; an update or a search takes its runs along."""
        chosen = {row.id for row in self.selected()}
        doomed = [row for row in self._all if row.id in chosen or row.job in chosen]
        if doomed and not self._tells_running(doomed) and self._confirms(doomed):
            for row in sorted(doomed, key=lambda row: not row.is_job):  # these first: they may be in use
                self._delete_one(row)
            self.refresh()

    def _delete_one(self, row: Row) -> None:
        try:
            self.workspace.store.delete(row.id)
        except UserError as error:
            self.workspace.message.emit("error", str(error), "")

    def _tells_running(self, doomed: list[Row]) -> bool:
        """Whether one of them is being trained, which is said before anything is asked."""
        store = self.workspace.store
        for row in doomed:
            with contextlib.suppress(UserError):
                if store.find(row.id).is_active:
                    where = "Search" if row.is_trial or row.kind == "search" else "Train"
                    what = f"“{row.cells[NAME]}” is being trained; stop it on the {where} page before you delete it."
                    self.workspace.message.emit("warning", what, "")
                    return True
        return False

    def _confirms(self, doomed: list[Row]) -> bool:
        box = QMessageBox(QMessageBox.Icon.Warning, "Delete", f"Delete {named(doomed)} from disk?", parent=self)
        box.setInformativeText("Weights, curves and predictions are gone for good.")
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is delete
