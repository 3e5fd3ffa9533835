"""The versions that are open: the old model first, then the reference and the candidates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mpt_studio.flips import Rates, Share
from mpt_studio.gui.versions.opening_cards import OpeningCard
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.elided import ElidedLabel
from mpt_studio.gui.widgets.flow_layout import tab_in_order
from mpt_studio.gui.widgets.frames import DockPanel
from mpt_studio.gui.widgets.plain import interval, label, number, percent, set_tip
from mpt_studio.gui.workspace.items import Item
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.units import count

ROLES = {"old": "Deployed now", "reference": "Reference, plain training", "noise_floor": "Plain, another seed"}


class Swatch(QWidget):
    """A version's hue; the old model's is a square, the others' a disc, so that shape tells as well."""

    def __init__(self, color: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = color
        self.setFixedSize(QSize(12, 12))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.version_color(self._color)))
        box = QRectF(0.5, 0.5, 11, 11)
        painter.drawRoundedRect(box, 2, 2) if self._color < 0 else painter.drawEllipse(box)
        painter.end()


class VersionCard(QFrame):
    """One version with its figures; a click puts a candidate on show."""

    clicked = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, workspace: Workspace, version: Version, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.version = version
        current = version is workspace.current
        self.setProperty("versionCard", True)
        self.setProperty("current", current)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.mapToGlobal(at)))
        layout = QGridLayout(self)
        layout.setContentsMargins(8, 8, 4, 8)
        layout.setHorizontalSpacing(theme.SPACE)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(1, 1)
        layout.addWidget(Swatch(version.color), 0, 0)
        layout.addWidget(self._name(), 0, 1)
        layout.addWidget(self._menu_button(), 0, 2)
        role = self._role(workspace)
        if role.text():
            layout.addWidget(role, 1, 1, 1, 2)
        layout.addLayout(self._figures(workspace), 2, 0, 1, 3)
        state = ", on show" if current else ""
        self.setAccessibleName(f"{ROLES.get(version.role, 'Candidate')} {version.label}{state}")

    def _name(self) -> QLabel:
        name = ElidedLabel(self.version.label)
        name.setProperty("subheading", True)
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        file = self.version.source or self.version.checkpoint
        set_tip(name, "\n".join(filter(None, (self.version.label, self.version.method, file))))
        return name

    def _menu_button(self) -> QToolButton:
        button = QToolButton()
        theme.set_icon(button, "chevron")
        button.setIconSize(QSize(14, 14))
        button.setToolTip("What to do with this version")
        button.setAccessibleName(f"Menu of {self.version.label}")
        button.clicked.connect(lambda: self.menu_wanted.emit(button.mapToGlobal(QPoint(0, button.height()))))
        return button

    def _role(self, workspace: Workspace) -> QLabel:
        star, gamma = workspace.recommending.star(self.version.key), workspace.offsets.of(self.version.key)
        text = "" if self.version.is_training else ROLES.get(self.version.role, "")
        if star or gamma:
            text = star.replace("★ r", "★ R") or f"At logit offset γ = {number(gamma, 2)}"
        made = ElidedLabel(text)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        made.setProperty("muted", True)
        picked = workspace.recommending.picked
        if star and picked is not None:
            set_tip(made, picked.reason)
        return made

    def _figures(self, workspace: Workspace) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        for row, figure in enumerate(_figures(workspace, self.version)):
            value, meaning = label(figure.value), label(figure.meaning, wrap=True, size=0.8)
            meaning.setProperty("muted", True)
            value.setVisible(bool(figure.value))
            for column, made in enumerate((value, meaning)):
                set_tip(made, figure.tip)
                grid.addWidget(made, row, column)
        return grid

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        elif event.key() == Qt.Key.Key_Menu:
            self.menu_wanted.emit(self.mapToGlobal(self.rect().center()))
        else:
            super().keyPressEvent(event)


@dataclass(frozen=True)
class Figure:
    """A rate, what it is with its subset and n, and more in the tooltip; a remark has no value."""

    value: str
    meaning: str
    tip: str


def _why_not_compared(workspace: Workspace) -> tuple[str, str]:
    """A remark and its tooltip for a candidate that has answers and no figures yet."""
    if workspace.old is None:
        return "no old model", "NFR needs an old model to compare with."
    if workspace.old.predictions is None:
        return "waits for the old model", f"{workspace.old.label} has not answered yet."
    return "comparing…", f"Comparing with {workspace.old.label}."


def _figures(workspace: Workspace, version: Version) -> list[Figure]:
    """What a card shows."""
    if version.problem:
        return [Figure("", "cannot be compared", version.problem)]
    if version.is_training:
        return [Figure("", "being trained…", "Its answers come when it is ready.")]
    if version.predictions is None:
        waits = "waits for data" if workspace.dataset is None else "being evaluated…"
        return [Figure("", waits, "Its answers on the test part are not known yet.")]
    if version.role == "old":
        return [_own_accuracy(version)]
    comparison = workspace.comparison(version.key)
    if comparison is None:
        return [Figure("", *_why_not_compared(workspace))]
    rates = partial(workspace.offsets.rates, version.key, comparison)
    everything, old_classes = rates("all"), rates("old_classes")
    return [
        Figure(
            percent(everything.accuracy_new),
            f"accuracy, all, n={count(everything.samples)}",
            _tip("Accuracy (all)", everything, Rates.accuracy_new),
        ),
        Figure(
            percent(old_classes.nfr),
            f"NFR, old classes, n={count(old_classes.samples)}",
            _tip("Negative flip rate, NFR (old classes)", old_classes, Rates.nfr),
        ),
    ]


