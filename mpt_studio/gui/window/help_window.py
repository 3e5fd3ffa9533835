"""The glossary and the documentation, offline: a list, a page, a search through all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QKeyEvent, QTextCharFormat, QTextCursor, QTextDocument, QTextTable
from PySide6.QtWidgets import (
    QDialog,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTextBrowser,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio import paths
from mpt_studio.compare.figures.columns import FIGURES
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import in_a_row
from mpt_studio.gui.widgets.forms import finder
from mpt_studio.gui.widgets.plain import label, tip
from mpt_studio.methods import NAMINGS, plain_name
from mpt_studio.units import count

GLOSSARY = "glossary"
_AIR = 15
"""Pixels."""
_PLACE = Qt.ItemDataRole.UserRole
_INNER = ("performance", "benchmarks", "extending", "walkthrough")
"""Pages for those who look closer stand last."""


@dataclass(frozen=True)
class Document:
    """One page of help."""

    name: str
    """Its file's, without the ending."""
    text: str
    """Markdown."""

    @property
    def title(self) -> str:
        """Its first heading, without what comes after a colon."""
        found = re.search(r"^# +(.+)$", self.text, re.MULTILINE)
        return found[1].partition(":")[0].strip() if found else self.name.capitalize()

    def hits(self, wanted: str) -> int:
        """How often it says ``wanted``, in any case."""
        return self.text.casefold().count(wanted.casefold()) if wanted else 0


def documents() -> list[Document]:
    """The glossary first, then the documentation."""
    files = sorted(paths.documents().glob("*.md"), key=lambda file: (file.stem in _INNER, file.stem))
    return [Document(GLOSSARY, _glossary()), *(Document(file.stem, file.read_text("utf-8")) for file in files)]


def _glossary() -> str:
    """What is written, with the figures and methods as the tables' tooltips tell them."""
    text = paths.resource("glossary.md").read_text("utf-8")
    figures = "\n".join(f"- **{figure.name}**: {figure.help}" for figure in FIGURES if figure.help)
    methods = "\n".join(f"- **{plain_name(name)}**: {naming.sentence}" for name, naming in NAMINGS.items())
    return f"{text}\n## Figures in the tables\n\n{figures}\n\n## Methods\n\n{methods}\n"


def slug(heading: str) -> str:
    """As links name a heading: "Decoded once" is #decoded-once."""
    return re.sub(r"[^\w\- ]", "", heading.casefold()).strip().replace(" ", "-")


