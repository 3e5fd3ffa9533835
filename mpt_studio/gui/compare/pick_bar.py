"""Picks a candidate: the lowest NFR (old classes) with accuracy (all) within x points of plain training's."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from mpt_studio.compare import SUBSET_WORDS
from mpt_studio.decide import Recommendation
from mpt_studio.decide.recommending import flipping_subset
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, bare, in_a_row
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import DoubleSpinBox
from mpt_studio.gui.workspace.recommending import may_ship
from mpt_studio.gui.workspace.workspace import Workspace

_LOOKING = "Looking at every candidate …"
_AS_TRAINED = " That is as trained, not at the offsets γ of the table."


class PickBar(QWidget):
    """The question with its number of points, and the answer with its reason."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.points, self.any_offset = DoubleSpinBox(), QCheckBox("at any logit offset γ")
        self.points.setRange(0, 50)
        self.points.setDecimals(1)
        self.points.setSingleStep(0.5)
        self.points.setValue(100 * workspace.recommending.tolerance)
        self.points.setKeyboardTracking(False)
        self.points.setAccessibleName("Points of accuracy (all) that may be lost against plain training")
        self.any_offset.setAccessibleName("Choose among candidates at any logit offset")
        set_tip(self.any_offset, "Choose among all points of all curves, not only candidates as trained")
        self.show_it = QPushButton("Show it")
        self.show_it.setAccessibleName("Show the picked candidate")
        self.lowest, self.reason = label(), label(wrap=True)
        self._lay_out()
        recommending = workspace.recommending
        self.points.valueChanged.connect(lambda points: recommending.allow(points / 100))
        self.any_offset.toggled.connect(recommending.choose)
        recommending.changed.connect(self.refresh)
        self.show_it.clicked.connect(lambda *_: self._show_picked())

    def _lay_out(self) -> None:
        question = QWidget()
        row = FlowLayout(question, spacing=theme.SPACE)
        within = in_a_row(label("with accuracy (all) within"), self.points, label("points of plain training"))
        for part in (self.lowest, within, self.any_offset, self.show_it):
            row.addWidget(part)
        layout = bare(QVBoxLayout(self), spacing=4)
        layout.addWidget(question)
        layout.addWidget(self.reason)

    def refresh(self) -> None:
        """Answer for the workspace's candidates; hidden where there is nothing to choose."""
        recommending = self._workspace.recommending
        contenders = recommending.contenders()
        self.setVisible(contenders is not None)
        if contenders is None:
            return
        subset = SUBSET_WORDS[flipping_subset(contenders[0], recommending.subset)]
        self.lowest.setText(f"{'Best verdict, then lowest' if recommending.by_policy else 'Lowest'} NFR ({subset})")
        picked = recommending.picked
        star = "★ " if picked is not None and may_ship(picked) else ""
        waiting = _LOOKING if recommending.is_looking else ""
        self.reason.setText(f"{star}{self._named(picked)}{self._at_which()}" if picked else waiting)
        self.show_it.setEnabled(picked is not None)

    def _at_which(self) -> str:
        """Where the table beside it has other figures."""
        moved = any(self._workspace.offsets.of(version.key) for version in self._workspace.candidates)
        return _AS_TRAINED if moved and not self.any_offset.isChecked() else ""

    @property
    def picked(self) -> Recommendation | None:
        """What is recommended now; None while it is being looked for."""
        return self._workspace.recommending.picked

    def _named(self, picked: Recommendation) -> str:
        """The reason, with the version as it is called in this window."""
        version = self._workspace.version(picked.key or picked.nearest)
        recorded = version.predictions.version if version is not None and version.predictions is not None else ""
        return picked.reason.replace(recorded, version.label, 1) if version and recorded else picked.reason

    def _show_picked(self) -> None:
        picked = self.picked
        if picked is not None:
            self._workspace.set_current(picked.key or picked.nearest)
            self._workspace.set_offset(picked.gamma)
