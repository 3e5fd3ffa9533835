"""A filter as one line of text: the search field with its completion, and filters that are kept under a name."""

from __future__ import annotations

import dataclasses
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.compare import Completion, QueryError, Vocabulary, complete, parse, to_text, vocabulary
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import caption, label, set_tip
from mpt_studio.gui.widgets.settings import JsonFile
from mpt_studio.gui.workspace.workspace import Workspace

_TYPING_MS = 350
_EXAMPLE = "Search:  truth:shirt  new:coat  margin_drop>2  id:*123*"
_COMPLETION = Qt.ItemDataRole.UserRole + 1


class SearchField(QWidget):
    """Applies what is typed once typing rests, or on Enter; shows every filter that is set elsewhere."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.edit = QLineEdit(placeholderText=_EXAMPLE, clearButtonEnabled=True)
        self.edit.setAccessibleName("Search samples")
        set_tip(self.edit, "Words, and conditions such as truth:shirt, confidence>=0.9, kind:negative; Enter applies")
        for button in self.edit.findChildren(QToolButton):
            button.setAccessibleName("Clear the search")
        self.edit.installEventFilter(self)
        self.problem = label(wrap=True)
        self.problem.setAccessibleName("Mistake in the search text")
        self.problem.hide()
        self.kept = KeptButton(workspace)
        self._rest = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._rest.timeout.connect(lambda: self.apply(points=False))
        self._make_completer()
        self._lay_out()
        self.edit.textEdited.connect(self._edited)
        self.edit.returnPressed.connect(self.apply)
        workspace.filter_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.edit, 1)
        line.addWidget(self.kept)
        column = bare(QVBoxLayout(self), spacing=theme.SPACE // 2)
        column.addLayout(line)
        column.addWidget(self.problem)

    def _make_completer(self) -> None:
        self._offers = QStandardItemModel(self)
        self.completer = QCompleter(self._offers, self)
        self.completer.setWidget(self.edit)
        self.completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer.setMaxVisibleItems(12)
        self.completer.activated[QModelIndex].connect(self._accept)  # type: ignore[index]

    # -- text and filter

    def words(self) -> Vocabulary:
        """What may be named."""
        comparison = self._workspace.comparison()
        return Vocabulary() if comparison is None else vocabulary(comparison)

    def refresh(self) -> None:
        """Show the workspace's filter, unless the text says the same already or is being typed."""
        if self._rest.isActive():
            return
        text = to_text(self._workspace.filter)
        if self._means() != text:
            self.edit.setText(text)
        self._say("")

    def _means(self) -> str | None:
        """The text as it would be written; None where it has a mistake."""
        try:
            return to_text(parse(self.edit.text(), self.words()))
        except QueryError:
            return None

    def apply(self, points: bool = True) -> None:
        """Filter by the text; at a mistake say what is wrong, and select it where the user asked with Enter."""
        self._rest.stop()
        if self._workspace.comparison() is None:
            return
        try:
            wanted = parse(self.edit.text(), self.words())
        except QueryError as error:
            self._say(str(error), asked=points)
            if points:
                self._hide_offers()
                self.edit.setSelection(error.start, max(1, error.end - error.start))
            return
        self._say("")
        if to_text(wanted) != to_text(self._workspace.filter):
            chosen = self._workspace.filter.samples  # has no words
            self._workspace.set_filter(dataclasses.replace(wanted, samples=chosen))

    def _say(self, problem: str, *, asked: bool = False) -> None:
        """A mistake is red once the user asked for the result; while typing it is a hint."""
        self.problem.setText(problem)
        self.problem.setStyleSheet(f"color: {theme.colors().wrong if asked else theme.colors().muted}")
        self.problem.setVisible(bool(problem))

    # -- completion

    def _edited(self, _text: str) -> None:
        self._rest.start()
        self._offer()

    def _offer(self) -> None:
        offers = complete(self.edit.text(), self.edit.cursorPosition(), self.words())
        self._offers.clear()
        for offer in offers:
            item = QStandardItem(f"{offer.text}    {offer.what}")
            item.setData(offer, _COMPLETION)
            self._offers.appendRow(item)
        if not offers:
            self._hide_offers()
            return
        self.completer.complete()

    def _hide_offers(self) -> None:
        popup = self.completer.popup()
        if popup is not None:
            popup.hide()

    def _accept(self, index: QModelIndex) -> None:
        offer = index.data(_COMPLETION)
        if isinstance(offer, Completion):
            text = self.edit.text()
            self.edit.setText(f"{text[: offer.start]}{offer.text}{text[offer.end :]}")
            self.edit.setCursorPosition(offer.start + len(offer.text))
            self._rest.start()
            if offer.text.endswith((":", ">")):  # a key: its values are next
                QTimer.singleShot(0, self, self._offer)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self._leave()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Space) and self._asks(event):
                self._offer()
                return True
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut and self._rest.isActive():
            self.apply(points=False)
        return super().eventFilter(watched, event)

    @staticmethod
    def _asks(event: QKeyEvent) -> bool:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return event.key() == Qt.Key.Key_Down or control

    def _leave(self) -> None:
        """Back to what is filtered by, and to the page."""
        self._rest.stop()
        self.edit.setText("")
        self.refresh()
        self.edit.clearFocus()

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(QSize(320, 0))


