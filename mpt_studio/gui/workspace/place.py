"""What is open and what of it is looked at, as plain values, so that it can be kept and brought back."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from mpt_studio.compare import Comparison, Decision, QueryError, parse, to_text, vocabulary
from mpt_studio.compare.finding.arrange import Key
from mpt_studio.errors import UserError
from mpt_studio.gui.widgets.plain import listed, short_spec
from mpt_studio.gui.workspace.browsing import GroupBy
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace
from mpt_studio.store import Search


@dataclasses.dataclass(frozen=True)
class Kept:
    """One version: where it is opened from."""

    key: str
    label: str = ""
    run: str = ""
    """Id of a run of the store; empty for files."""
    path: str = ""
    weights: str = ""
    """Of a mixture: the candidate's weights, beside the share of the old model's."""
    alpha: float = 0.0


@dataclasses.dataclass(frozen=True)
class Place:
    """All that a restart brings back of the workspace."""

    update: str = ""
    data: str = ""
    versions: tuple[Kept, ...] = ()
    old: str = ""
    current: str = ""
    offsets: dict[str, float] = dataclasses.field(default_factory=dict)
    filter: str = ""
    """As the search field writes it; a region of the map has no words and is not kept."""
    sort: Key = "margin_drop"
    descending: bool = True
    group: GroupBy = ""
    sample: str = ""
    """Id of the selected one."""

    @property
    def is_empty(self) -> bool:
        return not (self.update or self.data or self.versions)


def place_of(opened: Opened) -> Place:
    """What is open now."""
    comparison, row = opened.comparison(), opened.selected
    gammas = {version.key: opened.offsets.of(version.key) for version in opened.versions}
    return Place(
        update=opened.update_id,
        data=opened.dataset.spec if opened.dataset is not None else "",
        versions=tuple(map(_kept, opened.versions)),
        old=opened.old.key if opened.old else "",
        current=opened.current.key if opened.current else "",
        offsets={key: gamma for key, gamma in gammas.items() if gamma and math.isfinite(gamma)},
        filter=to_text(opened.filter),
        sort=opened.sort_key,
        descending=opened.sort_descending,
        group=opened.group_by,
        sample="" if comparison is None or row is None else str(comparison.sample_ids[row]),
    )


def _kept(version: Version) -> Kept:
    mixed = version.mixed or Decision("")
    is_run = bool(version.run) and version.key == version.run
    path = "" if is_run else version.source or version.key
    return Kept(version.key, version.label, version.run if is_run else "", path, mixed.weights, mixed.alpha)


class Returning(QObject):
    """Brings a place back: opens what is there, tells what is gone in one sentence, then goes where it was looked at.

    Whoever opens something else meanwhile ends it.
    """

    ended = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._place = Place()
        self._quiet = self._is_settled = False
        self.is_busy = False
        self._filter = workspace.filter
        workspace.attempted.connect(self._give_way)
        for signal in (workspace.comparison_changed, workspace.versions_changed, workspace.data_changed):
            signal.connect(self._go_on)
        workspace.opening.changed.connect(self._go_on)
        workspace.loading.changed.connect(self._go_on)

    def bring_back(self, place: Place) -> None:
        """Open what the place names, instead of what is open."""
        self._place, self._quiet, self._is_settled, self.is_busy = place, True, False, True
        gone = self._open_all()
        self._quiet, self._filter = False, self._workspace.filter
        if gone:
            rest = "; the rest is open" if len(gone) < len(place.versions) + bool(place.data) else ""
            sentence = f"What was open is not all there any more: {listed(gone)}{rest}."
            self._workspace.message.emit("warning", sentence, "\n".join(gone))
        self._go_on()

    def _open_all(self) -> list[str]:
        """Names of what is gone."""
        place, workspace = self._place, self._workspace
        if place.update and self._is_followed():
            return []
        gone = [] if not place.update or self._open_update() else [f"the update {place.update}"]
        self._open_data(gone)
        there = {version.key for version in workspace.versions}
        files = []
        for kept in place.versions if not place.update or not gone else ():
            if kept.key in there:
                continue
            if kept.run and self._has_run(kept.run):
                workspace.opening.open_run(kept.run)
            elif kept.path and Path(kept.path).exists():
                files.append(Path(kept.path))
            else:
                gone.append(kept.label or kept.key)
        if files:
            workspace.opening.open(files)
        return gone

    def _is_followed(self) -> bool:
        """Whether the update trains or waits: it opens by itself, version by version."""
        try:
            update = self._workspace.store.update(self._place.update)
        except UserError:
            return False
        return not update.result and (update.is_active or update.outcome == "queued")

    def _open_update(self) -> bool:
        try:
            job = self._workspace.store.job(self._place.update)
        except UserError:
            return False
        if isinstance(job, Search):
            return self._open_search(job)
        return bool(job.result) and self._workspace.opening.open_update(job.id)

    def _open_search(self, search: Search) -> bool:
        """The trial that was looked at, or the outcome."""
        of, _, number = self._place.current.rpartition("/")
        if of == search.id and number.isdigit():
            return self._workspace.searching.open_trial(search, int(number))
        return bool(search.result) and self._workspace.searching.open_outcome(search)

    def _open_data(self, gone: list[str]) -> None:
        spec = self._place.data
        where = spec.partition(":")[2]
        if where and not Path(where).exists():
            gone.append(short_spec(spec))
        elif spec:
            self._workspace.loading.open(spec)

    def _has_run(self, run: str) -> bool:
        try:
            found = self._workspace.store.run(run)
        except UserError:
            return False
        return found.checkpoint is not None or found.predictions() is not None

    @Slot()
    def _give_way(self) -> None:
        if self.is_busy and not self._quiet:
            self._end()

    @Slot()
    def _go_on(self) -> None:
        """Once all versions are here: who is who; once they are compared: what is looked at."""
        if not self.is_busy or self._quiet or any(not item.is_over for item in self._workspace.opening.items):
            return
        self._quiet = True
        if not self._is_settled:
            self._is_settled = True
            self._settle()
        comparison = self._workspace.comparison()
        waits = not self._workspace.update_id and bool(
            self._workspace.loading.spec
        )  # answers may be fitted to the data
        if comparison is not None and not waits:
            self._look(comparison)
            self._end()
        elif len(self._workspace.versions) < 2 and not waits:
            self._end()
        self._quiet = False

    def _settle(self) -> None:
        workspace, place = self._workspace, self._place
        for kept in place.versions:
            version = workspace.version(kept.key)
            if version is not None:
                version.mixed = Decision(kept.weights, kept.alpha) if kept.weights else None
                workspace.rename(kept.key, kept.label)
        workspace.set_old(place.old)
        workspace.set_current(place.current)

    def _look(self, comparison: Comparison) -> None:
        """Where nobody has chosen something else by now."""
        workspace, place = self._workspace, self._place
        for key, gamma in place.offsets.items():
            if workspace.version(key) is not None:
                workspace.offsets.set(key, gamma)
        if workspace.filter is self._filter:
            workspace.sort_key, workspace.sort_descending = place.sort, place.descending
            workspace.group_by = place.group
            with contextlib.suppress(QueryError):  # it names a class or a column that is no more
                workspace.filter = parse(place.filter, vocabulary(comparison))
            workspace.set_filter(workspace.filter)
        found = np.flatnonzero(comparison.sample_ids == place.sample)
        if len(found) and workspace.selected is None:
            workspace.select(int(found[0]))

    def _end(self) -> None:
        self.is_busy = False
        self.ended.emit()
