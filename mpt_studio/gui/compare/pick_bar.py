"""Picks a candidate: the lowest NFR (old classes) with accuracy (all) within x points of plain training's."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from mpt_studio.compare import SUBSET_WORDS
from mpt_studio.decide import Recommendation, recommend
from mpt_studio.decide.recommending import flipping_subset
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.flow_layout import FlowLayout, in_a_row
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.widgets.wheel import DoubleSpinBox
from mpt_studio.gui.workspace.workspace import Workspace


class PickBar(QWidget):
    """The question with its number of points, and the answer with its reason."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._job: PoolJob | None = None
        self._asked: tuple[object, ...] = ()
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
        self.points.valueChanged.connect(self._set_tolerance)
        self.any_offset.toggled.connect(self._set_any_offset)
        self.show_it.clicked.connect(lambda *_: self._show_picked())

    def _lay_out(self) -> None:
        question = QWidget()
        row = FlowLayout(question, spacing=theme.SPACE)
        within = in_a_row(label("with accuracy (all) within"), self.points, label("points of plain training"))
        for part in (self.lowest, within, self.any_offset, self.show_it):
            row.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(question)
        layout.addWidget(self.reason)

    def refresh(self) -> None:
        """Answer for the workspace's candidates; hidden where there is nothing to choose."""
        contenders = self._workspace.recommending.contenders()
        self.setVisible(contenders is not None)
        if contenders is None:
            return
        (plain, candidates), chosen = contenders, self._workspace.recommending.subset
        self.lowest.setText(f"Lowest NFR ({SUBSET_WORDS[flipping_subset(plain, chosen)]})")
        if not self.any_offset.isChecked():
            self._asked = ()
            self._tell()
            return
        tolerance = self._workspace.recommending.tolerance
        asked = (plain, *candidates.values(), tolerance, chosen)
        busy = self._job is not None and not self._job.is_finished
        if asked == self._asked and (busy or self.picked is not None):
            return
        self._asked = asked
        self._start(partial(recommend, plain, candidates, tolerance, any_offset=True, subset=chosen))

    def _start(self, work: partial[Recommendation]) -> None:
        if self._job is not None:
            self._job.cancel()
        self._take(None)
        self.reason.setText("Looking at every offset of every candidate …")
        self._job = PoolJob(
            "Choosing a candidate and its offset",
            work,
            self._take,
            lambda sentence, detail: self._workspace.message.emit("error", sentence, detail),
            self,
        )
        self._job.start()

    @property
    def picked(self) -> Recommendation | None:
        """What is recommended now; None while it is being looked for."""
        return self._workspace.recommending.picked

    def _take(self, picked: Recommendation | None) -> None:
        self._workspace.recommending.tell(picked)
        self._tell()

    def _tell(self) -> None:
        picked = self.picked
        reason = self._named(picked) if picked else ""
        self.reason.setText(f"★ {reason}" if picked and picked.key else reason)
        self.show_it.setEnabled(bool(picked and picked.key))

    def _named(self, picked: Recommendation) -> str:
        """The reason, with the version as it is called in this window."""
        version = self._workspace.version(picked.key)
        recorded = version.predictions.version if version is not None and version.predictions is not None else ""
        return picked.reason.replace(recorded, version.label, 1) if version and recorded else picked.reason

    def _set_tolerance(self, points: float) -> None:
        self._workspace.recommending.tolerance = points / 100
        self._workspace.recommending.forget()
        self.refresh()
        self._workspace.recommending.changed.emit()

    def _set_any_offset(self, on: bool) -> None:
        self._workspace.recommending.choose(on)
        self.refresh()

    def _show_picked(self) -> None:
        picked = self.picked
        if picked is not None and picked.key:
            self._workspace.set_current(picked.key)
            self._workspace.set_offset(picked.gamma)
