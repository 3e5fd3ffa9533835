"""The tags that there are, as a menu beside the search: choosing one writes it there."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton

from mpt_studio.gui.runs.rows import Row, asked_tags, asking
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import caption


class TagButton(QToolButton):
    """There only where something is tagged."""

    def __init__(self, search: QLineEdit) -> None:
        super().__init__()
        self._search, self._known = search, list[str]()
        self.setText("Tags")
        self.setAccessibleName("Show only what has a tag")
        self.setToolTip("Show only what has a tag")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.set_icon(self, "filter")
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)
        self.hide()

    def offer(self, rows: Iterable[Row]) -> None:
        """The tags of these rows."""
        self._known = sorted({tag for row in rows for tag in row.tags}, key=str.casefold)
        self.setVisible(bool(self._known))

    def _fill(self) -> None:
        self.menu().clear()
        asked = asked_tags(self._search.text().casefold())[1]
        for tag in self._known:
            action = self.menu().addAction(caption(tag))
            action.setCheckable(True)
            action.setChecked(tag.casefold() in asked)
            action.triggered.connect(lambda _=False, tag=tag: self.ask_for(tag))

    def ask_for(self, tag: str) -> None:
        """Ask for a tag, or no more."""
        rest, asked = asked_tags(self._search.text())
        wanted = [each for each in asked if each.casefold() != tag.casefold()]
        wanted = wanted if len(wanted) < len(asked) else [*asked, tag]
        self._search.setText(" ".join(filter(None, (*map(asking, wanted), rest))))
