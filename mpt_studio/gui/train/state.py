"""How far an update is: its versions, what each does, progress and time left; filled from events. No Qt here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mpt_studio.events import Asked, Ended, Epoch, Event, Note, Paused, Stage, Started, Step
from mpt_studio.gui.workspace.version import FIXED_COLORS
from mpt_studio.jobs.plan import plan_of
from mpt_studio.methods import shown
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store.worked import Stopwatch

_PREPARING = "Preparing…"
State = Literal["waiting", "running", "paused", "done", "stopped", "cancelled", "failed", "interrupted"]


@dataclass
class VersionState:
    """One version of the update while it is made."""

    label: str
    role: str
    color: int = 0
    """Colour index, the one that the version will have on the other pages."""
    run: str = ""
    state: State = "waiting"
    started: Started | None = None
    step: Step | None = None
    epoch: Epoch | None = None
    at: int = 0
    """Optimizer steps done."""
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def name(self) -> str:
        """For people; ``label`` is what its run and its estimate are found by."""
        return shown(self.label)

    @property
    def seconds(self) -> float:
        """Time it took or takes so far, without pauses."""
        return self.watch.seconds

    @property
    def will_be_there(self) -> bool:
        """Whether there is or will be such a version."""
        return self.state not in ("failed", "cancelled")

    @property
    def is_on(self) -> bool:
        """Whether it is being trained."""
        return self.state in ("running", "paused")

    @property
    def fraction(self) -> float:
        """Share of its steps done."""
        if self.state in ("done", "stopped"):
            return 1.0
        return min(1.0, self.at / self.started.steps) if self.started and self.started.steps else 0.0

    @property
    def epoch_text(self) -> str:
        """The epoch that is trained now: "epoch 1 of 2"; empty before the first step."""
        epochs = self.started.epochs if self.started else 0
        return f"epoch {self._begun(epochs)} of {epochs}" if epochs else ""

    def _begun(self, epochs: int) -> int:
        begun = max(self.epoch.epoch + 1 if self.epoch else 1, math.ceil(self.step.epoch) if self.step else 1)
        return min(begun, epochs)

    @property
    def epoch_fraction(self) -> float:
        """Share of that epoch; steps are told now and then, the end of an epoch always."""
        epochs = self.started.epochs if self.started else 0
        done = max(self.step.epoch if self.step else 0.0, self.epoch.epoch if self.epoch else 0)
        return min(1.0, max(0.0, done - self._begun(epochs) + 1)) if epochs else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds left; None while unknown."""
        if self.fraction >= 1.0:
            return 0.0
        return self.step.eta_seconds if self.step else None

    def feed(self, event: Event) -> None:
        """Take one event of the run in."""
        self.watch.feed(event.kind, event.time, isinstance(event, Paused) and event.paused)
        match event:
            case Started():
                self.started, self.state, self.at = event, "running", event.step
            case Step():
                self.step, self.at = event, event.step
            case Epoch():
                self.epoch, self.at = event, event.step
            case Paused():
                self.state = "paused" if event.paused else "running"
            case Ended():
                self.state = event.outcome
            case _:
                pass


class Wish:
    """What a button was clicked for, told until it has happened: the trainer may still be at something else."""

    def __init__(self) -> None:
        self.text = ""
        self._before: tuple[object, ...] = ()

    def after(self, *now: object) -> str:
        """The wish, forgotten once it goes otherwise than before."""
        if now != self._before:
            self._before, self.text = now, ""
        return self.text


