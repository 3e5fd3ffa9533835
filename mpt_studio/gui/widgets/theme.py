"""Colours, icons and the small stylesheet, in light and dark.

Meaning has fixed hues: green right or gained, red wrong or lost, amber both wrong; the old model is slate and every
candidate keeps one hue of its own in all panels. Widgets ask for colours when they paint and listen to
``notifier().changed``.
"""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from mpt_studio import paths

Scheme = Literal["system", "light", "dark"]
SPACE = 8
"""The grid of all distances, in device-independent pixels."""


@dataclass(frozen=True)
class Colors:
    """One scheme's colours as "#rrggbb"."""

    right: str
    wrong: str
    both_wrong: str
    text: str
    muted: str
    background: str
    """Behind panels: the window itself."""
    panel: str
    """Cards, lists, fields."""
    raised: str
    """Buttons, chips, headers: one step off the panel."""
    border: str
    accent: str
    on_accent: str
    """Text on the accent colour."""
    old: str
    noise_floor: str
    """Plain training with another seed: no candidate, so none of their hues."""
    candidates: tuple[str, ...]


LIGHT = Colors(
    right="#18693a",
    wrong="#a92933",
    both_wrong="#854f00",
    text="#1c2128",
    muted="#5c6672",
    background="#f1f3f6",
    panel="#ffffff",
    raised="#e9ecf1",
    border="#d3d8df",
    accent="#2461c6",
    on_accent="#ffffff",
    old="#576474",
    noise_floor="#6f6253",
    candidates=("#2761af", "#843eba", "#096b76", "#a3367a", "#765e16", "#4b53cf", "#964d2a", "#336875"),
)
DARK = Colors(
    right="#5cc98a",
    wrong="#f5999f",
    both_wrong="#e3ab4a",
    text="#e4e8ee",
    muted="#9aa5b3",
    background="#17191d",
    panel="#202329",
    raised="#2b2f37",
    border="#3a3f49",
    accent="#65a1f4",
    on_accent="#0d1420",
    old="#a5b2c3",
    noise_floor="#b8a894",
    candidates=("#6eacf6", "#c696f0", "#41c3cf", "#ee83c3", "#cdb25a", "#9ca2f8", "#de976d", "#84bccb"),
)


class _Notifier(QObject):
    changed = Signal()


class _State:
    choice: Scheme = "system"
    dark = False


@functools.cache
def notifier() -> _Notifier:
    """Tells when the scheme flips."""
    return _Notifier()


def colors() -> Colors:
    """The colours in force."""
    return DARK if _State.dark else LIGHT


def color(name: str) -> str:
    """A colour in force by its name, for tables of levels and kinds that name theirs; text for a name that is none."""
    return _by_name().get(name, colors().text)


def _by_name() -> dict[str, str]:
    return {name: value for name, value in vars(colors()).items() if isinstance(value, str)}


def is_dark() -> bool:
    """Whether the dark scheme is in force."""
    return _State.dark


def candidate(index: int) -> str:
    """Hue of the candidate with this colour index, as "#rrggbb"; they repeat after eight."""
    hues = colors().candidates
    return hues[index % len(hues)]


def version_color(index: int) -> str:
    """Hue of a version by its colour index; −1 is the old model, −2 the noise floor."""
    return {-1: colors().old, -2: colors().noise_floor}.get(index) or candidate(index)


def apply(app: QApplication, choice: Scheme = "system") -> None:
    """Fusion style, our palette and stylesheet; follows the system's scheme from now on unless one is chosen."""
    app.setStyle("Fusion")
    _follow_system()
    set_scheme(choice)
    _paint_app(app)


@functools.cache
def _follow_system() -> None:
    """Once, however often the theme is applied."""
    QGuiApplication.styleHints().colorSchemeChanged.connect(_refresh)


def set_scheme(choice: Scheme) -> None:
    """Choose light or dark, or follow the system."""
    _State.choice = choice
    wanted = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}[choice]
    QGuiApplication.styleHints().setColorScheme(wanted)
    _refresh()


def scheme() -> Scheme:
    """What was chosen."""
    return _State.choice


def _refresh(*_: object) -> None:
    if _State.choice == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    else:
        dark = _State.choice == "dark"
    if dark == _State.dark:
        return
    _State.dark = dark
    app = QApplication.instance()
    if isinstance(app, QApplication):
        _paint_app(app)
    _renew_icons()
    notifier().changed.emit()


def _paint_app(app: QApplication) -> None:
    app.setPalette(palette())
    app.setStyleSheet(stylesheet())


