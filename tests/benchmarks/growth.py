"""How cost grows: ``python tests/benchmarks/growth.py [--json] [--tables classes,images,candidates,versions]``.

Computing of all threads of a process, not time by the clock, so that other programs on the machine matter little;
networks run on one thread. Each size is measured in a process of its own. ``--sizes`` replaces the sizes of the tables.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import growth_store  # noqa: E402
import growth_training  # noqa: E402
from table import Found, Row, machine, table  # noqa: E402


@dataclass(frozen=True)
class Table:
    """``measure(size, folder)`` runs in a process of its own with an empty folder."""

    title: str
    sizes: tuple[int, ...]
    rows: Sequence[Row]
    measure: Callable[[int, Path], Found]


TABLES = {
    "classes": Table(
        "Classes of the update; half of them are the old model's",
        (10, 100, 1000),
        growth_training.CLASSES,
        growth_training.classes,
    ),
    "images": Table(
        "Training images of 16 × 16, memory-mapped",
        (10_000, 100_000, 1_000_000),
        growth_training.IMAGES,
        growth_training.images,
    ),
    "candidates": Table(
        "Candidates of one update that share their teachers: MPT_KL with several margins, 1,000 images, two epochs",
        (1, 2, 4, 8),
        growth_training.CANDIDATES,
        growth_training.candidates,
    ),
    "versions": Table("Runs in a store", (10, 100, 1000), growth_store.ROWS, growth_store.versions),
}


def main() -> None:
    given = _arguments()
    if given.measured:
        name, size, folder = given.measured
        print(json.dumps(TABLES[name].measure(int(size), Path(folder))))
        return
    found = {name: _columns(name, given.sizes or TABLES[name].sizes) for name in given.tables.split(",")}
    if given.json:
        print(json.dumps({"machine": machine(), "tables": found}))
        return
    print(machine())
    for name, columns in found.items():
        print(f"\n{TABLES[name].title}.\n\n{table(TABLES[name].rows, columns, goals=False)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--measured", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _columns(name: str, sizes: Sequence[int]) -> list[Found]:
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            words = [sys.executable, __file__, "--measured", name, str(size), folder]
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
        print(f"{name} {size:,} measured", file=sys.stderr)
        found.append({"samples": size, **json.loads(done.stdout)})
    return found


if __name__ == "__main__":
    main()