@dataclass
class UpdateState:
    """One update. ``versions`` are in the order of training; those to come are there from the start."""

    recipe: UpdateRecipe
    versions: list[VersionState] = field(default_factory=list)
    current: VersionState | None = None
    notes: list[Note] = field(default_factory=list)
    status: str = _PREPARING
    """The last sentence that the trainer said about itself."""
    waits: bool = False
    """Whether it waits for the disk, and goes on by itself."""
    refused: str = ""
    """What was said when it last had to wait for the disk."""
    anew: Callable[[], list[VersionState]] | None = None
    """Its versions when it goes on after an end, where those are other ones than before."""
    estimate: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each version by its label, as estimated before the button was pressed; empty where they were not."""

    def __post_init__(self) -> None:
        self.versions = self.versions or [VersionState(each.label, each.role) for each in plan_of(self.recipe)]
        _give_colors(self.versions)

    @property
    def version_of(self) -> dict[str, VersionState]:
        """Versions that have begun, by run id."""
        return {v.run: v for v in self.versions if v.run}

    @property
    def is_paused(self) -> bool:
        return self.current is not None and self.current.state == "paused"

    def told_of(self, run: str) -> str:
        """Which version a run makes, and how far it is; empty for one that it knows nothing of."""
        version = self.version_of.get(run)
        return ", ".join(filter(None, (version.name, version.epoch_text))) if version is not None else ""

    def feed(self, run: str, event: Event) -> VersionState | None:
        """Take one event in; the version that a ``Stage`` has just begun, else None."""
        if run:
            version = self.version_of.get(run)
            if version is not None:
                version.feed(event)
                if version.state == "running" and not (self.current and self.current.is_on):
                    self.current = version  # of several that are trained at once, the first that began
        elif isinstance(event, Asked | Ended) and self.anew is not None:
            self.versions, self.current, self.status = self.anew(), None, _PREPARING
            _give_colors(self.versions)
        if isinstance(event, Note):
            self._note(event)
        else:
            self._wait(isinstance(event, Paused) and event.paused and event.by_disk)
        return self._begin(event) if isinstance(event, Stage) else None

    def _wait(self, waits: bool) -> None:
        if waits and not self.waits and self.notes:
            self.refused = self.notes[-1].text
        self.waits = waits

    def _note(self, note: Note) -> None:
        if note.level == "info":
            self.status = note.text
        else:
            self.notes.append(note)

    def _begin(self, stage: Stage) -> VersionState:
        while len(self.versions) < max(stage.count, stage.index + 1):
            self.versions.append(VersionState("…", "candidate"))
        version = self.versions[stage.index]
        version.run, version.label, version.role = stage.run, stage.label, stage.role
        if not any(each.is_on for each in self.versions):  # else its own events say when it begins
            version.state = "running" if version.state == "waiting" else version.state
            self.current = version
        _give_colors(self.versions)
        return version

    @property
    def fraction(self) -> float:
        """Share of the whole update, versions counting as they were estimated to take, else alike.

        Those that failed or were cancelled do not count.
        """
        there = [v for v in self.versions if v.will_be_there]
        even = not all(v.label in self.estimate for v in there)
        weights = [1.0 if even else self.estimate[v.label] for v in there]
        return sum(w * v.fraction for w, v in zip(weights, there, strict=True)) / max(sum(weights), 1e-9)

    @property
    def eta(self) -> float | None:
        """Seconds left for all versions, as many at once as there are now; None while unknown."""
        if self.current is None or self.current.eta is None:
            return None
        to_come = [self._expected(v) for v in self.versions if v.state == "waiting"]
        left = [v.eta for v in self.versions if v.is_on and v.eta is not None] or [self.current.eta]
        return max(*left, sum([*left, *to_come]) / len(left))

    def _expected(self, version: VersionState) -> float:
        """Seconds of a version to come: as estimated, by the pace of those before; else as long as those before."""
        assert self.current is not None
        running = self.current.seconds + (self.current.eta or 0.0)
        full = [(v, v.seconds) for v in self.versions if v.state == "done" and v.seconds > 0 and v is not self.current]
        paced = [(v, s) for v, s in (*full, (self.current, running)) if v.label in self.estimate]
        guessed = sum(self.estimate[v.label] for v, _ in paced)
        if version.label in self.estimate and guessed > 0:
            return self.estimate[version.label] * sum(s for _, s in paced) / guessed
        alike = [s for v, s in full if v.role != "old"] or [running]
        return sum(alike) / len(alike)

    def end(self, outcome: str) -> None:
        """The update is over: nothing of it runs any more."""
        self.waits = False
        for version in self.versions:
            if version.is_on:
                version.state = "done" if outcome == "done" else "interrupted"


def _give_colors(versions: Iterable[VersionState]) -> None:
    count = 0
    for version in versions:
        fixed = FIXED_COLORS.get(version.role)
        version.color = count if fixed is None else fixed
        count += fixed is None


def time_left(seconds: float | None) -> str:
    """ "about 3 min left", "40 s left"; empty while unknown."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{max(0, round(seconds))} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min left"
