"""Pictures of a plot as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyqtgraph.exporters import ImageExporter

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.gui.charts.svg import Frame, Tick, to_svg
from mpt_studio.gui.widgets import theme

if TYPE_CHECKING:
    from mpt_studio.gui.charts.plots import CurvePlot

_PNG_WIDTH = 1600


def write_picture(plot: CurvePlot, path: Path, kind: str) -> None:
    """Write a plot as "png" (at least 1600 px wide) or "svg". Raises ``UserError`` or ``OSError``."""
    if not path.parent.is_dir():
        raise UserError(f"{path} could not be written: there is no folder {path.parent}.")
    if kind == "svg":
        paths.write_text(path, to_svg(_frame(plot), plot.shown_lines, plot.names))
    else:
        paths.replace_file(path, lambda temporary: _write_png(plot, temporary))


def _write_png(plot: CurvePlot, path: Path) -> None:
    exporter = ImageExporter(plot.plot.getPlotItem())
    exporter.parameters()["width"] = max(_PNG_WIDTH, plot.plot.width())
    image = exporter.export(toBytes=True)
    if not image.save(str(path), "PNG"):
        raise UserError(f"The picture could not be written to {path.parent}; choose another folder.")


def _frame(plot: CurvePlot) -> Frame:
    item = plot.plot.getPlotItem()
    (x_low, x_high), (y_low, y_high) = item.getViewBox().viewRange()
    c = theme.colors()
    return Frame(
        title=f"{plot.spec.title}, {plot.spec.unit}" if plot.spec.unit else plot.spec.title,
        x_label=plot.x_label,
        x=(x_low, x_high),
        y=(y_low, y_high),
        x_ticks=ticks(item.getAxis("bottom"), x_low, x_high),
        y_ticks=ticks(item.getAxis("left"), y_low, y_high),
        log=plot.log_action.isChecked(),
        text=c.text,
        faint=c.border,
        back=c.panel,
    )


def ticks(axis: Any, low: float, high: float) -> list[Tick]:
    """The axis' own major ticks, with the next finer ones where there are few."""
    found: list[Tick] = []
    for spacing, values in axis.tickValues(low, high, 500)[:2]:
        texts = axis.tickStrings(list(values), 1.0, spacing)
        found += [(float(v), t) for v, t in zip(values, texts, strict=True) if t]
        if len(found) > 3:
            break
    return found
