"""The icons are one family: 24 units square, one line, tinted by the window."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
ICONS = sorted((CHECKOUT / "resources" / "icons").glob("*.svg"))


@pytest.mark.parametrize("path", [p for p in ICONS if p.stem != "app"], ids=lambda path: path.stem)
def test_that_an_icon_takes_its_colour_from_the_window(path: Path) -> None:
    text = path.read_text("utf-8")
    root = ET.fromstring(text)
    assert root.get("viewBox") == "0 0 24 24"
    assert root.get("stroke") == "currentColor"
    assert "#" not in text, "a colour of its own would vanish in one of the schemes"
    assert "href" not in text


def test_that_the_desktop_entry_starts_the_installed_command() -> None:
    lines = (CHECKOUT / "packaging" / "mpt-studio.desktop").read_text("utf-8").splitlines()
    assert "Exec=mpt-studio gui %F" in lines
    assert "Icon=mpt-studio" in lines
    assert CHECKOUT / "resources/icons/app.svg" in ICONS