class HelpWindow(QDialog):
    """Stays open beside the work; Ctrl+F searches, Enter goes to the next place, Alt+Left goes back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.resize(1000, 700)
        self.documents = {document.name: document for document in documents()}
        self.name, self._history = "", list[str]()
        self.search = finder("Search all pages", "Search the help")
        self.list, self.page = QListWidget(), QTextBrowser()
        self.found, self.back = label(muted=True), QToolButton()
        self._make()
        self._lay_out()
        for document in self.documents.values():
            item = QListWidgetItem(document.title, self.list)
            item.setData(_PLACE, document.name)
            item.setToolTip(tip(document.title))
        theme.notifier().changed.connect(self._recolor)
        self.show_page(GLOSSARY)

    def _make(self) -> None:
        self.search.textChanged.connect(self._searched)
        self.search.returnPressed.connect(self.next_hit)
        self.list.setAccessibleName("Pages of the help")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._chosen)
        self.page.setAccessibleName("Page of the help")
        self.page.setOpenLinks(False)
        self.page.anchorClicked.connect(self.follow)
        self.page.setSearchPaths([str(paths.documents())])
        self.page.document().setDocumentMargin(16)
        theme.set_icon(self.back, "previous")
        self.back.setToolTip("Back (Alt+Left)")
        self.back.setAccessibleName("Back")
        self.back.setShortcut("Alt+Left")
        self.back.clicked.connect(self.go_back)

    def _lay_out(self) -> None:
        split = QSplitter()
        split.addWidget(self.list)
        split.addWidget(self.page)
        split.setSizes([290, 700])
        split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(in_a_row(self.back, self.search, self.found))
        layout.addWidget(split, 1)
        self.search.setFocus()

    # Pages --------------------------------------------------------------------------------------------------------

    def show_page(self, name: str, heading: str = "") -> None:
        """Go to a page, and there to a heading by its slug."""
        if name not in self.documents:
            return
        if name != self.name:
            if self.name:
                self._history.append(self.name)
            self._set_page(name)
        if heading:
            self._scroll_to(heading)

    def _set_page(self, name: str) -> None:
        self.name = name
        self.page.document().setMarkdown(self.documents[name].text, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        self._loosen()
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        self.back.setEnabled(bool(self._history))
        for item in self._items():
            if item.data(_PLACE) == name and item is not self.list.currentItem():
                self.list.setCurrentItem(item)
        self._highlight()

    @Slot()
    def _recolor(self) -> None:
        """Links have the colour of the scheme in which the page was made."""
        bar = self.page.verticalScrollBar()
        place = bar.value()
        self._set_page(self.name)
        bar.setValue(place)

    def _loosen(self) -> None:
        """Air around headings and in tables, instead of lines."""
        block = self.page.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel():
                form = block.blockFormat()
                form.setTopMargin(_AIR if block.blockNumber() else 0)
                form.setBottomMargin(_AIR // 3)
                QTextCursor(block).setBlockFormat(form)
            block = block.next()
        for table in self.page.document().rootFrame().childFrames():
            if isinstance(table, QTextTable):
                shape = table.format()
                shape.setCellPadding(_AIR // 3)
                shape.setBorder(0)
                table.setFormat(shape)

    @Slot()
    def go_back(self) -> None:
        """To the page before."""
        if self._history:
            self._set_page(self._history.pop())

    def _scroll_to(self, heading: str) -> None:
        block = self.page.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == heading:
                self.page.setTextCursor(QTextCursor(self.page.document().lastBlock()))
                self.page.setTextCursor(QTextCursor(block))  # from below, so that it stands at the top
                return
            block = block.next()

    @Slot(QUrl)
    def follow(self, link: QUrl) -> None:
        """Pages and headings here; other addresses only where the user's own browser is asked for."""
        if link.scheme() in ("http", "https"):
            QDesktopServices.openUrl(link)
            return
        name = link.path().rpartition("/")[2].removesuffix(".md")
        self.show_page(name or self.name, link.fragment())

    def _items(self) -> Iterator[QListWidgetItem]:
        return (self.list.item(row) for row in range(self.list.count()))

    @Slot()
    def _chosen(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.show_page(item.data(_PLACE))

    # Search -------------------------------------------------------------------------------------------------------

    @Slot()
    def _searched(self) -> None:
        """Only pages that say it stay in the list; the page on show goes to its first place."""
        wanted, total = self.search.text().strip(), 0
        for item in self._items():
            document = self.documents[item.data(_PLACE)]
            hits = document.hits(wanted)
            total += hits
            item.setText(f"{document.title} · {hits}" if hits else document.title)
            item.setHidden(bool(wanted) and not hits)
        self.found.setText(count(total, "place") if wanted else "")
        current = self.list.currentItem()
        if wanted and current is not None and current.isHidden():
            first = next((item for item in self._items() if not item.isHidden()), None)
            if first is not None:
                self.list.setCurrentItem(first)
        self._highlight()
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        if wanted:
            self.page.find(wanted)

    @Slot()
    def next_hit(self) -> None:
        """The next place on the page, else on the next page that has one."""
        wanted = self.search.text().strip()
        if not wanted or self.page.find(wanted):
            return
        shown = [item for item in self._items() if not item.isHidden()]
        if shown:
            at = next((i for i, item in enumerate(shown) if item is self.list.currentItem()), -1)
            self.list.setCurrentItem(shown[(at + 1) % len(shown)])
            self.page.moveCursor(QTextCursor.MoveOperation.Start)
            self.page.find(wanted)

    @Slot()
    def _highlight(self) -> None:
        wanted, marks = self.search.text().strip(), []
        cursor = self.page.document().find(wanted) if wanted else QTextCursor()
        while not cursor.isNull():
            mark = QTextEdit.ExtraSelection()
            form = QTextCharFormat()
            form.setBackground(QColor(theme.wash(theme.colors().accent, lively=True)))
            mark.cursor, mark.format = cursor, form
            marks.append(mark)
            cursor = self.page.document().find(wanted, cursor)
        self.page.setExtraSelections(marks)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus()
            self.search.selectAll()
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # Enter is the search's
            super().keyPressEvent(event)
