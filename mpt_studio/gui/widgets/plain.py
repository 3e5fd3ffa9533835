"""Text on screen: names from files are data and never markup; numbers are written the same way everywhere."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.units import count

RIGHT, WRONG = "✓", "✗"


def label(text: str = "", *, wrap: bool = False, bold: bool = False, muted: bool = False, size: float = 1.0) -> QLabel:
    """A label that shows its text as it is, whatever is in it."""
    made = _Wrapped() if wrap else QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    font = made.font()
    font.setBold(bold)
    font.setPointSizeF(font.pointSizeF() * size)
    made.setFont(font)
    if muted:
        theme.mark(made, muted=True)
    return made


class _Wrapped(QLabel):
    """Breaks within long words as well, such as names of files: they would widen the panel that they stand in."""

    def setText(self, text: str) -> None:
        super().setText(_LONG.sub(lambda word: _PART.sub(lambda part: f"{part[0]}{_BREAK}", word[0]), text))

    def text(self) -> str:
        return super().text().replace(_BREAK, "")


_BREAK = "\u200b"
_LONG, _PART = re.compile(r"\S{20,}"), re.compile(r"[^_/\\.-]*[_/\\.-]|[^_/\\.-]{16}")


def beside(widget: QWidget, *buttons: QWidget) -> QWidget:
    """A widget that takes the room there is, with buttons at its right."""
    holder = QWidget()
    row = bare(QHBoxLayout(holder))
    row.addWidget(widget, 1)
    for button in buttons:
        row.addWidget(button)
    return holder


def before(text: str, field: QWidget) -> QWidget:
    """A field with its name at the left."""
    name = label(text)
    name.setBuddy(field)
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(name)
    row.addWidget(field, 1)
    return holder


def shortened(text: str, most: int = 48) -> str:
    """For buttons: in the middle, where both ends tell names apart."""
    kept = most - 1
    return text if len(text) <= most else f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def set_tip(widget: QWidget, text: str) -> None:
    """A tooltip that shows its text as it is (Qt guesses markup otherwise)."""
    widget.setToolTip(tip(text))


def tip(text: str) -> str:
    """``text`` escaped for Qt's tooltips, legends and other places that take markup."""
    return f"<span>{html.escape(text).replace(chr(10), '<br>')}</span>" if text else ""


def caption(text: str) -> str:
    """``text`` for buttons and actions, in which a single & would become a mnemonic."""
    return text.replace("&", "&&")


def plain_text(text: str) -> str:
    """A menu text without its mnemonic."""
    return text.replace("&", "")


def action_tip(text: str, shortcut: str, more: str) -> str:
    """The tooltip of a button that does what a menu's entry does: its name, the first of its keys, what it means."""
    keys = f" ({shortcut.split('  ', maxsplit=1)[0]})" if shortcut else ""
    return plain_text(text).rstrip("…") + keys + (f"\n{more}" if more else "")


def percent(rate: float | None, digits: int = 1) -> str:
    return "–" if rate is None or math.isnan(rate) else f"{100 * rate:.{digits}f} %"


def interval(bounds: tuple[float, float] | None, digits: int = 1) -> str:
    """A 95 % interval in percent: "7.1–8.8"."""
    return "" if bounds is None else f"{100 * bounds[0]:.{digits}f}–{100 * bounds[1]:.{digits}f}"


def number(value: float, digits: int = 1) -> str:
    """A logit or margin with a typographic minus; "–" where it is undefined."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "")


def signed(value: float, digits: int = 1) -> str:
    """With its sign: "+1.5", "−0.3", "0.0"."""
    text = number(value, digits)
    return f"+{text}" if text.strip("0.") and not text.startswith(("−", "–")) else text


def listed(names: Sequence[str], most: int = 3) -> str:
    """ "a", "a and b", "a, b and c", "a, b and 5 others"."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], count(len(names) - most + 1, "other")]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def short_spec(spec: str) -> str:
    """A data spec for people: "Built-in characters", or the folder's name."""
    kind, _, folder = spec.partition(":")
    names = {"builtin": "Built-in characters", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
    names["cifar100"] = "CIFAR-100"
    if kind in names:
        return names[kind]
    return folder.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or spec
