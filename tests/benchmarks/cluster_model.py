"""Where evaluation in shards stops to scale: a simulation with times that were measured on one machine.

    python tests/benchmarks/cluster_model.py --rate 222 2000 --task-ms 3.5 --read-mb 1800 --write-mb 290 --index-s 1.2

Nothing is run: tasks are events in a queue. What is asked for are a worker's images per second with its images in
memory (a table for each rate), the scheduler's time for a task, the file system's megabytes per second for all workers
together, reading and writing, and the seconds in which a million samples' index is opened. Prints tables of workers
against hours, how much of the workers' time is work, and what bounds it.
"""

from __future__ import annotations

import argparse
import heapq
import math
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.jobs.sharded import ranges
from mpt_studio.report.svg import Scale, drawing, element, path
from mpt_studio.report.text_table import TextTable

WORKERS = (1, 10, 20, 50, 100, 200, 500, 1000)
MB = 1e6
COLOURS = ("#2a78d6", "#d6762a", "#3a9a5c")


@dataclass(frozen=True)
class Times:
    """What was measured, or is assumed."""

    rate: float
    """Images per second and worker."""
    task: float
    """Seconds of the scheduler for one task; it does one thing at a time."""
    read: float
    """Bytes per second of the file system for all who read."""
    write: float
    """Bytes per second for all who write, and for who joins the shards."""
    index: float
    """Seconds in which every worker opens the index of these data."""


@dataclass(frozen=True)
class Run:
    seconds: float
    opening: float
    working: float
    joining: float
    efficiency: float
    bound: str


def simulated(samples: int, classes: int, image_bytes: float, workers: int, times: Times) -> Run:
    """One evaluation of a part, shard by shard; the file system serves whoever comes first."""
    cuts, row = ranges(samples, 10), 4.0 * classes
    free = [(times.index, worker) for worker in range(workers)]
    heapq.heapify(free)
    scheduler = disk = last = 0.0
    for start, stop in cuts:
        count = stop - start
        ready, worker = heapq.heappop(free)
        begun = max(ready, scheduler)
        scheduler = begun + times.task
        disk = max(disk, begun) + count * image_bytes / times.read  # images come while others are computed
        computed = max(begun + times.task + count / times.rate, disk)
        disk += count * row / times.write
        done = computed + count * row / times.write
        last = max(last, done)
        heapq.heappush(free, (done, worker))
    joining = samples * row * (1 / times.write + 2 / times.read)  # read, written as one, read for its checksum
    busy = samples / times.rate / workers
    return Run(
        seconds=last + joining,
        opening=times.index,
        working=last - times.index,
        joining=joining,
        efficiency=busy / (last + joining),
        bound=_bound(busy, samples, image_bytes, row, joining, len(cuts), times),
    )


def _bound(busy: float, samples: int, image_bytes: float, row: float, joining: float, tasks: int, times: Times) -> str:
    """What takes the longest of all that cannot be shared out further."""
    parts = {
        "the workers": busy,
        "reading images": samples * image_bytes / times.read,
        "writing answers": samples * row / times.write,
        "joining the shards": joining,
        "the scheduler": tasks * times.task,
        "opening the index": times.index,
    }
    return max(parts, key=lambda name: parts[name])


def plot(runs: dict[float, dict[int, Run]]) -> str:
    """Hours against workers for each rate, both axes logarithmic."""
    most = max(run.seconds for found in runs.values() for run in found.values())
    x = Scale(0.0, math.log10(WORKERS[-1]), 60.0, 560.0)
    y = Scale(0.0, math.ceil(math.log10(most / 3600)), 330.0, 20.0)
    axis = {"stroke": "#888"}
    parts = [
        element("line", x1=60, y1=330, x2=560, y2=330, **axis),
        element("line", x1=60, y1=330, x2=60, y2=20, **axis),
    ]
    for power in range(4):
        parts.append(element("text", str(10**power), x=x(power), y=348, text_anchor="middle", fill="#888"))
        parts.append(element("text", f"{10**power} h", x=52, y=y(power) + 4, text_anchor="end", fill="#888"))
    parts.append(element("text", "workers", x=310, y=368, text_anchor="middle", fill="#888"))
    for (rate, found), colour in zip(runs.items(), COLOURS, strict=False):
        line = [(x(math.log10(n)), y(math.log10(run.seconds / 3600))) for n, run in found.items()]
        name = f"{rate:,.0f} images/s and worker"
        parts.append(element("path", d=path(line), fill="none", stroke=colour, stroke_width=2))
        parts += [element("circle", cx=a, cy=b, r=3, fill=colour) for a, b in line]
        parts.append(element("text", name, x=line[0][0] + 10, y=line[0][1] - 6, fill=colour))
    title = "Hours of an evaluation against the number of workers, simulated"
    return str(drawing(600, 380, title, *parts, xmlns="http://www.w3.org/2000/svg", font_family="sans-serif"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=float, default=1e8)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--image-kb", type=float, default=100.0)
    parser.add_argument("--rate", type=float, nargs="+", required=True)
    parser.add_argument("--task-ms", type=float, required=True)
    parser.add_argument("--read-mb", type=float, required=True)
    parser.add_argument("--write-mb", type=float, required=True)
    parser.add_argument("--index-s", type=float, required=True, help="seconds for a million samples")
    parser.add_argument("--svg", type=Path, default=None)
    asked = parser.parse_args()
    samples = int(asked.images)
    index = asked.index_s * samples / 1e6
    found: dict[float, dict[int, Run]] = {}
    for rate in asked.rate:
        times = Times(rate, asked.task_ms / 1e3, asked.read_mb * MB, asked.write_mb * MB, index)
        found[rate] = {n: simulated(samples, asked.classes, asked.image_kb * 1e3, n, times) for n in WORKERS}
        print(f"{rate:,.0f} images per second and worker", table(found[rate]), sep="\n")
    if asked.svg:
        asked.svg.write_text(plot(found), "utf-8")


def table(runs: dict[int, Run]) -> TextTable:
    made = TextTable("workers", "hours", "opening", "answering", "joining", "work", "bound by")
    for workers, run in runs.items():
        hours = (f"{seconds / 3600:.2f}" for seconds in (run.seconds, run.opening, run.working, run.joining))
        made.add_row(str(workers), *hours, f"{run.efficiency:.0%}", run.bound)
    return made


if __name__ == "__main__":
    main()
