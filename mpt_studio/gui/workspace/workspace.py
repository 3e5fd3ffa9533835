"""The window's state and the parts that work on it, made and wired. Signals, no painting.

Panels read it and listen; every figure they show comes from a ``Comparison`` that is computed once and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mpt_studio.gui.compute.run_on import RunOn
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.gui.workspace.annotations import Tables, Thresholds
from mpt_studio.gui.workspace.costs import Costs
from mpt_studio.gui.workspace.deciding import Deciding
from mpt_studio.gui.workspace.explanations import Explanations
from mpt_studio.gui.workspace.following import Following
from mpt_studio.gui.workspace.judging import Judging
from mpt_studio.gui.workspace.loading import Loading
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.opening import Opening
from mpt_studio.gui.workspace.recommending import Recommending
from mpt_studio.gui.workspace.searches import SearchOpening

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient
    from mpt_studio.store import Store


class Workspace(Opened):
    """What is open, with its parts; each part knows ``Opened`` and those that it is given."""

    def __init__(
        self,
        store: Store,
        worker: WorkerClient | None = None,
        parent: QObject | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(store, worker, parent)
        self.run_on = RunOn(settings or Settings(), worker, self)
        self.judging, self.tables, self.thresholds = Judging(self), Tables(self), Thresholds(self)
        for part in (self.judging, self.tables, self.thresholds):
            self.preparing.append(part.prepare)
            part.changed.connect(self.annotated)
        self.deciding, self.explanations = Deciding(self), Explanations(self)
        self.tables.changed.connect(self.deciding.judge)
        self.recommending, self.costs = Recommending(self, self.deciding), Costs(self)
        self.loading = Loading(self, self.run_on)
        self.opening = Opening(self, self.loading, self.tables)
        self.searching = SearchOpening(self, self.loading)
        self.following = Following(self, self.loading, self.opening)

    def close(self) -> None:
        self.opening.close()
        self.loading.close()
        self.explanations.close()
        self.judging.close()
        self.deciding.close()
        super().close()
