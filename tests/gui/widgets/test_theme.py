from __future__ import annotations

import dataclasses
import re

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from mpt_studio.gui.widgets import theme

pytestmark = pytest.mark.gui


@pytest.fixture(autouse=True)
def light_again(qapp: QApplication) -> object:
    theme.apply(qapp, "light")
    yield
    theme.set_scheme("light")


READABLE = 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_every_colour_of_text_is_readable_on_whatever_text_lies_on(scheme: theme.Scheme) -> None:
    theme.set_scheme(scheme)
    c = theme.colors()
    grounds = {
        "background": c.background,
        "panel": c.panel,
        "raised": c.raised,
        "hover": theme.blend(c.raised, c.text, 0.04),
        "selected": theme.selected(),
        "row under the pointer": theme.blend(c.panel, c.text, 0.06),
    }
    texts = {"text": c.text, "muted": c.muted, "right": c.right, "wrong": c.wrong, "both wrong": c.both_wrong}
    texts |= {"accent": c.accent, "old": c.old, "noise floor": c.noise_floor}
    texts |= {f"candidate {i}": hue for i, hue in enumerate(c.candidates)}
    pairs = {f"{t} on {g}": theme.contrast(text, ground) for t, text in texts.items() for g, ground in grounds.items()}
    coats = {"right": c.right, "wrong": c.wrong, "both wrong": c.both_wrong}
    for name, hue in coats.items():
        for ink, text in ((name, hue), ("text", c.text), ("muted", c.muted)):
            pairs[f"{ink} on a coat of {name}"] = theme.contrast(text, theme.wash(hue))
            pairs[f"{ink} on a strong coat of {name}"] = theme.contrast(text, theme.wash(hue, lively=True))
    for i, hue in enumerate((c.old, c.noise_floor, *c.candidates)):
        pairs[f"version {i} on a coat of itself"] = theme.contrast(hue, theme.wash(hue, lively=True))
        pairs[f"text on a coat of version {i}"] = theme.contrast(c.text, theme.wash(hue, lively=True))
    pairs["on accent"] = theme.contrast(c.on_accent, c.accent)
    pairs["on accent under the pointer"] = theme.contrast(c.on_accent, theme.blend(c.accent, c.text, 0.12))
    pairs["text on what is pressed"] = theme.contrast(c.text, theme.blend(c.raised, c.text, 0.14))
    assert {pair: round(found, 2) for pair, found in pairs.items() if found < READABLE} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_every_rule_of_the_stylesheet_is_readable(scheme: theme.Scheme) -> None:
    theme.set_scheme(scheme)
    c, poor = theme.colors(), {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]+)\}", theme.stylesheet().split("*/", 1)[1]):
        ink = re.search(r"(?<![-\w])color: (#\w+)", body)
        ground = re.search(r"background(?:-color)?: (#\w+)", body)
        if ink is None and ground is None:
            continue
        text = ink[1] if ink else c.text
        for behind in [ground[1]] if ground else [c.background, c.panel]:
            if "handle" not in selector and "chunk" not in selector and theme.contrast(text, behind) < READABLE:
                poor[selector.strip()] = (text, behind)
    indicators = {s for s in poor if "indicator" in s or "separator" in s or "QSplitter" in s}
    assert {selector: pair for selector, pair in poor.items() if selector not in indicators} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_disabled_text_is_readable_and_looks_disabled(scheme: theme.Scheme) -> None:
    theme.set_scheme(scheme)
    palette, role, group = theme.palette(), QPalette.ColorRole, QPalette.ColorGroup
    for where in group.Active, group.Inactive, group.Disabled:
        for text in role.WindowText, role.Text, role.ButtonText, role.PlaceholderText, role.ToolTipText:
            for ground in role.Window, role.Base, role.AlternateBase, role.Button:
                ink, behind = palette.color(where, text).name(), palette.color(where, ground).name()
                assert theme.contrast(ink, behind) >= READABLE, (where, text, ground)
    for part in role.WindowText, role.Text, role.ButtonText, role.Base, role.Button:
        assert palette.color(group.Disabled, part) != palette.color(group.Active, part)


def test_that_black_or_white_can_be_read_on_any_colour() -> None:
    greys = [f"#{value:02x}{value:02x}{value:02x}" for value in range(256)]
    assert min(theme.contrast(theme.ink_on(grey), grey) for grey in greys) > READABLE


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_that_versions_stand_out_and_differ(colors: theme.Colors) -> None:
    hues = (colors.old, colors.noise_floor, *colors.candidates)
    assert len(set(hues)) == len(hues)
    assert all(theme.contrast(hue, colors.panel) > 3 for hue in hues)


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
    assert theme.version_color(-2) == theme.colors().noise_floor
    assert theme.version_color(0) == theme.candidate(8) != theme.candidate(1)


def test_that_colors_are_hex() -> None:
    for colors in (theme.LIGHT, theme.DARK):
        for field in dataclasses.fields(colors):
            values = getattr(colors, field.name)
            for value in values if isinstance(values, tuple) else (values,):
                assert re.fullmatch(r"#[0-9a-f]{6}", value)
