"""The frontier plot as SVG in plain coordinates; Qt's own needs strokes that few viewers draw alike."""

from __future__ import annotations

import numpy as np

from mpt_studio.compare.recommend import SUBSET_WORDS
from mpt_studio.gui import theme
from mpt_studio.gui.curve_data import Line
from mpt_studio.gui.frontier_plot import Curve, FrontierPlot
from mpt_studio.gui.plain import count
from mpt_studio.gui.plot_export import ticks
from mpt_studio.gui.plot_svg import Frame, to_svg

_NAMES = ("candidate", "plain training", "weights mixed with the old model's")
_NONE = np.empty(0)


def frontier_svg(plot: FrontierPlot) -> str:
    """The part of the curves that is in view, with the points at γ = 0 and the one under the slider's offset."""
    frame = _frame(plot)
    lines = [_line(curve) for curve in plot.every_curve]
    picture = to_svg(frame, lines, _NAMES)
    return picture.replace("</svg>", "\n".join([*_points(plot, frame), "</svg>"]))


def _frame(plot: FrontierPlot) -> Frame:
    item, colors = plot.plot.getPlotItem(), theme.colors()
    x, y = (tuple(map(float, bounds)) for bounds in item.getViewBox().viewRange())
    first = plot.every_curve[0] if plot.every_curve else None
    of_all = f"{SUBSET_WORDS[first.subset]}, n={count(first.samples)}" if first else "all"
    of_old = f"old classes, n={count(first.samples_old_classes)}" if first else "old classes"
    return Frame(
        title=f"Accuracy ({of_all}) in %",
        x_label=f"NFR ({of_old}) in %",
        x=(x[0], x[1]),
        y=(y[0], y[1]),
        x_ticks=ticks(item.getAxis("bottom"), *x),
        y_ticks=ticks(item.getAxis("left"), *y),
        log=False,
        text=colors.text,
        faint=colors.border,
        back=colors.panel,
    )


def _line(curve: Curve) -> Line:
    name = _NAMES[2] if curve.is_between else _NAMES[1] if curve.is_plain else _NAMES[0]
    return Line(curve.key, curve.name, name, theme.version_color(curve.color), curve.x, curve.y, _NONE, _NONE)


def _points(plot: FrontierPlot, frame: Frame) -> list[str]:
    """Discs at γ = 0, and a diamond where the slider is."""
    shown = [(c, c.x[c.at_zero], c.y[c.at_zero], 5.0, 0) for c in plot.every_curve if not c.is_between]
    shown += [(c, x, y, 3.0, 0) for c in plot.every_curve if c.is_between for x, y in zip(c.x, c.y, strict=True)]
    if plot.under is not None:
        shown += [(c, plot.under[2], plot.under[3], 4.5, 45) for c in plot.curves if c.key == plot.under[0]]
    return [_point(frame, *point) for point in shown if _inside(frame, point[1], point[2])]


def _inside(frame: Frame, x: float, y: float) -> bool:
    return bool(frame.x[0] <= x <= frame.x[1] and frame.y[0] <= y <= frame.y[1])


def _point(frame: Frame, curve: Curve, x: float, y: float, size: float, turn: int) -> str:
    at_x, at_y = float(frame.to_x(np.array([x]))[0]), float(frame.to_y(np.array([y]))[0])
    style = f'fill="{theme.version_color(curve.color)}" stroke="{frame.text}" stroke-width="1.2"'
    if not turn:
        return f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="{size}" {style}/>'
    box = f'x="{at_x - size:.1f}" y="{at_y - size:.1f}" width="{2 * size}" height="{2 * size}"'
    return f'<rect {box} transform="rotate({turn} {at_x:.1f} {at_y:.1f})" {style}/>'
