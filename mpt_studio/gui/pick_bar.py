"""Picks a candidate: the lowest NFR (old classes) with accuracy (all) within x points of plain training's."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QPushButton, QVBoxLayout, QWidget

from mpt_studio.compare import OffsetRecommendation, Recommendation, recommend_offset
from mpt_studio.gui import theme
from mpt_studio.gui.background import PoolJob
from mpt_studio.gui.flow_layout import FlowLayout
from mpt_studio.gui.plain import label, set_tip
from mpt_studio.gui.workspace import Workspace

_Picked = Recommendation | OffsetRecommendation


class PickBar(QWidget):
    """The question with its number of points, and the answer with its reason."""

    tolerance_changed = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._job: PoolJob | None = None
        self._asked: tuple[object, ...] = ()
        self.picked: _Picked | None = None
        self.points, self.any_offset = QDoubleSpinBox(), QCheckBox("at any logit offset γ")
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
        self.reason = label(wrap=True)
        self._lay_out()
        self.points.valueChanged.connect(self._set_tolerance)
        self.any_offset.toggled.connect(self.refresh)
        self.show_it.clicked.connect(lambda *_: self._show_picked())

    def _lay_out(self) -> None:
        question = QWidget()
        row = FlowLayout(question, spacing=theme.SPACE)
        for part in (
            label("Lowest NFR with accuracy within"),
            self.points,
            label("points of plain training"),
            self.any_offset,
            self.show_it,
        ):
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
        if not self.any_offset.isChecked():
            self._asked = ()
            self._tell(self._workspace.recommendation)
            return
        plain, candidates = contenders
        tolerance = self._workspace.recommending.tolerance
        asked = (plain, *candidates.values(), tolerance)
        if asked == self._asked:
            return
        self._asked = asked
        self._start(partial(recommend_offset, plain, candidates, tolerance))

    def _start(self, work: partial[OffsetRecommendation]) -> None:
        if self._job is not None:
            self._job.cancel()
        self._tell(None)
        self.reason.setText("Looking at every offset of every candidate …")
        self._job = PoolJob(
            "Choosing a candidate and its offset",
            work,
            self._tell,
            lambda sentence, detail: self._workspace.message.emit("error", sentence, detail),
            self,
        )
        self._job.start()

    def _tell(self, picked: _Picked | None) -> None:
        self.picked = picked
        self.reason.setText(f"★ {picked.reason}" if picked and picked.key else picked.reason if picked else "")
        self.show_it.setEnabled(bool(picked and picked.key))

    def _set_tolerance(self, points: float) -> None:
        self._workspace.recommending.tolerance = points / 100
        self._workspace.recommending.forget()
        self.refresh()
        self.tolerance_changed.emit()

    def _show_picked(self) -> None:
        if self.picked is not None and self.picked.key:
            self._workspace.set_current(self.picked.key)
            self._workspace.set_offset(getattr(self.picked, "gamma", 0.0))
