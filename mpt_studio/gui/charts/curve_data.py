"""The numbers behind the curves of a run: growing NumPy columns filled from events. No Qt here.

A series is one line of one plot, such as ("loss", "cross_entropy"). Its columns are the three possible x axes, the
value and, where there is one, its 95 % interval.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.events import Epoch, Event, Paused, Started, Step
from mpt_studio.files.tables import shielded
from mpt_studio.gui.widgets import theme

Floats = npt.NDArray[np.float64]
Axis = Literal["step", "epoch", "time"]

STEP, EPOCH, SECONDS, VALUE, LOW, HIGH = range(6)
MOST_ROWS = 4096
"""Of a series: more than a plot has columns of pixels, and 0.2 MB."""
AXES: dict[Axis, int] = {"step": STEP, "epoch": EPOCH, "time": SECONDS}


@dataclass(frozen=True)
class PlotSpec:
    """One plot: its key in series names, its title, and the unit of its values."""

    key: str
    title: str
    unit: str = ""
    description: str = ""
    needs_old: bool = False
    """Whether its values exist only where there is an old model to compare with."""


PLOTS: tuple[PlotSpec, ...] = (
    PlotSpec("loss", "Loss", description="Mean training loss and each of its terms."),
    PlotSpec(
        "accuracy", "Accuracy", "%", "On validation data: all, old and new classes; training on augmented images."
    ),
    PlotSpec(
        "nfr",
        "NFR (old classes)",
        "%",
        "Negative flips against the old model on validation data, with Wilson's 95 % interval.",
        True,
    ),
    PlotSpec(
        "relative_nfr",
        "Relative NFR (old classes)",
        "",
        "NFR over what errors independent of the old model's would give; the band is NFR's interval, scaled alike.",
        True,
    ),
    PlotSpec("learning_rate", "Learning rate"),
    PlotSpec("speed", "Images per second", description="Training images per second of wall-clock time."),
)

SERIES_ORDER: dict[str, tuple[str, ...]] = {
    "loss": ("loss",),
    "accuracy": ("all", "old classes", "new classes", "training"),
}


@dataclass(frozen=True)
class Line:
    """One series of one run, ready to be drawn; arrays are (N,) float64, low and high empty where there is no band."""

    run: str
    label: str
    name: str
    color: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    faint: bool = False
    """An earlier run, drawn behind the others."""
    samples: int = 0
    """How many samples a rate is over; 0 where it is no rate."""
    markers: bool = False
    """Whether each point means something of its own (one per epoch)."""


class Table:
    """Rows of six float64 columns (step, epoch, seconds, value, low, high), at most ``MOST_ROWS`` of them.

    A table that is full makes room: of every four rows the least and the greatest value stay. From then on incoming
    rows wait at its end until they are as many as two kept ones stand for, so that all stretches are equally dense.
    """

    def __init__(self) -> None:
        self._buffer: Floats = np.empty((6, 64))
        self._length = self._settled = 0
        self.version = 0
        """Another one after every change."""
        self._group = 2
        """How many rows two settled ones stand for."""

    def __len__(self) -> int:
        return self._length

    def append(self, row: tuple[float, float, float, float, float, float]) -> None:
        if self._length == MOST_ROWS:
            self._make_room()
        if self._length == self._buffer.shape[1]:
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)], axis=1)
        self._buffer[:, self._length] = row
        self._length += 1
        self.version += 1
        if self._length - self._settled == self._group:
            self._settle()

    def column(self, index: int) -> Floats:
        """(N,) view of one column; valid until rows are appended or truncated."""
        view: Floats = self._buffer[index, : self._length]
        return view

    def truncate_after(self, step: int) -> None:
        """Forget rows past ``step``: a resumed run does them again."""
        kept = int(np.searchsorted(self.column(STEP), step, side="right"))
        self._buffer = self._buffer.copy()  # what is on screen may still be a view of it
        self._length, self._settled = kept, min(self._settled, kept)
        self.version += 1

    def _settle(self) -> None:
        """Of the waiting rows only the extremes stay."""
        if self._group > 2:
            places = self._settled + _extremes(self._buffer[VALUE, self._settled : self._length], self._group)
            self._buffer[:, self._settled : self._settled + len(places)] = self._buffer[:, places]
            self._length = self._settled + len(places)
        self._settled = self._length

    def _make_room(self) -> None:
        places = _extremes(self.column(VALUE), 4)
        room = np.empty_like(self._buffer)
        room[:, : len(places)] = self._buffer[:, places]
        self._buffer, self._group = room, 2 * self._group  # what is on screen may be a view of the one before
        self._length = self._settled = len(places)


def _extremes(values: Floats, stretch: int) -> npt.NDArray[np.int64]:
    """(whole · stretch,) → ascending places of the least and the greatest value of each ``stretch`` successive ones.

    Not-a-number is greater than all.
    """
    rows = np.where(np.isnan(values), np.inf, values).reshape(-1, stretch)
    first = np.arange(0, len(values), stretch)
    return np.unique(np.concatenate([first + rows.argmin(axis=1), first + rows.argmax(axis=1)]))


class RunCurves:
    """All series of one run, filled event by event."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.series: dict[tuple[str, str], Table] = defaultdict(Table)
        self.samples: dict[tuple[str, str], int] = {}
        """How many samples the rates of a series are over."""
        self._origin: float | None = None
        self._idle = 0.0
        self._last = 0.0
        self._paused = False
        for event in events:
            self.add(event)

    def add(self, event: Event) -> bool:
        """Take one event in; whether a curve changed."""
        seconds = self._seconds(event)
        match event:
            case Started():
                for table in self.series.values():
                    table.truncate_after(event.step)
                return event.step > 0
            case Step():
                self._add_step(event, seconds)
            case Epoch():
                self._add_epoch(event, seconds)
            case _:
                return False
        return True

    def _seconds(self, event: Event) -> float:
        """Seconds of work since the run began; pauses and the time between kill and resume do not count."""
        if self._origin is None:
            self._origin = self._last = event.time
        if self._paused or isinstance(event, Started):
            self._idle += max(0.0, event.time - self._last)
        if isinstance(event, Paused):
            self._paused = event.paused
        self._last = max(self._last, event.time)
        return max(0.0, event.time - self._origin - self._idle)

    def _add_step(self, event: Step, seconds: float) -> None:
        at = (float(event.step), float(event.epoch), seconds)
        for name, value in event.losses.items():
            self._append("loss", name, at, value)
        self._append("learning_rate", "learning rate", at, event.learning_rate)
        self._append("speed", "images per second", at, event.images_per_second)

    def _add_epoch(self, event: Epoch, seconds: float) -> None:
        at = (float(event.step), float(event.epoch), seconds)
        for subset, name in (("all", "all"), ("old_classes", "old classes"), ("new_classes", "new classes")):
            rates = event.validation.get(subset)
            if rates and rates.get("accuracy_new") is not None:
                self._append("accuracy", name, at, percent(rates["accuracy_new"]))
                self.samples["accuracy", name] = rates.get("samples", 0)
        self._append("accuracy", "training", at, percent(event.train_accuracy))
        old_classes = event.validation.get("old_classes") or {}
        if old_classes.get("nfr") is not None:
            self._add_flips(old_classes, at)

    def _add_flips(self, rates: Mapping[str, Any], at: tuple[float, float, float]) -> None:
        nfr = rates["nfr"]
        self.samples["nfr", "old classes"] = self.samples["relative_nfr", "old classes"] = rates.get("samples", 0)
        low, high = rates.get("nfr_ci95") or (math.nan, math.nan)
        self._append("nfr", "old classes", at, percent(nfr), (percent(low), percent(high)))
        by_chance = (rates.get("accuracy_old") or 0.0) * (1.0 - (rates.get("accuracy_new") or 0.0))
        if by_chance > 0:
            self._append("relative_nfr", "old classes", at, nfr / by_chance, (low / by_chance, high / by_chance))

    def _append(
        self,
        plot: str,
        name: str,
        at: tuple[float, float, float],
        value: float | None,
        band: tuple[float, float] = (math.nan, math.nan),
    ) -> None:
        self.series[plot, name].append((*at, math.nan if value is None else float(value), *band))


