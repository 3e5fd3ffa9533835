"""What the trainer does now: the versions and how far each is, progress, time left, speed, and its buttons."""

from __future__ import annotations

import html

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mpt_studio import units
from mpt_studio.gui.train.state import UpdateState, VersionState, Wish, time_left
from mpt_studio.gui.widgets import plain, theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flow_layout import FlowLayout
from mpt_studio.gui.widgets.frames import ThinBar

GLYPHS = {
    "waiting": "○",
    "running": "▶",
    "paused": "❙❙",
    "done": "✓",
    "stopped": "■",
    "cancelled": "✕",
    "failed": "✗",
    "interrupted": "▲",
}
_WORDS = {"waiting": "waits", "running": "is trained now", "paused": "is paused"}


class RunStatus(QFrame):
    """A card; ``show_state`` brings it up to date."""

    pause_asked = Signal()
    go_on_asked = Signal()
    stop_asked = Signal()
    cancel_asked = Signal()
    resume_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, card=True)
        self._title = ElidedLabel()
        theme.mark(self._title, subheading=True)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._what = plain.label("")
        theme.mark(self._what, muted=True)
        self._facts = ElidedLabel()
        self._facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.mark(self._facts, muted=True)
        self._chips: list[_VersionChip] = []
        self._chip_box = QWidget(self)
        self._chip_row = FlowLayout(self._chip_box, spacing=6)
        self._make_buttons()
        self._lay_out()

    def _make_buttons(self) -> None:
        self.pause = self._button("Pause", "pause", "Wait after the current step (keeps everything).")
        self.stop = self._button(
            "Stop and keep",
            "stop",
            "Stop soon. The version in training is kept as it is now and compared with those that are ready.\n"
            "Resume then goes on with the versions after it; to finish this one later, use Pause or close the window.",
        )
        self.cancel = self._button("Cancel", "cancel", "End the update now; versions that are ready stay in Runs.")
        self.resume = self._button("Resume", "resume", "Go on with the versions that are not there yet.")
        self.pause.clicked.connect(self._pause_clicked)
        self.stop.clicked.connect(self.stop_asked)
        self.cancel.clicked.connect(self.cancel_asked)
        self.resume.clicked.connect(self.resume_asked)
        self._is_paused = self._waits = False
        self._wish = Wish()

    def _button(self, text: str, icon: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        theme.set_icon(button, icon)
        plain.set_tip(button, tip)
        return button

    def _lay_out(self) -> None:
        bars = QGridLayout()
        bars.setHorizontalSpacing(theme.SPACE)
        bars.setVerticalSpacing(2)
        bars.setColumnStretch(1, 1)
        self._epoch_name, self.epoch_bar, self._epoch_left = self._bar(bars, 0, "Epoch")
        _, self.total_bar, self._total_left = self._bar(bars, 1, "In total")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE * 3 // 2, theme.SPACE, theme.SPACE * 3 // 2, theme.SPACE)
        layout.setSpacing(theme.SPACE * 3 // 4)
        layout.addWidget(plain.beside(self._title, self._what))
        layout.addWidget(self._chip_box)
        layout.addLayout(bars)
        layout.addWidget(plain.beside(self._facts, self.resume, self.pause, self.stop, self.cancel))

    def _bar(self, grid: QGridLayout, row: int, text: str) -> tuple[QLabel, ThinBar, QLabel]:
        name, bar, left = plain.label(text), ThinBar(text), plain.label("")
        theme.mark(left, muted=True)
        left.setMinimumWidth(84)
        for column, widget in enumerate((name, bar, left)):
            grid.addWidget(widget, row, column)
        return name, bar, left

    @Slot()
    def _pause_clicked(self) -> None:
        (self.go_on_asked if self._is_paused else self.pause_asked).emit()

    def show_title(self, text: str) -> None:
        """The update's name."""
        self._title.setText(text)

    @property
    def title(self) -> str:
        """The update's name."""
        return self._title.text()

    def show_state(self, state: UpdateState, active: bool, outcome: str = "") -> None:
        """Bring everything up to date; ``active`` while the trainer runs."""
        self._show_versions(state.versions)
        self._show_progress(state, active)
        self._facts.setText(_facts(state) if state.current else "")
        plain.set_tip(self._facts, _choices(state))
        paused = state.is_paused and not state.waits
        wish = self._wish.after(state.recipe, active, paused, state.waits)
        self._what.setText(wish or (_what(state) if active else outcome))
        self._show_wait(state.waits)
        if paused != self._is_paused:
            self._is_paused = paused
            self.pause.setText("Go on" if self._is_paused else "Pause")
            theme.set_icon(self.pause, "play" if self._is_paused else "pause")
        for button in (self.pause, self.stop, self.cancel):
            button.setVisible(active)

    def _show_wait(self, waits: bool) -> None:
        """While it waits for the disk nobody can make it go on, and nothing can be kept."""
        if waits == self._waits:
            return
        self._waits = waits
        theme.mark(self._what, muted=not waits, warning=waits)
        plain.set_tip(self._what, "It goes on by itself once it can be written; Cancel ends it." if waits else "")
        for button in (self.pause, self.stop):
            button.setEnabled(not waits)

    def offer_resume(self, offered: bool) -> None:
        """Show or hide the button that goes on with an interrupted update."""
        self.resume.setVisible(offered)

    def tell_wish(self, text: str) -> None:
        """Say at once that a click was heard ("Stopping…"), until it has happened."""
        self._wish.text = text
        self._what.setText(text)

    def _show_versions(self, versions: list[VersionState]) -> None:
        while len(self._chips) < len(versions):
            chip = _VersionChip(self._chip_box)
            self._chips.append(chip)
            self._chip_row.addWidget(chip)
            chip.show()
        for place, chip in enumerate(self._chips):
            chip.setVisible(place < len(versions))
            if place < len(versions):
                chip.show_version(versions[place])

    def _show_progress(self, state: UpdateState, active: bool) -> None:
        version = state.current
        self._epoch_name.setText(((version and version.epoch_text) or "epoch").capitalize())
        step = version.step if version else None
        in_epoch = version.epoch_fraction if version else 0.0  # stopped midway, it stays where it was
        self.epoch_bar.show_share(in_epoch)
        self._epoch_left.setText(time_left(step.epoch_eta_seconds) if step and active else "")
        for left in (self._epoch_left, self._total_left):  # bars reach the edge where no time is left to tell
            left.setVisible(active)
        self.total_bar.show_share(state.fraction)
        self._total_left.setText(time_left(state.eta) if active else "")


class _VersionChip(QLabel):
    """Glyph and colour of one version."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: tuple[object, ...] = ()

    def show_version(self, version: VersionState) -> None:
        shown = (version.name, version.state, version.color, theme.is_dark())
        if shown == self._shown:
            return
        self._shown = shown
        c = theme.colors()
        color = theme.version_color(version.color)
        active = version.state in ("running", "paused")
        back = theme.wash(color, lively=True) if active else c.panel
        text = c.muted if version.state == "waiting" else c.text
        mark = c.wrong if version.state == "failed" else color
        self.setText(
            f'<span style="color:{mark}">{GLYPHS[version.state]}</span>&nbsp;'
            f'<span style="color:{text}">{html.escape(plain.shortened(version.name, 36))}</span>'
        )
        edge = color if active else c.border
        self.setStyleSheet(f"background: {back}; border: 1px solid {edge}; border-radius: 9px; padding: 2px 8px;")
        plain.set_tip(self, f"{version.name} {_WORDS.get(version.state, version.state)}")
        self.setAccessibleName(f"{version.name}: {version.state}")
        self.adjustSize()
        self.updateGeometry()


def _what(state: UpdateState) -> str:
    version = state.current
    if state.waits:
        return "Waits for the disk"
    if version is None:
        return state.status
    if version.state == "paused":
        return f"Paused: {version.name}"
    if version.state == "running":
        return f"Training: {version.name}" if version.step else f"Preparing: {version.name}…"
    return "Evaluating and comparing…"


def _facts(state: UpdateState) -> str:
    version = state.current
    if version is None or version.started is None:
        return ""
    facts = [version.started.device, units.count(version.started.parameters, "parameter")]
    if version.step is not None and version.state == "running":
        facts.append(f"{version.step.images_per_second:,.0f} images/s")
        if version.step.memory_bytes > 0:
            facts.append(f"{version.step.memory_bytes / 2**30:.1f} GiB on the GPU")
    return "  ·  ".join(facts)


def _choices(state: UpdateState) -> str:
    """What the trainer chose from device and data, one choice a line; the recipe can say otherwise."""
    started = state.current.started if state.current else None
    if started is None or not started.settings:
        return ""
    lines = (f"{name.replace('_', ' ')}: {_said(value)}" for name, value in started.settings.items())
    return "\n".join(("Chosen from the device and the data:", *lines))


def _said(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
