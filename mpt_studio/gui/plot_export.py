"""Pictures of a plot, and the small swatches that stand for a version's colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyqtgraph.exporters import ImageExporter, SVGExporter
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from mpt_studio.errors import UserError


def write_picture(plot_item: Any, path: Path, kind: str) -> None:
    """Write a pyqtgraph plot as "png" (at least 1600 px wide) or "svg". Raises ``UserError``."""
    exporter = ImageExporter(plot_item) if kind == "png" else SVGExporter(plot_item)
    if kind == "png":
        exporter.parameters()["width"] = max(1600, int(plot_item.width()))
    try:
        exporter.export(str(path))
    except OSError as error:
        raise UserError(f"The plot could not be written to {path} ({error.strerror}).") from None
    if not path.exists():
        raise UserError(f"The plot could not be written to {path}; choose another folder.")


def paint_swatch(pixmap: QPixmap, color: str, filled: bool) -> None:
    """Paint a rounded square in ``color``, or only its outline."""
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 2))
    painter.setBrush(QColor(color) if filled else Qt.BrushStyle.NoBrush)
    edge = pixmap.width() - 6
    painter.drawRoundedRect(QRectF(3, 3, edge, edge), 5, 5)
    painter.end()
