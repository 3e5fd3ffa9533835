"""What the scripts share: sizes measured in processes of their own, one command line, one Markdown table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Found = dict[str, Any]
OWN = "BENCHMARK_OWN_TIME"
"""Tells the measuring processes by which clock to go."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    """The key of its value."""
    title: str
    goal: float | None = None
    """To reach at 10^6 samples."""
    unit: str = "ms"


@dataclass(frozen=True)
class Benchmark:
    """``measure(samples, folder)`` runs in processes of its own, one after the other, on the same folder."""

    script: str
    about: str
    rows: Sequence[Row]
    sizes: Sequence[int]
    prepare: Callable[[int, Path], object]
    """Fills the folder."""
    measure: Callable[[int, Path], Found]
    processes: int = 1
    offers_own: bool = False
    """Whether it computes in one thread, so that its own computing can be measured on a busy machine."""

    def main(self, alone: Callable[[Path], Found] | None = None, alone_rows: Sequence[Row] = ()) -> None:
        """Read the command line, measure, print. ``alone`` is what does not depend on the number of samples."""
        parser = argparse.ArgumentParser(description=self.about)
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        parser.add_argument("--samples", type=int, nargs="+", default=self.sizes)
        if self.offers_own:
            parser.add_argument("--own", action="store_true", help="computing alone, without waiting for others")
        parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
        given = parser.parse_args()
        if given.folder:
            samples = given.samples[0]
            print(json.dumps(self.measure(samples, given.folder) if samples or alone is None else alone(given.folder)))
            return
        if getattr(given, "own", False):
            os.environ[OWN] = "1"
        sizes = [self._of_size(samples) for samples in given.samples]
        single = self._apart(0, None) if alone is not None else {}
        if given.json:
            goals = {row.name: row.goal for row in (*self.rows, *alone_rows) if row.goal is not None}
            print(json.dumps({"machine": machine(), "goals_at_1000000": goals, "sizes": sizes, "alone": single}))
            return
        print(f"{machine()}\n\n{table(self.rows, sizes)}")
        if single:
            print(f"\n{table(alone_rows, [single])}")

    def _of_size(self, samples: int) -> Found:
        found: Found = {"samples": samples}
        with tempfile.TemporaryDirectory() as folder:
            self.prepare(samples, Path(folder))
            for _ in range(self.processes):
                found |= self._apart(samples, Path(folder))
        return found

    def _apart(self, samples: int, folder: Path | None) -> Found:
        with tempfile.TemporaryDirectory() as scratch:
            words = [sys.executable, self.script, "--in", str(folder or scratch), "--samples", str(samples)]
            homes = {name: str(Path(scratch) / name.lower()) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True, env={**os.environ, **homes})
        found: Found = json.loads(done.stdout)
        print(f"{samples:,}" if samples else "the rest", done.stdout.decode().strip(), file=sys.stderr)
        return found


def table(rows: Iterable[Row], columns: Sequence[Found], goals: bool = True) -> str:
    """Markdown: a line per row, a column per size."""
    sized = "samples" in columns[0]
    heads = [f"{column['samples']:,}" for column in columns] if sized else [""]
    heads += [f"goal{' at 10⁶' if sized else ''}"] * goals
    lines = [f"| | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for row in rows:
        values = [_number(column.get(row.name)) for column in columns]
        values += ["" if row.goal is None else f"{row.goal:g}"] * goals
        lines.append(f"| {row.title} [{row.unit}] | {' | '.join(values)} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def machine() -> str:
    """What was measured on, and how busy it was."""
    try:
        cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        name = cpus[0].partition(":")[2].strip()
    except (OSError, IndexError):
        name = platform.processor() or platform.machine()
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores of {name}{load}."
