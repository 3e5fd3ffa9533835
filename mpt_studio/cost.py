"""What a version costs: parameters, size, operations and latency, as measured on one device.

Figures are in SI units. One FLOP is one floating-point operation, so that a multiplication with its addition are two
(one MAC); counted are those of convolutions, matrix products and attention, for one image.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mpt_studio.made_of import made_of
from mpt_studio.units import count

BATCHES = (1, 32)
"""Images at once whose latency is measured."""
METHOD = (
    "Latency is that of the network alone, on images that lie ready as it takes them, in float32, after a warm-up; "
    "the versions take turns. 1 FLOP is one operation, half a MAC; those of convolutions, matrix products and "
    "attention are counted, for one image."
)

DISTURBED = 3.0
"""Times its median that a p95 has on a machine that does nothing else, at most."""
DISTURBANCE = "Something else ran meanwhile (p95 is far above the median); measure again on a machine that rests."


@dataclass(frozen=True)
class Latency:
    """Of one number of images at once."""

    batch: int
    median_ms: float
    p95_ms: float
    rounds: int

    @property
    def images_per_second(self) -> float:
        """Throughput, from the median."""
        return 1000 * self.batch / self.median_ms

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "images_per_second": self.images_per_second}


@dataclass(frozen=True)
class Cost:
    """Of one file of weights on one device."""

    sha256: str
    """Of the file."""
    bytes: int
    """The file on disk."""
    parameters: int
    flops: int | None
    """Of one image; None for a graph, whose operations are not counted."""
    runtime: str
    """"PyTorch 2.10.0" or "ONNX Runtime 1.20.0"."""
    device: str
    """Where it ran, with the number of threads on a CPU."""
    measured: str
    """When, as "2026-11-30 14:02:11"; versions that took turns have the same."""
    latency: tuple[Latency, ...] = ()

    @property
    def is_disturbed(self) -> bool:
        """Whether some rounds took much longer than others: then something else ran, too."""
        return any(each.p95_ms > DISTURBED * each.median_ms for each in self.latency)

    @property
    def macs(self) -> int | None:
        """Multiplications with their addition."""
        return None if self.flops is None else self.flops // 2

    def at(self, batch: int) -> Latency | None:
        return next((each for each in self.latency if each.batch == batch), None)

    def to_json(self) -> dict[str, Any]:
        latency = [each.to_json() for each in self.latency]
        return {**asdict(self), "macs": self.macs, "latency": latency}


def from_json(values: dict[str, Any]) -> Cost:
    """Raises ``ValueError`` for values that are no cost."""
    latency = [{k: v for k, v in each.items() if k != "images_per_second"} for each in values.get("latency", ())]
    cost = made_of(Cost, {**{k: v for k, v in values.items() if k != "macs"}, "latency": latency})
    if any(not each.median_ms > 0 for each in cost.latency):
        raise ValueError("a latency is not above zero")
    return cost


def file_of(store: Path, sha256: str, device: str) -> Path:
    """Where it is kept what a file of weights costs where one of this description was asked for."""
    return store / "costs" / f"{sha256}_{re.sub('[^a-z0-9]+', '-', device.lower())}.json"


def kept(store: Path, sha256: str, device: str = "") -> Cost | None:
    """What was measured of a file of weights, where a device was asked for or else newest; None where nothing was."""
    pattern = file_of(store, sha256, device).name if device else f"{sha256}_*.json"
    found = [cost for path in (store / "costs").glob(pattern) if (cost := _read(path)) and cost.sha256 == sha256]
    return max(found, key=lambda cost: cost.measured, default=None)


def _read(path: Path) -> Cost | None:
    try:
        return from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None  # it is measured again


@dataclass(frozen=True)
class Column:
    """A figure of cost, as table, terminal and report write it."""

    key: str
    name: str
    """Over a narrow column."""
    told: Callable[[Cost], tuple[str, str]]
    """For people: the figure, and what stands small below it."""
    help: str


def _latency(batch: int) -> Callable[[Cost], tuple[str, str]]:
    def told(cost: Cost) -> tuple[str, str]:
        found = cost.at(batch)
        return (milliseconds(found.median_ms), f"p95 {milliseconds(found.p95_ms)}") if found else ("–", "")

    return told


def _throughput(cost: Cost) -> tuple[str, str]:
    found = cost.at(BATCHES[-1])
    return (f"{found.images_per_second:,.0f}/s", f"batch {found.batch}") if found else ("–", "")


COLUMNS: tuple[Column, ...] = (
    Column("size", "size", lambda cost: (size(cost.bytes), ""), "The file of weights on disk"),
    Column("parameters", "parameters", lambda cost: (thousands(cost.parameters), ""), "Numbers that were learnt"),
    Column(
        "flops",
        "FLOPs",
        lambda cost: ("–", "") if cost.flops is None else (thousands(cost.flops), f"{thousands(cost.flops // 2)} MACs"),
        "Floating-point operations for one image, of convolutions, matrix products and attention; 2 a MAC",
    ),
    *(
        Column(f"latency_{n}", f"ms, batch {n}", _latency(n), f"Median time for {count(n, 'image')} at once, in ms")
        for n in BATCHES
    ),
    Column("throughput", "images/s", _throughput, f"Images a second, {BATCHES[-1]} at once"),
)


def milliseconds(value: float) -> str:
    """ "0.42", "18.3", "1,204": three digits, without the unit."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def thousands(value: int) -> str:
    """ "921", "11.2 k", "25.6 M", "4.1 G"."""
    for unit, large in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= large:
            return f"{value / large:.1f} {unit}"
    return str(value)


def size(value: int) -> str:
    """ "44.7 MB" of bytes."""
    return f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value / 1e3:,.1f} kB"


def beside(old: Cost, new: Cost) -> str:
    """The latency of two versions that took turns, old beside new, in a sentence."""
    parts = [
        f"{milliseconds(after.median_ms)} ms at batch {after.batch} (old model {milliseconds(before.median_ms)}; "
        f"p95 {milliseconds(after.p95_ms)} and {milliseconds(before.p95_ms)})"
        for after in new.latency
        if (before := old.at(after.batch))
    ]
    return f"It answers in {' and '.join(parts)}, {ran_on(new, old)}.{_disturbed(old, new)}"


def alone(cost: Cost) -> str:
    parts = [
        f"{milliseconds(each.median_ms)} ms at batch {each.batch} (p95 {milliseconds(each.p95_ms)})"
        for each in cost.latency
    ]
    return f"It answers in {' and '.join(parts)}, {ran_on(cost)}.{_disturbed(cost)}"


def _disturbed(*costs: Cost) -> str:
    return f" {DISTURBANCE}" if any(cost.is_disturbed for cost in costs) else ""


def ran_on(*costs: Cost) -> str:
    """ "by PyTorch 2.10.0 on cpu (2 threads)", each once."""
    return "; the old model ".join(dict.fromkeys(f"by {cost.runtime} on {cost.device}" for cost in costs))
