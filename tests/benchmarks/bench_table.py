"""A benchmark's record as Markdown: images per second and ratios, costs, and the machine under them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

RATES = ("", "script [images/s]", "ours [images/s]", "bound [images/s]", "ours/script", "ours/bound")
COSTS = ("script / ours / bound", "a round [s]", "to the first step [s]", "peak memory [MB]", "GPU busy [%]")
Side = dict[str, Any]


def told(record: dict[str, Any]) -> str:
    """What was measured, for people."""
    rates, costs, lines = [], [], []
    for case in record["cases"].values():
        if "sides" in case:
            rates.append([case["title"], *_rates(case)])
            costs.append([case["title"], *_costs(case["sides"])])
            lines.extend(_decoding_line(case))
        else:
            lines.append(_comparison_line(case) if "build_seconds" in case else _update_line(case))
    machine = record["machine"]
    where = f"{machine['processor']}, {machine['cpus']} CPUs; {record['device']}; load {record['load_before']}"
    tables = [*_table(RATES, rates), "", *_table(COSTS, costs), ""] if rates else []
    return "\n".join([*tables, *lines, where])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    return [lines[0], "|---|" + "---:|" * (len(heads) - 1), *lines[1:]]


def _rates(case: dict[str, Any]) -> list[str]:
    sides = [_per_second(case["sides"].get(name)) for name in ("script", "ours", "bound")]
    return [*sides, *(_ratio(case, name) for name in ("script", "bound"))]


def _costs(sides: dict[str, Side]) -> list[str]:
    players = [sides.get(name) for name in ("script", "ours", "bound")]
    return [" / ".join(tell(side) if side else "–" for side in players) for tell in (_round, _start, _memory, _load)]


def _round(side: Side) -> str:
    return f"{statistics.median(side['seconds']):,.1f}"


def _start(side: Side) -> str:
    return f"{side['start_seconds']:,.1f}"


def _memory(side: Side) -> str:
    """The GPU's where there is one, else that of all the side's processes."""
    return f"{(side['gpu_peak_bytes'] or side['tree_peak_bytes'] or side['peak_bytes']) / 2**20:,.0f}"


def _load(side: Side) -> str:
    return "–" if side["gpu_load"] is None else f"{100 * side['gpu_load']:.0f}"


def _per_second(side: Side | None) -> str:
    return f"{side['images_per_second']:,.0f}" if side else "–"


def _ratio(case: dict[str, Any], other: str) -> str:
    value = case["ratios"].get(f"ours/{other}")
    return f"{value:.2f}" if value else "–"


def _update_line(case: dict[str, Any]) -> str:
    scripts = sum(case["script_seconds"].values())
    beside = f"the scripts one after the other {scripts:.0f} s: {_ratio(case, 'script')} times"
    return f"{case['title']}: {case['ours_seconds']:.0f} s, {beside}"


def _decoding_line(case: dict[str, Any]) -> list[str]:
    side = case["sides"].get("decode")
    beside = f"{_per_second(side)} images/s, ours beside the slower of that and the bound {_ratio(case, 'limit')}"
    return [f"{case['title']}: decoding alone {beside}"] if side else []


def _comparison_line(case: dict[str, Any]) -> str:
    built, opened = (statistics.median(case[key]) for key in ("build_seconds", "open_seconds"))
    rate = f"{case['samples_per_second']:,.0f} samples/s"
    return f"{case['title']}: built in {built:.1f} s ({rate}), opened with its figures in {1000 * opened:.0f} ms"
