from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mpt_studio import paths
from mpt_studio.compare.figures.columns import FIGURES
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.window.help_window import GLOSSARY, HelpWindow, documents, slug
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.store import Store

pytestmark = pytest.mark.gui
TERMS = (
    "negative flip",
    "nfr",
    "relative nfr",
    "pfr",
    "btc",
    "churn",
    "γ",
    "α",
    "margin",
    "old classes",
    "noise floor",
)
VERDICTS = ("ship", "hold", "review", "too little evidence")


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> Iterator[HelpWindow]:
    theme.apply(qapp, "light")
    made = HelpWindow()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    theme.set_scheme("light")


def titles(window: HelpWindow) -> list[str]:
    return [item.text() for item in window._items() if not item.isHidden()]


def test_that_the_glossary_has_the_words_of_the_window() -> None:
    headings = re.findall(r"^###? (.+)$", documents()[0].text, re.MULTILINE)
    assert all(any(term in heading.casefold() for heading in headings) for term in TERMS)
    assert all(f"**{word}**" in documents()[0].text for word in VERDICTS)
    assert len(headings) == len(set(headings))


def test_that_figures_are_told_as_their_columns_tell_them() -> None:
    assert all(figure.help in documents()[0].text for figure in FIGURES if figure.help)


def test_that_every_page_of_the_documentation_is_there() -> None:
    assert {document.name for document in documents()} == {GLOSSARY, *(f.stem for f in paths.documents().glob("*.md"))}


def test_that_every_link_between_pages_leads_to_one() -> None:
    known = {document.name for document in documents()}
    for document in documents():
        links = re.findall(r"\]\((?!http)([^)#]+)\.md", document.text)
        assert {link.rpartition("/")[2] for link in links} <= known | {"README"}, document.name


def test_that_links_lead_to_pages_and_headings_and_back_again(window: HelpWindow) -> None:
    window.show_page("performance")
    window.follow(QUrl("images.md#decoded-once"))
    assert window.name == "images"
    assert window.page.textCursor().block().text() == "Decoded once"
    window.back.click()
    assert window.name == "performance"


def test_that_a_search_leaves_the_pages_that_say_it_and_goes_from_place_to_place(
    window: HelpWindow, qtbot: QtBot
) -> None:
    window.search.setText("churn")
    assert titles(window)[0].startswith("Glossary · ")
    assert len(titles(window)) < len(documents())
    assert window.page.textCursor().selectedText().casefold() == "churn"
    assert len(window.page.extraSelections()) > 1
    first = window.page.textCursor().position()
    qtbot.keyClick(window.search, Qt.Key.Key_Return)
    assert window.page.textCursor().position() > first
    window.search.clear()
    assert len(titles(window)) == len(documents())


def test_that_what_nobody_says_is_said_to_be_nowhere(window: HelpWindow) -> None:
    window.search.setText("xyzzy")
    assert (titles(window), window.found.text()) == ([], "0 places")


def test_that_the_menu_opens_one_window(qtbot: QtBot, store: Store) -> None:
    main = MainWindow(store)
    qtbot.addWidget(main)
    main.actions_by_id["glossary"].trigger()
    (opened,) = main.findChildren(HelpWindow)
    assert opened.name == GLOSSARY
    main.actions_by_id["documentation"].trigger()
    assert main.findChildren(HelpWindow) == [opened]
    assert opened.name == "training"
    opened.close()


def test_that_headings_are_named_as_links_name_them() -> None:
    assert slug("What is chosen, and by which rule") == "what-is-chosen-and-by-which-rule"
