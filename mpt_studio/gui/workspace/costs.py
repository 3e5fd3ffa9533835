"""What the open versions cost: read where it was kept, measured in the worker where the user asks for it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from mpt_studio import cost as costs
from mpt_studio.cost import Cost
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import Version


class Costs(QObject):
    """``changed`` follows the begin and the end of a measurement, ``measured`` one that the user waited for."""

    changed, measured = Signal(), Signal()

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._opened = opened
        self._known: dict[str, Cost | None] = {}
        self._job: Job | None = None

    def of(self, version: Version | None) -> Cost | None:
        """None where it was never measured, or has no weights of its own."""
        if version is None or version.predictions is None or version.mixed is not None:
            return None
        sha256 = version.predictions.checkpoint_sha256
        if sha256 and sha256 not in self._known:
            self._known[sha256] = costs.kept(self._opened.store.root, sha256)
        return self._known.get(sha256)

    @property
    def is_known(self) -> bool:
        """Whether anything was measured of a candidate."""
        return any(self.of(version) for version in self._opened.candidates)

    def why_not(self) -> str:
        """Why nothing can be measured now; empty where it can."""
        if self._job is not None:
            return "It is being measured."
        return "" if self._weights() else "No version on show has weights that could be measured."

    def measure(self) -> None:
        """Have the worker measure the old model and all candidates in turns, again where they were measured."""
        worker = self._opened.worker
        if worker is None or self.why_not():
            return
        self._job = worker.request(
            "measure_costs",
            {"versions": self._weights(), "again": True},
            on_result=self._measured,
            on_error=lambda sentence, detail: self._opened.message.emit("error", sentence, detail),
            title="Measuring what versions cost",
        )
        self._job.finished.connect(self._over)
        self._opened.job_started.emit(self._job)
        self.changed.emit()

    def _weights(self) -> list[str]:
        versions = [*filter(None, [self._opened.old]), *self._opened.candidates]
        return [version.checkpoint for version in versions if version.checkpoint and version.predictions is not None]

    def _measured(self, answer: dict[str, Any]) -> None:
        found = [costs.from_json(each["cost"]) for each in answer["versions"] if each["cost"]]
        self._known |= {cost.sha256: cost for cost in found}
        if found:
            where = " and ".join(dict.fromkeys(cost.device for cost in found))
            disturbed = f" {costs.DISTURBANCE}" if any(cost.is_disturbed for cost in found) else ""
            sentence = f"What versions cost was measured on {where}.{disturbed}"
            self._opened.message.emit("warning" if disturbed else "info", sentence, costs.METHOD)
        self.changed.emit()
        self.measured.emit()

    def _over(self) -> None:
        self._job = None
        self.changed.emit()
