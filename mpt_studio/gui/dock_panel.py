"""What the panels of versions and of data share: a column that scrolls and is made anew when something changes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class DockPanel(QScrollArea):
    """The body of a dock, as wide as the dock is."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setProperty("dockBody", True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def put(self, body: QWidget) -> None:
        """Show this instead of what was shown."""
        before = self.takeWidget()  # setWidget would delete it at once, maybe inside its own mouse event
        self.setWidget(body)
        if before is not None:
            before.hide()
            before.deleteLater()