def percent(fraction: float | None) -> float:
    """A fraction in per cent; not a number where it is undefined."""
    return math.nan if fraction is None else 100.0 * float(fraction)


def smooth(values: Floats, amount: float) -> Floats:
    """Exponential moving average without bias towards the start; ``amount`` in [0, 1) is the weight of the past.

    (N,) → (N,). A value that is not a number has no weight: the average of the others carries over it.
    """
    if amount <= 0.0 or len(values) < 2:
        return values
    known = np.isfinite(values)
    total = _decaying_sum(np.where(known, values, 0.0), amount)
    weight = _decaying_sum(known.astype(np.float64), amount)
    with np.errstate(invalid="ignore", divide="ignore"):
        averaged: Floats = total / weight
    return averaged


def _decaying_sum(values: Floats, decay: float) -> Floats:
    """s_i = values_i + decay · s_(i−1), without a Python step per value.

    Inside a block it is a cumulative sum of values scaled by decay^−k; the blocks' ends are the same recurrence with
    decay^block, so the function calls itself. The block is short enough for decay^−k to stay far from overflow.
    """
    if decay < 1e-60:  # nothing of the past is left in a float64
        return values
    block = max(2, min(1024, int(-150.0 / math.log(decay))))
    count = -(-len(values) // block)
    padded = np.zeros((count, block))
    padded.reshape(-1)[: len(values)] = values
    powers = decay ** np.arange(block)
    sums = np.cumsum(padded / powers, axis=1) * powers
    if count > 1:
        ends = _decaying_sum(sums[:, -1].copy(), decay**block)
        sums[1:] += ends[:-1, None] * (powers * decay)
    flat: Floats = sums.reshape(-1)[: len(values)]
    return flat


def nearest(xs: Floats, x: float) -> int | None:
    """Index of the entry of ascending ``xs`` that is closest to ``x``; None where there is none."""
    if len(xs) == 0:
        return None
    right = int(np.searchsorted(xs, x))
    if right == 0:
        return 0
    if right == len(xs):
        return right - 1
    return right if xs[right] - x < x - xs[right - 1] else right - 1


def write_csv(path: Path, runs: Iterable[tuple[str, RunCurves]], plot: str | None = None) -> None:
    """One row per point: run, plot, series, step, epoch, seconds, value, low, high; unsmoothed, all runs given."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["run", "plot", "series", "step", "epoch", "seconds", "value", "low", "high"])
        for label, curves in runs:
            for (key, name), table in curves.series.items():
                if plot in (None, key):
                    columns = [table.column(i) for i in range(6)]
                    out.writerows([shielded(label), key, name, *map(_cell, row)] for row in zip(*columns, strict=True))


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


PER_STEP = frozenset({"loss", "learning_rate", "speed"})
_SMOOTHED = frozenset({"loss", "speed"})
_BANDED = frozenset({"nfr", "relative_nfr"})
_NO_VALUES: Floats = np.empty(0)


@dataclass
class ShownRun:
    """``color`` is the version's colour index (−1 the old model)."""

    run: str
    label: str
    color: int
    overlay: bool = False
    visible: bool = True
    curves: RunCurves = field(default_factory=RunCurves)
    _lines: dict[tuple[str, str], tuple[int, Line]] = field(default_factory=dict)
    """With their table's version."""

    def forget_lines(self) -> None:
        """Colours, the axis or the smoothing are different now."""
        self._lines = {}

    def lines(self, plot: str, axis: Axis, smoothing: float) -> list[Line]:
        """The plot's lines in their order; one whose numbers are the same is the same object as before."""
        order = SERIES_ORDER.get(plot, ())
        names = [name for key, name in self.curves.series if key == plot]
        names.sort(key=lambda n: order.index(n) if n in order else len(order))
        return [self._line(plot, name, axis, smoothing) for name in names]

    def _line(self, plot: str, name: str, axis: Axis, smoothing: float) -> Line:
        now = self.curves.series[plot, name].version
        version, line = self._lines.get((plot, name), (-1, None))
        if line is None or version != now:
            line = self._fresh_line(plot, name, axis, smoothing)
            self._lines[plot, name] = (now, line)
        return line

    def _fresh_line(self, plot: str, name: str, axis: Axis, smoothing: float) -> Line:
        table = self.curves.series[plot, name]
        values = table.column(VALUE)
        return Line(
            run=self.run,
            label=self.label,
            name=name,
            color=theme.version_color(self.color),
            x=table.column(AXES[axis]),
            y=smooth(values, smoothing) if plot in _SMOOTHED else values,
            low=table.column(LOW) if plot in _BANDED else _NO_VALUES,
            high=table.column(HIGH) if plot in _BANDED else _NO_VALUES,
            faint=self.overlay,
            samples=self.curves.samples.get((plot, name), 0),
            markers=plot not in PER_STEP,
        )
