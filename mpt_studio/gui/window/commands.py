"""What the actions of the window do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMainWindow, QMessageBox

from mpt_studio import __version__, paths, recipe
from mpt_studio.errors import UserError
from mpt_studio.gui.decide.tools import DecideTools
from mpt_studio.gui.train.update_dialog import UpdateDialog
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.window.decoded_dialog import DecodedDialog
from mpt_studio.gui.window.docks import Docks
from mpt_studio.gui.window.exports import Exports
from mpt_studio.gui.window.files import Files
from mpt_studio.gui.window.pages import FLIPS, SEARCH, TRAIN, Pages
from mpt_studio.gui.window.shortcut_sheet import ShortcutSheet
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.recipe import UpdateRecipe

if TYPE_CHECKING:
    from mpt_studio.gui.window.help_window import HelpWindow


class Commands(QObject):
    """Knows the parts of the window; nothing here knows which key or menu asks for it."""

    def __init__(self, window: QMainWindow, workspace: Workspace, files: Files, pages: Pages, docks: Docks) -> None:
        super().__init__(window)
        self.window, self.workspace, self.files, self.pages, self.docks = window, workspace, files, pages, docks
        self._help: HelpWindow | None = None
        self.exports = Exports(window, workspace, files.settings)
        self.decide = DecideTools(window, workspace)
        workspace.show_recipe.connect(self.show_recipe)
        workspace.show_curves.connect(self.show_curves)
        workspace.resume.connect(self.resume)
        workspace.show_search.connect(self.show_search)
        workspace.edit_recipe.connect(self.edit_recipe)
        pages.changed.connect(self._base_search)

    # Updates ------------------------------------------------------------------------------------------------------

    def try_now(self) -> None:
        """Train on the built-in data, no questions."""
        preset = recipe.preset("try-it-now")
        self.pages.show_page(TRAIN.key)
        self.pages[TRAIN].watch()
        self.pages[TRAIN].start_update(preset.recipe, preset.title)

    def update_model(self) -> None:
        """Ask for data and old model, and propose a recipe: to train at once, or to go on with in the form."""
        dialog = UpdateDialog(self.workspace, self.files.settings.folder(), self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(lambda how: self._take_proposal(dialog, how))
        dialog.open()

    def _take_proposal(self, dialog: UpdateDialog, how: int) -> None:
        chosen = dialog.recipe()
        if chosen is None or how not in (UpdateDialog.USE, UpdateDialog.TRAIN, UpdateDialog.SEARCH):
            return
        if dialog.looking.dataset is not None:
            self.pages[TRAIN].left.remember(dialog.looking.dataset)
        self.pages[TRAIN].left.estimates.learn(dialog.estimates)
        self.pages.show_page(TRAIN.key)
        self.pages[TRAIN].show_recipe(chosen, dialog.origin())
        if how == UpdateDialog.SEARCH:
            self.find_best()
        elif how == UpdateDialog.TRAIN:
            self.pages[TRAIN].watch()
            self.pages[TRAIN].start_update(chosen)

    def find_best(self) -> None:
        """Set up a search for the update that stands in the form of the Train page."""
        self.pages[SEARCH].set_up()
        self.pages.show_page(SEARCH.key)

    @Slot(str, str)
    def show_search(self, search_id: str, run: str = "") -> None:
        """A search, and in it the trial of a run."""
        self.pages[SEARCH].show_search(search_id, run)
        self.pages.show_page(SEARCH.key)

    @Slot()
    def _base_search(self) -> None:
        """What a new search is for is told in one place only: the form of the Train page."""
        if self.pages.key != SEARCH.key:
            return
        try:
            self.pages[SEARCH].base_on(self.pages[TRAIN].form.recipe())
        except UserError as error:
            self.pages[SEARCH].base_on(None, f"The recipe on the Train page will not do yet: {error}")

    @Slot()
    def edit_recipe(self) -> None:
        """Go to the form."""
        self.pages.show_page(TRAIN.key)
        self.pages[TRAIN].recipe_button.setChecked(True)

    @Slot(object)
    def show_recipe(self, chosen: UpdateRecipe) -> None:
        """Offer a recipe for a new update."""
        self.pages.show_page(TRAIN.key)
        self.pages[TRAIN].show_recipe(chosen)

    @Slot(object)
    def show_curves(self, runs: list[str]) -> None:
        """Lay the curves of earlier runs over those on show."""
        self.pages.show_page(TRAIN.key)
        for run in runs:
            self.pages[TRAIN].overlay(run)

    @Slot(str)
    def resume(self, update_id: str) -> None:
        """Go on with an update or a search."""
        if self.workspace.store.is_search(update_id):
            self.show_search(update_id)
            self.pages[SEARCH].resume()
            return
        self.pages.show_page(TRAIN.key)
        self.pages[TRAIN].watch()
        self.pages[TRAIN].resume(update_id)

    # Versions and samples -----------------------------------------------------------------------------------------

    def step_candidate(self, by: int) -> None:
        """Put the next (1) or the previous (−1) candidate on show, round the end."""
        keys = [version.key for version in self.workspace.candidates]
        if self.workspace.current is not None:
            self.workspace.set_current(keys[(keys.index(self.workspace.current.key) + by) % len(keys)])

    def swap_versions(self) -> None:
        """Make the candidate on show the old model, and the old model the candidate on show."""
        if self.workspace.current is not None:
            self.workspace.set_old(self.workspace.current.key)

    def search_samples(self) -> None:
        """Go to the search field."""
        self.pages.show_page(FLIPS.key)
        self.pages[FLIPS].search.edit.setFocus()

    # The window ---------------------------------------------------------------------------------------------------

    def toggle_full_screen(self) -> None:
        """Full screen and back."""
        self.window.setWindowState(self.window.windowState() ^ self.window.windowState().WindowFullScreen)

    def set_scheme(self, scheme: theme.Scheme) -> None:
        """Light, dark, or as the system; remembered."""
        self.files.settings.scheme = scheme
        theme.set_scheme(scheme)

    def set_reopens(self) -> None:
        """Whether the next start brings back what is open."""
        self.files.settings.reopens = not self.files.settings.reopens

    def show_shortcuts(self) -> None:
        """The sheet of all keys."""
        ShortcutSheet(self.window).exec()

    def show_decoded(self) -> None:
        """What decoded images and features take of the disk, to be set and deleted."""
        DecodedDialog(self.window).open()

    def show_help(self, page: str = "glossary") -> None:
        """The glossary and the documentation, in one window that stays open beside the work."""
        from mpt_studio.gui.window.help_window import HelpWindow

        if self._help is None:
            self._help = HelpWindow(self.window)
        self._help.show_page(page)
        self._help.show()
        self._help.raise_()
        self._help.activateWindow()

    def reveal_store(self) -> None:
        """Show the store in the file manager."""
        _reveal(self.workspace.store.root)

    def reveal_logs(self) -> None:
        """Show the log files in the file manager."""
        _reveal(paths.log_dir())

    def about(self) -> None:
        """Version and sources."""
        QMessageBox.about(
            self.window,
            "About MPT Studio",
            f"<b>MPT Studio {__version__}</b><p>Update an image classifier without breaking what it got right.</p>"
            "<p>Method: Ricci, Biondi, Pernici, Del Bimbo, AAAI 2026, arXiv 2511.08322.</p><p>Apache License 2.0</p>",
        )


def _reveal(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
