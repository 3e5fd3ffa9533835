"""A framed part of a page: a title and what is in it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from mpt_studio.gui import theme
from mpt_studio.gui.plain import label


def framed(title: str, content: QWidget, *below: QWidget) -> QFrame:
    """A frame with a title over its content."""
    made = QFrame()
    theme.mark(made, card=True)
    layout = QVBoxLayout(made)
    layout.setContentsMargins(12, 8, 12, 12)
    made.setAccessibleName(title)
    layout.addWidget(label(title, bold=True))
    layout.addWidget(content, 1)
    for widget in below:
        layout.addWidget(widget)
    return made
