"""What a search's state looks like: the plot's arrays, how the best improved, which parameter mattered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np

from mpt_studio.gui.charts.curve_data import Line
from mpt_studio.gui.charts.search_plot import Floats, SearchPicture
from mpt_studio.gui.search.words import TITLES, sentence
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.bar_list import BarRow
from mpt_studio.jobs.search.state import SearchState
from mpt_studio.jobs.search.telling import ranked
from mpt_studio.store import Trial


def picture_of(state: SearchState) -> SearchPicture:
    """In percent."""
    told = [trial for trial in state.trials if trial.nfr is not None and trial.accuracy is not None]
    at = _percent((trial.nfr or 0.0, trial.accuracy or 0.0) for trial in told)
    return SearchPicture(
        numbers=[trial.number for trial in told],
        x=at[:, 0],
        y=at[:, 1],
        feasible=np.array([trial.is_feasible for trial in told], bool),
        sentences=[f"{sentence(trial)} Click to compare it with the old model." for trial in told],
        frontiers=[_front(trial) for trial in told if trial.number],
        plain=_front(told[0]) if told and told[0].number == 0 else np.empty((0, 2)),
        envelope=_percent((point.nfr, point.accuracy) for point in state.envelope),
        floor=None if state.floor is None else 100 * state.floor,
        best=None if state.best is None else state.best.number,
    )


def _front(trial: Trial) -> Floats:
    return _percent(point[:2] for point in trial.frontier)


def _percent(points: Iterable[Sequence[float]]) -> Floats:
    found = np.array(list(points), np.float64) * 100
    return found if len(found) else np.empty((0, 2))


def improvement(trials: Sequence[Trial]) -> list[Line]:
    """The lowest NFR within the limits after each trial, and plain training's under its offset."""
    over = [trial for trial in trials if trial.outcome != "running"]
    best = accumulate(over, lambda before, trial: ranked([*before, trial])[:1], initial=list[Trial]())
    x = np.array([float(trial.number) for trial in over])
    nothing = np.empty(0)
    lowest = np.array([100 * (found[0].nfr or 0.0) if found else np.nan for found in best][1:])
    lines = [Line("best", "Lowest so far", "nfr", theme.candidate(1), x, lowest, nothing, nothing, markers=len(x) < 60)]
    if over and over[0].number == 0 and over[0].is_feasible:
        flat = np.full(len(x), 100 * (over[0].nfr or 0.0))
        lines.insert(0, Line("plain", "Plain training and γ", "nfr", theme.version_color(0), x, flat, nothing, nothing))
    return lines


def importance(shares: dict[str, float]) -> list[BarRow]:
    """A bar for each parameter, the most important first."""
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return [BarRow(name, TITLES.get(name, name), f"{100 * share:.0f} %", length=share) for name, share in ordered]
