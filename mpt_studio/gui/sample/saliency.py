"""Where the old model and the candidate look on one image, side by side; zoom and pan go together."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mpt_studio.gui.charts.heat import HeatLegend, heat_image
from mpt_studio.gui.images.image_view import ImageView
from mpt_studio.gui.sample.image import SampleImage
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import RIGHT, WRONG, label, percent, set_tip
from mpt_studio.gui.widgets.wheel import ComboBox, Slider
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

ANSWER, TRUTH = "answer", "truth"
_OPACITY = 75


class _Pane(QWidget):
    """One version: its name and class above, the image with what it looks at, a sentence below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption, self.image = label(wrap=True, bold=True), ImageView()
        self.note = label(wrap=True, muted=True)
        self.image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for text in (self.caption, self.note):  # long names must not widen the panel
            policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            policy.setHeightForWidth(True)
            text.setSizePolicy(policy)
        layout = bare(QVBoxLayout(self), spacing=3)
        layout.addWidget(self.caption, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addWidget(self.image, 1)
        layout.addWidget(self.note, 0, Qt.AlignmentFlag.AlignTop)

    def tell(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

    def show_map(self, found: dict[str, Any], box: list[float]) -> None:
        """A map of the worker's answer over the image."""
        if found["is_empty"]:
            self.image.set_overlay(None)
            self.tell("No part of the image speaks for this class.")
            return
        try:
            heat = heat_image(np.load(found["path"]))
        except (OSError, ValueError):
            self.image.set_overlay(None)
            self.tell("The map is gone from the store; select the image again.")
            return
        self.tell("")
        self.image.set_overlay(heat, box)


class SaliencyView(QWidget):
    """Shows what ``Explanations`` knows of the sample on show, over the image that ``show_image`` is given."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None, *, height: int = 150) -> None:
        super().__init__(parent)
        self._explanations = workspace.explanations
        self._workspace = workspace
        self.panes = (_Pane(), _Pane())
        self.choice, self.opacity, self.legend = ComboBox(), Slider(), HeatLegend()
        self._image_of = ""
        """Sample whose image is there; one that is still being decoded gets no overlay yet."""
        self._is_covered = True
        self._drawn: list[tuple[object, ...]] = [(), ()]
        self._set_up_tools()
        self.reason, self._content = label(wrap=True, muted=True), QWidget()
        pair = QHBoxLayout()
        pair.setSpacing(theme.SPACE)
        for i, pane in enumerate(self.panes):
            pane.image.setMinimumHeight(height)
            pane.image.looked.connect(partial(self._follow, i))
            pair.addWidget(pane, 1)
        tools = QHBoxLayout()
        tools.addWidget(label("for"))
        tools.addWidget(self.choice, 1)
        tools.addWidget(self.opacity)
        outer = bare(QVBoxLayout(self))
        outer.addWidget(self.reason)
        outer.addWidget(self._content, 1)
        layout = bare(QVBoxLayout(self._content), spacing=4)
        layout.addLayout(tools)
        layout.addLayout(pair, 1)
        layout.addWidget(self.legend)
        self._explanations.changed.connect(self.refresh)

    def _set_up_tools(self) -> None:
        self.choice.addItem("its own answer", ANSWER)
        self.choice.addItem("the true class", TRUTH)
        self.choice.setAccessibleName("Class whose evidence is shown")
        set_tip(self.choice, "Which class's evidence is shown: what the version answered, or the truth")
        self.choice.setMinimumWidth(80)
        self.choice.activated.connect(lambda _: self.refresh())
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(72)
        self.opacity.setAccessibleName("Opacity of the overlay")
        set_tip(self.opacity, "How strongly the colours cover the image")
        self.opacity.valueChanged.connect(self._set_opacity)
        self.opacity.setValue(_OPACITY)

    def _set_opacity(self, value: int) -> None:
        for pane in self.panes:
            pane.image.set_overlay_opacity(value / 100 if self._is_covered else 0.0)

    def toggle(self) -> None:
        """Take the colours off the images, or lay them on again."""
        self._is_covered = not self._is_covered
        self._set_opacity(self.opacity.value())

    def follow(self, image: SampleImage) -> None:
        """Lie over the same image as this view, as it changes."""
        image.shown.connect(self.show_image)

    @Slot(object, str)
    def show_image(self, image: QImage | None, note: str = "") -> None:
        """The sample's image, or None and why it is not there."""
        for pane in self.panes:
            pane.image.set_overlay(None)
            pane.image.show_image(image, note)
        self._drawn, self._image_of = [(), ()], self._explanations.sample
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what is known by now."""
        reason = self._explanations.why_nothing() if self._explanations.sample else ""
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self._content.setVisible(not reason)
        versions = (self._workspace.old, self._workspace.current)
        known = False
        for i, (pane, version) in enumerate(zip(self.panes, versions, strict=True)):
            if version is not None and self._explanations.sample:
                known |= self._show(i, pane, version)
        self.legend.setVisible(known)

    def _show(self, i: int, pane: _Pane, version: Version) -> bool:
        """Whether the version has maps."""
        self._caption(pane, version, None)
        answer = self._explanations.answer("saliency", version)
        if answer.values is None:
            pane.image.set_overlay(None)
            pane.tell(answer.sentence)
            self._drawn[i] = ()
            return False
        name = self._class_for(version)
        found = next((m for m in answer.values["maps"] if m["class"] == name), None)
        self._caption(pane, version, found)
        drawn = (answer.values["sample"], version.checkpoint, name)
        if found is None:
            pane.image.set_overlay(None)
            pane.tell(f"{version.label} does not know the class {name}.")
            self._drawn[i] = ()
        elif self._image_of != self._explanations.sample:
            pane.image.set_overlay(None)
            self._drawn[i] = ()
        elif drawn != self._drawn[i]:
            pane.show_map(found, answer.values["image_box"])
            self._drawn[i] = drawn
        return True

    def _class_for(self, version: Version) -> str:
        comparison, row = self._workspace.comparison(), self._explanations.row
        if self.choice.currentData() == ANSWER or comparison is None or row is None:
            return self._explanations.class_answered(version)
        return self._explanations.true_name(version)

    def _caption(self, pane: _Pane, version: Version, found: dict[str, Any] | None) -> None:
        comparison, row, name = self._workspace.comparison(), self._explanations.row, self._class_for(version)
        if comparison is None or row is None:
            return
        right = name == self._explanations.true_name(version)
        sure = f" {percent(self._probability(version, found), 0)}" if found else ""
        short = "old" if version is self._workspace.old else version.label
        pane.caption.setText(f"■ {short}\n{RIGHT if right else WRONG} {name}{sure}")
        pane.caption.setStyleSheet(f"color: {theme.version_color(version.color)}; font-weight: 600")
        pane.image.setAccessibleName(f"Where {version.label} looks for {name}")

    def _probability(self, version: Version, found: dict[str, Any]) -> float:
        """The network's own, or that under the logit offset in force, which the network does not know of."""
        comparison, row = self._workspace.comparison(), self._explanations.row
        if comparison is None or row is None or not comparison.gamma or version is self._workspace.old:
            return float(found["probability"])
        answers = {name: p for name, p, _ in comparison.top("new", row, len(comparison.names))}
        return answers.get(str(found["class"]), float(found["probability"]))

    def _follow(self, leader: int, zoom: float, x: float, y: float) -> None:
        self.panes[1 - leader].image.look(zoom, x, y)
