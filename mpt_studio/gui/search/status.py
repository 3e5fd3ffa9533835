"""The head of a search: what was found so far, what goes on, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from mpt_studio.gui.search.live import LiveSearch
from mpt_studio.gui.train.state import Wish
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.frames import ThinBar
from mpt_studio.gui.widgets.plain import beside, label, set_tip
from mpt_studio.gui.workspace.outcomes import GOES_ON
from mpt_studio.methods import shown_in
from mpt_studio.units import count, duration

_ENDED = {
    "done": "Done",
    "stopped": "Stopped early; the trials that were ready are kept",
    "cancelled": "Cancelled; the trials that were ready are kept",
    "failed": "Failed",
    "interrupted": "Interrupted; it can be resumed, and nothing is repeated",
}
_FIRST = "Plain training on all data comes first: it sets the limits, and with its offset it is the line to beat."
_DEEDS = {
    "open": ("Open in Compare", "compare", "The winner, plain training and your own methods on the test part, at the γ "
             "and α that were decided"),
    "export": ("Export as decided…", "export", "Write the winner for deployment, with its γ and α in it"),
    "more": ("More trials…", "plus", "Go on from what is there; nothing is trained again"),
    "resume": ("Resume", "resume", "Go on with the next trial; nothing is repeated"),
    "pause": ("Pause", "pause", "Wait after the current step (keeps everything)"),
    "stop": ("Stop and keep", "stop", "Stop soon and keep the trials that are ready; Resume goes on"),
}  # fmt: skip


class SearchStatus(QFrame):
    """``asked`` carries what a button is for: a key of its table."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, card=True)
        self.sentence = label(wrap=True, bold=True, size=1.08)
        self.doing = ElidedLabel()
        theme.mark(self.doing, muted=True)
        self.bar = ThinBar("The whole search")
        self.buttons = {key: self._button(key) for key in _DEEDS}
        theme.mark(self.buttons["open"], primary=True)
        theme.set_icon(self.buttons["open"], "compare", "on_accent")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE * 3 // 2, theme.SPACE, theme.SPACE * 3 // 2, theme.SPACE)
        layout.setSpacing(theme.SPACE * 3 // 4)
        layout.addWidget(self.sentence)
        layout.addWidget(self.bar)
        layout.addWidget(beside(self.doing, *self.buttons.values()))
        self._is_paused, self._wish = False, Wish()

    def _button(self, key: str) -> QPushButton:
        text, icon, tip = _DEEDS[key]
        button = QPushButton(text)
        theme.set_icon(button, icon)
        set_tip(button, tip)
        button.clicked.connect(lambda *_: self.asked.emit("go_on" if key == "pause" and self._is_paused else key))
        return button

    def show_search(self, live: LiveSearch, runs: bool) -> None:
        """Bring everything up to date; ``runs`` while it has the queue's place."""
        self.sentence.setText(shown_in(live.state.sentence) or _FIRST)
        self.bar.show_share(live.progress.fraction)
        self.bar.setVisible(live.is_alive)
        self._show_paused(live.progress.is_paused and not live.progress.waits)
        wish = self._wish.after(live.id, runs, self._is_paused)
        self.doing.setText(wish or (live.doing() if live.is_alive else _ended(live)))
        has_outcome = bool((live.search.result or {}).get("test")) and not live.is_alive
        shown = {
            "open": has_outcome,
            "export": has_outcome,
            "more": live.outcome == "done",
            "resume": live.outcome in GOES_ON,
            "pause": runs,
            "stop": runs,
        }
        for key, button in self.buttons.items():
            button.setVisible(shown[key])

    def _show_paused(self, paused: bool) -> None:
        if paused != self._is_paused:
            self._is_paused = paused
            self.buttons["pause"].setText("Go on" if paused else "Pause")
            theme.set_icon(self.buttons["pause"], "play" if paused else "pause")

    def tell_wish(self, text: str) -> None:
        """Say at once that a click was heard."""
        self._wish.text = text
        self.doing.setText(text)


def _ended(live: LiveSearch) -> str:
    tried = count(max(0, len(live.state.trials) - 1), "trial")
    took = duration(live.search.seconds)
    why = f": {live.message}" if live.outcome == "failed" and live.message else ""
    return f"{_ENDED.get(live.outcome, live.outcome)}{why}. {tried}{f' in {took}' if took else ''}."