def palette() -> QPalette:
    """Qt's palette in the colours in force."""
    c, made = colors(), QPalette()
    role = QPalette.ColorRole
    for where, value in {
        role.Window: c.background,
        role.WindowText: c.text,
        role.Base: c.panel,
        role.AlternateBase: c.background,
        role.Text: c.text,
        role.Button: c.raised,
        role.ButtonText: c.text,
        role.BrightText: c.wrong,
        role.Highlight: c.accent,
        role.HighlightedText: c.on_accent,
        role.Link: c.accent,
        role.LinkVisited: c.accent,
        role.ToolTipBase: c.panel,
        role.ToolTipText: c.text,
        role.PlaceholderText: c.muted,
        role.Accent: c.accent,
        role.Mid: c.border,
        role.Light: c.raised,
        role.Dark: c.border,
    }.items():
        made.setColor(where, QColor(value))
    for where in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):  # to be read all the same:
        made.setColor(QPalette.ColorGroup.Disabled, where, QColor(c.muted))
    for where in (role.Base, role.Button):  # what tells it is the plain ground
        made.setColor(QPalette.ColorGroup.Disabled, where, QColor(c.background))
    return made


def blend(one: str, other: str, share: float) -> str:
    """``one`` mixed with ``share`` of ``other``, as "#rrggbb"."""
    a, b = QColor(one), QColor(other)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x * (1 - share) + y * share) for x, y in pairs)).name()


def selected() -> str:
    """Behind what is selected: as strong as every colour of text allows."""
    return blend(colors().panel, colors().accent, 0.14)


def wash(hue: str, lively: bool = False) -> str:
    """Behind text of this colour: a faint coat of it."""
    return blend(colors().panel, hue, 0.155 if lively else 0.11)


def luminance(color: str) -> float:
    """Relative luminance, as the rules for readable text define it: 0 black, 1 white."""
    c = QColor(color)
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (c.redF(), c.greenF(), c.blueF()))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """Between two colours, 1 to 21; text needs 4.5 against what it lies on."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@functools.lru_cache(maxsize=4096)
def ink_on(background: str) -> str:
    """Black or white: one of them can be read on any colour."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def stylesheet() -> str:
    """Our few departures from Fusion.

    Dynamic properties mark what a widget is: ``card`` (rounded frame), ``heading``, ``muted``, ``chip``, ``primary``
    (the one button of a page), ``flat``.
    """
    text = paths.resource("style.qss").read_text("utf-8")
    c = colors()
    values = _by_name() | {
        "hover": blend(c.raised, c.text, 0.04),
        "pressed": blend(c.raised, c.text, 0.14),
        "accent_hover": blend(c.accent, c.text, 0.12),
        "selected": selected(),
        "faint": blend(c.border, c.panel, 0.45),
        "handle": blend(c.border, c.muted, 0.35),
        "tick": paths.resource(f"tick_{'dark' if _State.dark else 'light'}.svg").as_posix(),
    }
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f"@{name}@", values[name])
    return text


def mark(widget: QWidget, **properties: Any) -> None:
    """Set stylesheet properties (``mark(label, muted=True)``) and have the widget drawn accordingly."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


_SIZES = (16, 20, 24, 32, 48, 64)
_iconed: weakref.WeakKeyDictionary[Any, tuple[str, str]] = weakref.WeakKeyDictionary()


def icon(name: str, color: str = "") -> QIcon:
    """``resources/icons/<name>.svg`` in the text colour, or in a field of ``Colors`` or "#rrggbb"; empty if missing."""
    path = paths.resource("icons") / f"{name}.svg"
    made = QIcon()
    if not name or not path.is_file():
        return made
    source = path.read_text("utf-8")
    normal = _by_name().get(color, color) or colors().text
    faded = blend(colors().muted, colors().background, 0.45)  # not of the colour: white would vanish on grey
    for tint, mode in ((normal, QIcon.Mode.Normal), (faded, QIcon.Mode.Disabled)):
        drawing = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for size in _SIZES:
            made.addPixmap(_render(drawing, size), mode)
    return made


def _render(drawing: QSvgRenderer, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def set_icon(target: Any, name: str, color: str = "") -> None:
    """Give an action or button an icon that follows the scheme."""
    target.setIcon(icon(name, color))
    _iconed[target] = (name, color)


def _renew_icons() -> None:
    for target, (name, color) in list(_iconed.items()):
        try:
            target.setIcon(icon(name, color))
        except RuntimeError:  # Qt's side is gone already
            _iconed.pop(target, None)
