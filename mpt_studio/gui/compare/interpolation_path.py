"""Versions between the old model and the candidate on show: weights mixed, evaluated in the worker, one curve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.compare import Decision, aligned_by_store, compare
from mpt_studio.errors import UserError
from mpt_studio.gui.beside.jobs import Job, PoolJob
from mpt_studio.gui.charts.frontier_curve import WEIGHTS, Curve
from mpt_studio.gui.widgets.flow_layout import bare
from mpt_studio.gui.widgets.plain import label, set_tip
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.predictions import Predictions, read_predictions

_MEANING = (
    "Weights α · old + (1 − α) · update. Such a curve means something only where the update started from the old "
    "model's weights."
)


class Interpolation(QWidget):
    """Button, progress and the sentence that says when the curve means anything."""

    changed = Signal()
    """There is another curve to draw, or one less."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._made: dict[tuple[str, str], tuple[Curve, tuple[str, ...]]] = {}
        self._job: Job | None = None
        self.start, self.stop = QPushButton("Interpolate weights"), QPushButton("Cancel")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Interpolating weights")
        self.meaning = label(_MEANING, wrap=True, muted=True)
        set_tip(self.start, "Evaluate versions between the old model and the candidate on show")
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop)
        row.addStretch(0)
        layout = bare(QVBoxLayout(self), spacing=4)
        layout.addLayout(row)
        layout.addWidget(self.meaning)
        self.start.clicked.connect(lambda *_: self._start())
        self.stop.clicked.connect(lambda *_: self._cancel())
        self._show_running(False)

    def refresh(self) -> None:
        """Follow the versions: offered where both have weights of one architecture, and no curve is there yet."""
        workspace, pair = self._workspace, self._pair()
        keys = {v.key for v in workspace.versions}
        self._made = {k: made for k, made in self._made.items() if keys.issuperset(k)}
        can = pair is not None and workspace.worker is not None and workspace.dataset is not None
        why = _obstacle(*pair) if pair is not None and can else "no weights"
        known = pair is not None and (pair[0].key, pair[1].key) in self._made
        self.setVisible(not why or known or self._job is not None)
        self.start.setVisible(self._job is None and not known and not why)

    def curve(self) -> Curve | None:
        """Of the old model and the candidate on show."""
        pair = self._pair()
        made = self._made.get((pair[0].key, pair[1].key)) if pair is not None else None
        return made[0] if made is not None else None

    def open_point(self, i: int) -> None:
        """Add the i-th version of the curve to the open versions and show it."""
        pair = self._pair()
        made = self._made.get((pair[0].key, pair[1].key)) if pair is not None else None
        if pair is None or made is None:
            return
        folder, alpha = made[1][i], float(made[0].offset[i])
        known = next((v for v in (*self._workspace.versions,) if v.key == folder), None)
        if known is None:
            found = read_predictions(Path(folder))
            name = f"{pair[1].label} α={alpha:g}"
            mixed = Decision(pair[1].checkpoint, alpha)
            self._workspace.add_version(
                Version(folder, name, "candidate", pair[1].method, predictions=found, mixed=mixed)
            )
        self._workspace.set_current(folder)

    def _pair(self) -> tuple[Version, Version] | None:
        old, current = self._workspace.old, self._workspace.current
        return (old, current) if old is not None and current is not None else None

    def _start(self) -> None:
        pair, workspace = self._pair(), self._workspace
        if pair is None or workspace.worker is None or workspace.dataset is None:
            return
        old, new = pair
        self._job = workspace.worker.request(
            "interpolate",
            {"old": old.checkpoint, "update": new.checkpoint, "data": workspace.dataset.spec},
            on_result=lambda answer: self._evaluated(old, new, answer),
            on_error=self._fail,
            on_progress=self._progress,
            title=f"Interpolating {new.label}",
        )
        workspace.job_started.emit(self._job)
        self._show_running(True)

    def _progress(self, sentence: str, fraction: float | None) -> None:
        self.progress.setRange(0, 0 if fraction is None else 100)
        self.progress.setValue(round(100 * (fraction or 0.0)))
        self.progress.setFormat(sentence)

    def _evaluated(self, old: Version, new: Version, answer: dict[str, Any]) -> None:
        before, points = old.predictions, answer["points"]
        if before is None:
            return
        folders = tuple(str(point["predictions"]) for point in points)
        alphas = [float(point["alpha"]) for point in points]
        self._job = PoolJob(
            f"Comparing the versions between {old.label} and {new.label}",
            lambda: _curve(before, new, alphas, folders, self._workspace.store.root),
            lambda curve: self._take((old.key, new.key), curve, folders),
            self._fail,
            self,
        )
        self._job.start()

    def _take(self, key: tuple[str, str], curve: Curve, folders: tuple[str, ...]) -> None:
        self._made[key] = (curve, folders)
        self._end()

    def _fail(self, sentence: str, detail: str) -> None:
        self._workspace.message.emit("error", sentence, detail)
        self._end()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._end()

    def _end(self) -> None:
        self._job = None
        self._show_running(False)
        self.refresh()
        self.changed.emit()

    def _show_running(self, runs: bool) -> None:
        self.progress.setRange(0, 0)
        self.start.setVisible(not runs)
        self.progress.setVisible(runs)
        self.stop.setVisible(runs)


def _obstacle(old: Version, new: Version) -> str:
    """Why weights cannot be mixed; empty where they can."""
    if not old.checkpoint or not new.checkpoint:
        return "Both versions need a checkpoint."
    try:
        kinds = {read_checkpoint(Path(v.checkpoint)).architecture for v in (old, new)}
        if "onnx" in kinds:
            return "An ONNX graph has no weights to mix."
    except UserError as error:
        return str(error)
    return "" if len(kinds) == 1 else "The versions are of different architectures."


def _curve(old: Predictions, new: Version, alphas: Sequence[float], folders: Sequence[str], store: Path) -> Curve:
    """Rates of each version against the old model; the arrays are (alphas,)."""
    made = [compare(*aligned_by_store(old, read_predictions(Path(folder)), store)) for folder in folders]
    nfr = [100 * (c.rates("old_classes").nfr or 0.0) for c in made]
    accuracy = [100 * (c.rates("all").accuracy_new or 0.0) for c in made]
    samples, news = (len(made[0]), made[0].rates("old_classes").samples), made[0].rates("new_classes").samples
    of_new = np.asarray([100 * (c.rates("new_classes").accuracy_new or 0.0) for c in made], float)
    return Curve(
        new.key,
        new.label,
        new.color,
        False,
        np.asarray(alphas, float),
        np.asarray(nfr, float),
        np.asarray(accuracy, float),
        *samples,
        WEIGHTS,
        new_classes=(of_new, news) if news else None,
    )
