"""What two versions cost, as text."""

from __future__ import annotations

from typing import Any

from mpt_studio.compare.tally import SUBSET_WORDS, SUBSETS, Subset
from mpt_studio.cost import COLUMNS, from_json
from mpt_studio.errors import one_sentence
from mpt_studio.report.text_table import TextTable


def cost_report(record: dict[str, Any]) -> str:
    """Old beside new (``jobs.cost``): how it was measured, each figure, and what lacks."""
    versions = [record["old"], record["new"]]
    costs = [from_json(each["cost"]) if each["cost"] else None for each in versions]
    old, new = (one_sentence(each["name"], 40) for each in versions)
    table = TextTable("", f"old model\n{old}", f"update\n{new}")
    for column in COLUMNS if any(costs) else ():
        table.add_row(column.name, *(_cell(*column.told(cost)) if cost else "–" for cost in costs))
    for subset in SUBSETS:
        _add_calibration(table, record["calibration"], subset)
    where = [
        f"{name}: by {cost.runtime} on {cost.device}, measured at {cost.measured}."
        for name, cost in zip(("Old model", "Update"), costs, strict=True)
        if cost
    ]
    return "\n".join([str(table), "", *where, *([record["method"]] if any(costs) else []), *record["notes"]])


def _cell(value: str, small: str) -> str:
    return f"{value} ({small})" if small else value


def _add_calibration(table: TextTable, calibration: dict[str, Any] | None, subset: Subset) -> None:
    found = [((calibration or {}).get(side) or {}).get(subset) for side in ("old", "new")]
    if any(found):
        table.add_row(f"ECE [95 %] ({SUBSET_WORDS[subset]})", *(_ece(each) if each else "–" for each in found))


def _ece(found: dict[str, Any]) -> str:
    if found["ece"] is None:
        return "–"
    low, high = found["ece_ci95"]
    return f"{100 * found['ece']:.1f} % [{100 * low:.1f}–{100 * high:.1f}]"
