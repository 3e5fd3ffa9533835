from __future__ import annotations

import dataclasses
import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets import theme

pytestmark = pytest.mark.gui


@pytest.fixture(autouse=True)
def light_again(qapp: QApplication) -> object:
    theme.apply(qapp, "light")
    yield
    theme.set_scheme("light")


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    c = QColor(color)
    channels = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (c.redF(), c.greenF(), c.blueF())]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_that_text_is_readable_in_both_schemes(colors: theme.Colors) -> None:
    for ground in (colors.panel, colors.background, colors.raised):
        assert contrast(colors.text, ground) > 7
        assert contrast(colors.muted, ground) > 4.5
    for meaning in (colors.right, colors.wrong, colors.both_wrong, colors.accent):
        assert contrast(meaning, colors.panel) > 4.4
    assert contrast(colors.on_accent, colors.accent) > 4.5


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_that_versions_stand_out_and_differ(colors: theme.Colors) -> None:
    hues = (colors.old, *colors.candidates)
    assert len(set(hues)) == len(hues)
    assert all(contrast(hue, colors.panel) > 3 for hue in hues)


def test_that_the_stylesheet_has_every_name_filled_in() -> None:
    assert re.findall(r"@\w+@", theme.stylesheet().split("*/", 1)[1]) == []


def test_that_changing_the_scheme_is_told_and_repaints(qtbot: QtBot, qapp: QApplication) -> None:
    with qtbot.waitSignal(theme.notifier().changed):
        theme.set_scheme("dark")
    assert theme.is_dark()
    assert theme.colors() is theme.DARK
    assert qapp.palette().window().color().name() == theme.DARK.background


def test_that_icons_follow_the_scheme(qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    theme.set_icon(button, "play")
    before = button.icon().pixmap(24).toImage().pixelColor(11, 12).name()
    theme.set_scheme("dark")
    after = button.icon().pixmap(24).toImage().pixelColor(11, 12).name()
    assert (before, after) == (theme.LIGHT.text, theme.DARK.text)


def test_that_a_missing_icon_is_empty() -> None:
    assert theme.icon("no such icon").isNull()


def test_that_the_old_model_has_a_hue_apart() -> None:
    assert theme.version_color(-1) == theme.colors().old
    assert theme.version_color(0) == theme.candidate(8) != theme.candidate(1)


def test_that_colors_are_hex() -> None:
    for colors in (theme.LIGHT, theme.DARK):
        for field in dataclasses.fields(colors):
            values = getattr(colors, field.name)
            for value in values if isinstance(values, tuple) else (values,):
                assert re.fullmatch(r"#[0-9a-f]{6}", value)
