from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets import plain
from mpt_studio.gui.widgets.plain import short_spec

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    ("spec", "text"),
    [("builtin", "Built-in characters"), ("fashion-mnist:/a", "Fashion-MNIST"), ("folder:/a/pets/", "pets")],
)
def test_that_a_spec_is_shown_for_people(spec: str, text: str) -> None:
    assert short_spec(spec) == text


def test_that_a_name_for_a_button_is_shortened_in_the_middle() -> None:
    assert plain.shortened("short", 8) == "short"
    assert plain.shortened("a_very_long_name_0042", 12) == "a_very…_0042"
    assert len(plain.shortened("x" * 99, 48)) == 48


def test_that_a_long_word_wraps_within_its_panel_and_reads_back_as_it_was(qtbot: QtBot) -> None:
    word = "a_very_long_class_name_that_goes_on_and_on_without_a_single_space_0042"
    made = plain.label(word, wrap=True)
    qtbot.addWidget(made)
    assert made.text() == word
    assert made.minimumSizeHint().width() < made.fontMetrics().horizontalAdvance(word) / 3
