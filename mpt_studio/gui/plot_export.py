"""Pictures of a plot as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyqtgraph.exporters import ImageExporter
from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

from mpt_studio.errors import UserError

_PNG_WIDTH = 1600


def write_picture(plot: Any, path: Path, kind: str) -> None:
    """Write a ``pg.PlotWidget`` as "png" (at least 1600 px wide) or "svg". Raises ``UserError``."""
    path.unlink(missing_ok=True)
    (_write_svg if kind == "svg" else _write_png)(plot, path)
    if not path.exists():  # both writers fail without a word
        raise UserError(f"The plot could not be written to {path}; choose another folder.")


def _write_png(plot: Any, path: Path) -> None:
    exporter = ImageExporter(plot.getPlotItem())
    exporter.parameters()["width"] = max(_PNG_WIDTH, plot.width())
    exporter.export(str(path))


def _write_svg(plot: Any, path: Path) -> None:
    """Qt's own writer: pyqtgraph's SVG exporter fails on closed paths such as point markers and bands."""
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    size = QSize(plot.width(), plot.height())
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle("MPT Studio")
    painter = QPainter(generator)
    if painter.isActive():
        plot.render(painter, QRectF(0, 0, size.width(), size.height()), plot.viewport().rect())
        painter.end()
