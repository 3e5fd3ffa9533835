"""A search as it goes on: what is on disk, and what its events have told since. No Qt here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mpt_studio.events import Asked, Ended, Event, Stage, Tried
from mpt_studio.gui.train.state import UpdateState, VersionState, time_left
from mpt_studio.jobs.search.state import SearchState, state_of
from mpt_studio.store import Search, trial_of

ALIVE = ("queued", "running", "paused")


class LiveSearch:
    """``feed`` takes events in; ``state`` is what a picture is drawn of."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._trials = {trial.number: trial for trial in search.trials}
        self._found = search.found
        self._state: SearchState | None = None
        self.outcome = search.outcome
        self.message = search.message
        self.progress = progress_of(search, lambda: self.search)
        self.first = 1 if search.recipe.update.old else 2
        """Versions before the first trial: plain training, and the old model where it is trained, too."""

    @property
    def id(self) -> str:
        return self._search.id

    @property
    def search(self) -> Search:
        """As on disk, with what was told since."""
        return self.state.search

    @property
    def state(self) -> SearchState:
        """What it has done so far."""
        if self._state is None:
            trials = tuple(self._trials[number] for number in sorted(self._trials))
            self._state = state_of(dataclasses.replace(self._search, trials=trials, found=self._found))
        return self._state

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or waits for its turn."""
        return self.outcome in ALIVE

    def feed(self, run: str, event: Event) -> bool:
        """Take an event in; whether it changes what is drawn."""
        self.progress.feed(run, event)
        if not isinstance(event, Tried):
            return False
        trial = trial_of(event.trial)
        self._trials[trial.number] = trial
        self._found = event.found or self._found
        self._state = None
        return True

    def catch_up(self) -> None:
        """Read which version is trained now, for whoever comes late."""
        last: Stage | None = None
        for event in self._search.events():
            last = event if isinstance(event, Stage) else None if isinstance(event, Asked | Ended) else last
            if isinstance(event, Tried) and not event.found:
                self._trials.setdefault(int(event.trial["number"]), trial_of(event.trial))
        if last is not None:
            self.progress.feed("", last)

    def doing(self) -> str:
        """What goes on now, and for how long."""
        version, progress = self.progress.current, self.progress
        if progress.waits:
            return "Waits for the disk"
        if version is None:
            return "Waits for its turn" if self.outcome == "queued" else progress.status
        parts = (self._where(version), version.epoch_text, "paused" if progress.is_paused else "")
        left = time_left(progress.eta) if progress.eta and not progress.is_paused else ""
        return "  ·  ".join(filter(None, (", ".join(filter(None, parts)), left)))

    def _where(self, version: VersionState) -> str:
        place, trials = self.progress.versions.index(version), self._search.recipe.budget.trials
        if place < self.first:
            return f"{version.name} first"
        if place < self.first + trials:
            return f"Trial {place - self.first + 1} of {trials}: {version.name}"
        again = place - self.first - trials + 1
        return f"The best again, {again} of {len(self.progress.versions) - self.first - trials}: {version.name}"


def progress_of(search: Search, now: Callable[[], Search] | None = None) -> UpdateState:
    """How far it is; more trials come before the finalists of the time before (of ``now``, as it is by then)."""
    return UpdateState(search.recipe.update, versions_of(search), anew=lambda: versions_of(now() if now else search))


def versions_of(search: Search) -> list[VersionState]:
    """Everything that will be trained; what is there already is done."""
    budget, first = search.recipe.budget, 1 if search.recipe.update.old else 2
    count = first + budget.trials + (budget.finalists + 1) * budget.finalist_seeds
    made = [VersionState("…", "candidate") for _ in range(count)]
    for trial in (each for each in search.trials if each.outcome != "running"):
        place = first + trial.number - 1
        for version in made[: first if trial.number == 0 else 0] + made[place : place + 1]:
            version.state = "done"
    return made
