"""An update that begins where nothing is open is what is open from then on: its versions come as they begin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject

from mpt_studio.errors import UserError
from mpt_studio.events import Ended, Event, Stage
from mpt_studio.gui.beside.jobs import PoolJob
from mpt_studio.gui.workspace import version as making
from mpt_studio.gui.workspace.loading import Loading
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.opening import Opening
from mpt_studio.gui.workspace.version import Version
from mpt_studio.jobs.plan import plan_of
from mpt_studio.methods import shown
from mpt_studio.predictions import Predictions, read_predictions

_SHOWN = ("old", "reference", "candidate")


class Following(QObject):
    """Follows one update; ends when something else is opened in its place."""

    def __init__(self, opened: Opened, loading: Loading, opening: Opening) -> None:
        super().__init__(opened)
        self._opened, self._loading, self._opening = opened, loading, opening

    def follows(self, update_id: str) -> bool:
        """Whether what is open are this update's versions."""
        return bool(update_id) and self._opened.update_id == update_id

    def begin(self, update_id: str) -> None:
        """Where nothing is open, show the data and the first version at once; nothing is ever replaced."""
        opened = self._opened
        if opened.versions or opened.update_id or self._opening.items or self._loading.spec:
            return
        recipe = opened.store.update(update_id).recipe
        if opened.dataset is None:
            self._loading.open(recipe.data)
        elif opened.dataset.spec != recipe.data:
            return
        first = plan_of(recipe)[0]
        deployed = [making.of_deployed(recipe.old)] if recipe.old else []
        opened.replace([*deployed, _training(update_id, first.label, first.role)], update_id)
        for version in deployed:
            if version.checkpoint:
                self._loading.evaluate_one(version)  # at once where the data are open already, else with them
            else:
                self._read_answers(version)

    def _read_answers(self, version: Version) -> None:
        """Beside the window: the update has imported them, but they are looked at from end to end."""
        PoolJob(
            f"Opening {version.label}",
            lambda: read_predictions(Path(version.key)),
            lambda found: self._take_answers(version, found),
            lambda sentence, _detail: self._opened.refuse(version, sentence),
            self,
        ).start()

    def _take_answers(self, version: Version, found: Predictions) -> None:
        opened = self._opened
        if opened.version(version.key) is not version:
            return
        version.predictions = found
        if opened.dataset is not None:
            making.fit_to(version, opened.dataset)
        opened.answers_changed(version)

    def take(self, update_id: str, events: Iterable[tuple[str, Event]]) -> None:
        """Versions begin and get their answers."""
        for run, event in events if self.follows(update_id) else ():
            if isinstance(event, Stage):
                self._end_others(update_id, event)
                self._begin_version(update_id, event)
            elif isinstance(event, Ended) and run and event.outcome != "interrupted":
                self._end_version(run)

    def _begin_version(self, update_id: str, stage: Stage) -> None:
        opened = self._opened
        first = opened.version(update_id)  # what stood there before its run had an id
        if stage.role not in _SHOWN or opened.version(stage.run) is not None:
            return
        if first is not None and stage.index == 0:
            first.key = first.run = stage.run
            first.method = stage.method
            opened.versions_changed.emit()
        else:
            opened.add_version(_training(stage.run, stage.label, stage.role, stage.method))

    def _end_others(self, update_id: str, stage: Stage) -> None:
        """Those that were ready when the update went on end without a word; others may be trained beside this one."""
        for key in [v.key for v in self._opened.versions if v.is_training]:
            if key not in (update_id, stage.run) and not self._goes_on(key):
                self._end_version(key)

    def _goes_on(self, run: str) -> bool:
        try:
            return self._opened.store.run(run).outcome in ("queued", "running", "paused")
        except UserError:
            return False

    def _end_version(self, run: str) -> None:
        opened, version = self._opened, self._opened.version(run)
        if version is None or not version.is_training:
            return
        made: Version | None = None
        with contextlib.suppress(UserError):
            made = making.of_run(opened.store.run(run))
        if made is None or made.predictions is None:  # it failed or was cancelled: there is no such version
            opened.remove(run)
            return
        version.is_training, version.checkpoint, version.predictions = False, made.checkpoint, made.predictions
        opened.answers_changed(version)

    def end(self, update_id: str) -> None:
        """The update is over: what is not there now will not come."""
        if self.follows(update_id):
            for version in [v for v in self._opened.versions if v.is_training]:
                self._opened.remove(version.key)


def _training(key: str, label: str, role: str, method: str = "") -> Version:
    color = making.FIXED_COLORS.get(role, 0)
    return Version(key, shown(label), role, method=method, color=color, run=key, is_training=True)
