"""Charts of the Compare page as files: PNG at twice the screen's resolution, SVG with text that stays text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.gui import theme
from mpt_studio.gui.frontier_plot import FrontierPlot
from mpt_studio.gui.frontier_svg import frontier_svg

_SCALE = 2.0


def write_charts(charts: Mapping[str, QWidget], folder: Path, kind: str) -> list[Path]:
    """Write each chart as "png" or "svg" into a folder, named by its title.

    A card that holds a frontier plot is drawn anew as SVG. Raises ``UserError`` or ``OSError``.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}.")
    written = []
    for title, chart in charts.items():
        path = folder / f"{file_name(title)}.{kind}"
        paths.write_bytes(path, _bytes(chart, kind))
        written.append(path)
    return written


def file_name(title: str) -> str:
    """A title as a file's name: "NFR per class" → "nfr-per-class"."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "chart"


def _bytes(chart: QWidget, kind: str) -> bytes:
    plot = chart.findChild(FrontierPlot)
    if kind == "svg" and plot is not None:
        return frontier_svg(plot).encode()
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
