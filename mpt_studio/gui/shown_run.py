"""A run in the curves panel: its numbers, how it is told apart, its lines as last drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mpt_studio.gui import theme
from mpt_studio.gui.curve_data import AXES, HIGH, LOW, SERIES_ORDER, VALUE, Axis, Floats, Line, RunCurves, smooth

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