class KeptFilters(JsonFile):
    """Name → search text, in the order they were kept."""

    def __init__(self) -> None:
        super().__init__("filters.json")

    @property
    def texts(self) -> dict[str, str]:
        """All of them; what is not text is passed over."""
        found = self.values.get("filters")
        entries = found.items() if isinstance(found, dict) else ()
        return {str(name): text for name, text in entries if isinstance(text, str)}

    def keep(self, name: str, text: str) -> None:
        """Keep a filter, in place of one of the same name."""
        self.set(filters={**self.texts, name: text})

    def remove(self, name: str) -> None:
        """Forget one."""
        self.set(filters={each: text for each, text in self.texts.items() if each != name})


class KeptButton(QToolButton):
    """A menu of the filters that were given a name."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace, self.kept = workspace, KeptFilters()
        self.setText("Filters")
        theme.set_icon(self, "filter")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.setAccessibleName("Kept filters")
        set_tip(self, "Keep this filter under a name, and use those that you kept")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_of_kept = QMenu(self)
        self.menu_of_kept.aboutToShow.connect(self.fill)
        self.setMenu(self.menu_of_kept)

    def fill(self) -> None:
        """The menu's entries, as they are now."""
        menu, text = self.menu_of_kept, to_text(self._workspace.filter)
        menu.clear()
        menu.addAction("Keep this filter…", self.ask).setEnabled(bool(text))
        menu.addSeparator()
        for name, kept in self.kept.texts.items():
            action = menu.addAction(caption(name), partial(self.use, kept))
            action.setStatusTip(kept)
            action.setCheckable(True)
            action.setChecked(kept == text)
        if self.kept.texts:
            menu.addSeparator()
            removing = menu.addMenu("Forget")
            for name in self.kept.texts:
                removing.addAction(caption(name), partial(self.kept.remove, name))

    def ask(self) -> None:
        """Ask for a name for the present filter."""
        text = to_text(self._workspace.filter)
        name, accepted = QInputDialog.getText(self, "Keep this filter", f"Name for\n{text}")
        if accepted and name.strip():
            self.kept.keep(name.strip(), text)

    def use(self, text: str) -> None:
        """Filter by a kept text, where this comparison knows all that it names."""
        comparison = self._workspace.comparison()
        if comparison is None:
            return
        try:
            self._workspace.set_filter(parse(text, vocabulary(comparison)))
        except QueryError as error:
            self._workspace.message.emit("warning", f"The kept filter does not fit here: {error}", text)