def _own_accuracy(version: Version) -> Figure:
    """The old model's accuracy on the classes that it knows; on all samples it cannot but be low."""
    own, everything = version.figures["own_classes"], version.figures["all"]
    tip = "\n".join(
        f"Accuracy ({name}) {percent(found['accuracy'], 2)}, n = {count(found['samples'])}"
        for name, found in (("classes it knows", own), ("all", everything))
    )
    return Figure(percent(own["accuracy"]), f"accuracy, its classes, n={count(own['samples'])}", tip)


def _tip(name: str, rates: Rates, share: Share) -> str:
    bounds = interval(share.interval(rates))
    within = f", 95 % interval {bounds} %" if bounds else ""
    return f"{name}: {percent(share.of(rates), 2)}{within}, n = {count(rates.samples)}"


class VersionsPanel(DockPanel):
    """Cards of all versions."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__("Versions", parent)
        self.workspace = workspace
        self.cards: list[VersionCard] = []
        self._stale = True
        self._seen: set[Item] = set()
        """Refusals that were scrolled to."""
        workspace.versions_changed.connect(self._renew)
        workspace.comparison_changed.connect(self._renew)
        workspace.data_changed.connect(self._renew)
        workspace.recommending.changed.connect(self._renew)
        workspace.opening.changed.connect(self._renew)
        self._renew()

    def _renew(self) -> None:
        focused = next((card.version.key for card in self.cards if card.hasFocus()), "")
        body = QWidget()
        body.setProperty("plain", True)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(theme.SPACE, 0, theme.SPACE, theme.SPACE)
        layout.setSpacing(6)
        self.cards = [self._card(version) for version in self.workspace.versions]
        for card in self.cards:
            layout.addWidget(card)
        for item in self.workspace.opening.items:
            layout.addWidget(OpeningCard(self.workspace.opening, item))
        if not self.cards and not self.workspace.opening.items:
            layout.addWidget(self._empty())
        layout.addStretch()
        self.put(body)
        parts = [part for card in self.cards for part in (card, *card.findChildren(QToolButton))]
        tab_in_order([self, *parts])
        for card in self.cards:
            if card.version.key == focused:
                card.setFocus()
        QTimer.singleShot(0, self, self._show_refusal)  # when the cards have their places

    def tells(self, sentence: str) -> bool:
        """Whether this refusal of a file is on the screen here, or will be with the next cards."""
        # Its place, as its own region is empty where its content covers it; behind another panel's tab it is outside.
        place = QRect(self.mapTo(self.window(), QPoint()), self.size())
        on_screen = self.isVisible() and self.window().rect().intersects(place)
        return on_screen and any(item.told == sentence for item in self.workspace.opening.items)

    def _show_refusal(self) -> None:
        """Scroll to the card of a refusal that is new: it may be below many versions."""
        refused = {card.item: card for card in self.findChildren(OpeningCard) if card.item.problem}
        new = [card for item, card in refused.items() if item not in self._seen]
        self._seen = set(refused)
        if new:
            self.ensureWidgetVisible(new[-1])

    def _card(self, version: Version) -> VersionCard:
        card = VersionCard(self.workspace, version)
        card.clicked.connect(lambda: self.workspace.set_current(version.key))
        card.menu_wanted.connect(lambda at: self.menu(version).popup(at))
        return card

    def _empty(self) -> QLabel:
        text = label("No versions yet. Open or drop weights or predictions; the first is the old model.", wrap=True)
        text.setProperty("muted", True)
        text.setContentsMargins(4, 4, 4, 4)
        return text

    def menu(self, version: Version) -> QMenu:
        """What can be done with a version."""
        workspace, menu = self.workspace, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction("Show", lambda: workspace.set_current(version.key))
        show.setEnabled(version.role != "old" and version is not workspace.current)
        old = menu.addAction("Set as old model", lambda: workspace.set_old(version.key))
        old.setEnabled(version.role != "old")
        menu.addAction("Rename…", lambda: self.rename(version))
        menu.addSeparator()
        menu.addAction("About this version…", lambda: workspace.tool_wanted.emit("about", version))
        if version.reading is not None:
            menu.addAction("Change how it is read…", lambda: workspace.opening.ask_anew(version))
        export = menu.addAction("Export…", lambda: workspace.tool_wanted.emit("export", version))
        export.setEnabled(bool(version.checkpoint))
        menu.addSeparator()
        menu.addAction("Close", lambda: workspace.remove(version.key))
        return menu

    def rename(self, version: Version) -> None:
        """Ask for another label."""
        text, accepted = QInputDialog.getText(self, "Rename", "Name of this version:", text=version.label)
        if accepted:
            self.workspace.rename(version.key, text)
