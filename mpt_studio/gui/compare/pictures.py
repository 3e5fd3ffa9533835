"""Charts of the Compare page as files: PNG at twice the screen's resolution, SVG with text that stays text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from mpt_studio import paths
from mpt_studio.compare import SUBSET_WORDS
from mpt_studio.errors import UserError
from mpt_studio.gui.charts.curve_data import Line
from mpt_studio.gui.charts.files import ticks
from mpt_studio.gui.charts.frontier_plot import Curve, FrontierPlot
from mpt_studio.gui.charts.svg import Frame, to_svg
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.plain import count

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


_SCALE = 2.0


def write_charts(charts: Mapping[str, QWidget], frontier: FrontierPlot, folder: Path, kind: str) -> list[Path]:
    """Write each chart as "png" or "svg" into a folder, named by its title.

    The card that holds the frontier is drawn anew as SVG. Raises ``UserError`` or ``OSError``.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}.")
    written = []
    for title, chart in charts.items():
        path = folder / f"{file_name(title)}.{kind}"
        paths.write_bytes(path, _bytes(chart, frontier, kind))
        written.append(path)
    return written


def file_name(title: str) -> str:
    """A title as a file's name: "NFR per class" → "nfr-per-class"."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "chart"


def _bytes(chart: QWidget, frontier: FrontierPlot, kind: str) -> bytes:
    if kind == "svg" and chart.isAncestorOf(frontier):
        return frontier_svg(frontier).encode()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if kind == "svg":
        _paint_svg(chart, buffer)
    else:
        _image(chart).save(buffer, "PNG")  # type: ignore[call-overload]  # its stub says bytes and it takes text
    buffer.close()
    return bytes(data.data())


def _image(chart: QWidget) -> QImage:
    image = QImage(chart.size() * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(QColor(theme.colors().panel))
    chart.render(image, QPoint())
    return image


def _paint_svg(chart: QWidget, buffer: QBuffer) -> None:
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # Tiny 1.2, the default, cannot clip
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(chart.size()))
    generator.setViewBox(chart.rect())
    generator.setResolution(chart.logicalDpiX())
    painter = QPainter(generator)
    painter.fillRect(chart.rect(), QColor(theme.colors().panel))
    chart.render(painter, QPoint())
    painter.end()
