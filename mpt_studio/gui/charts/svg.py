"""A plot as SVG text: lines, bands, axes and a legend in plain coordinates that every viewer draws alike. No Qt here.

Neither pyqtgraph's exporter (fails on closed paths) nor Qt's (relies on non-scaling strokes) gives that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from mpt_studio.gui.charts.curve_data import Floats, Line

WIDTH, HEIGHT = 720, 440
LEFT, TOP, RIGHT, BOTTOM = 64, 44, 16, 44
DASHES = ("", "8 5", "2 4", "8 4 2 4", "8 4 2 4 2 4")
_MOST_POINTS = 5000
"""Points of a line in the file; of longer lines every n-th is kept (the CSV has them all)."""
Tick = tuple[float, str]


@dataclass(frozen=True)
class Frame:
    """What the plot shows: ranges as (low, high) in the axes' own values, log10 of them where ``log``."""

    title: str
    x_label: str
    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    log: bool
    text: str = "#1c2128"
    faint: str = "#d3d8df"
    back: str = "#ffffff"

    def to_x(self, values: Floats) -> Floats:
        low, high = self.x
        return LEFT + (values - low) / ((high - low) or 1.0) * (WIDTH - LEFT - RIGHT)

    def to_y(self, values: Floats) -> Floats:
        low, high = self.y
        with np.errstate(divide="ignore", invalid="ignore"):
            shown = np.log10(values) if self.log else values
        return HEIGHT - BOTTOM - (shown - low) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)


def to_svg(frame: Frame, lines: Sequence[Line], names: Sequence[str]) -> str:
    """The picture; ``names`` are the series in the order of their line styles."""
    box = f'x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{frame.back}"/>',
        f'<defs><clipPath id="inside"><rect {box}/></clipPath></defs>',
        f'<text x="{LEFT}" y="20" font-size="15" font-weight="600" fill="{frame.text}">{escape(frame.title)}</text>',
        *_axes(frame),
        '<g clip-path="url(#inside)">',
        *[part for line in lines for part in _band(frame, line)],
        *[part for line in lines for part in _curve(frame, line, DASHES[names.index(line.name) % len(DASHES)])],
        "</g>",
        *_legend(frame, lines, names),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(frame: Frame) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="{frame.faint}"/>']
    low, high = frame.y
    for value, text in frame.y_ticks:
        y = bottom - (value - low) / ((high - low) or 1.0) * (bottom - TOP)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="{frame.faint}" stroke-width="0.5"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{frame.text}">{escape(text)}</text>'
        )
    for value, text in frame.x_ticks:
        x = float(frame.to_x(np.array([value]))[0])
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="{frame.text}">{escape(text)}</text>'
        )
    middle = (LEFT + right) / 2
    label = escape(frame.x_label)
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle" fill="{frame.text}">{label}</text>')
    return parts


def _curve(frame: Frame, line: Line, dash: str) -> list[str]:
    every = -(-len(line.x) // _MOST_POINTS) or 1
    xs, ys = frame.to_x(line.x[::every]), frame.to_y(line.y[::every])
    known = np.isfinite(xs) & np.isfinite(ys)
    runs = np.split(np.arange(len(xs)), np.flatnonzero(np.diff(known.astype(np.int8))) + 1)
    style = f'fill="none" stroke={quoteattr(line.color)} stroke-width="1.3"' + (
        f' stroke-dasharray="{dash}"' if dash else ""
    )
    faint = ' opacity="0.45"' if line.faint else ""
    return [
        f'<polyline points="{_points(xs[run], ys[run])}" {style}{faint}/>' for run in runs if len(run) and known[run[0]]
    ]


def _band(frame: Frame, line: Line) -> list[str]:
    if not len(line.low):
        return []
    floor = 10.0 ** frame.y[0] if frame.log else -np.inf  # zero has no logarithm
    xs = frame.to_x(line.x)
    low, high = frame.to_y(np.maximum(line.low, floor)), frame.to_y(np.maximum(line.high, floor))
    known = np.isfinite(low) & np.isfinite(high)
    outline = _points(np.concatenate([xs[known], xs[known][::-1]]), np.concatenate([high[known], low[known][::-1]]))
    return [f'<polygon points="{outline}" fill={quoteattr(line.color)} fill-opacity="0.15"/>'] if outline else []


def _points(xs: Floats, ys: Floats) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(xs, ys, strict=True))


def _legend(frame: Frame, lines: Sequence[Line], names: Sequence[str]) -> list[str]:
    """Colours of the runs, then the line styles, in one row at the top right."""
    entries = [(label, color, "") for label, color in dict.fromkeys((line.label, line.color) for line in lines)]
    shown = [name for name in names if any(line.name == name for line in lines)]
    if len(shown) > 1:
        entries += [(name.replace("_", " "), frame.text, DASHES[names.index(name) % len(DASHES)]) for name in shown]
    parts, x = [], float(LEFT)
    for text, color, dash in entries:
        stroke = f'stroke={quoteattr(color)} stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")
        parts.append(f'<path d="M{x:.0f} 34h20" {stroke}/>')
        parts.append(f'<text x="{x + 25:.0f}" y="38" font-size="11" fill="{frame.text}">{escape(text)}</text>')
        x += 42 + 6.5 * len(text)
    return parts
