"""Is a search worth its trials? Its envelope beside the usual methods at any offset, and beside plain training + γ.

    python tests/benchmarks/search_envelope.py --trials 24 --seeds 42,43,44 -- --data builtin --epochs 4
    python tests/benchmarks/search_envelope.py -- --preset head-only --data folder:icons --old deployed.pth --arch ARCH

What follows ``--`` are options of ``mpt-studio search``. For each seed the search begins with the four usual methods,
so that their frontiers are those of its first trials. Prints a table on stderr and one JSON object on stdout: per seed
the least NFR (validation) of plain + γ, of the usual methods and of the search at several accuracies below plain
training's, whether the search is nowhere worse, and the one look at the test part.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mpt_studio.jobs import SearchState, search_state
from mpt_studio.report.text_table import TextTable
from mpt_studio.store import Store, Trial
from mpt_studio.units import told

DROPS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Points below plain training's accuracy at which the envelopes are compared."""
USUAL = ("pct_kl", "mpt_kl", "mpt_lm")
"""The usual methods besides plain training."""


def least(trials: list[Trial], floor: float) -> float | None:
    """The least NFR of any point of any of the trials that is at least so accurate."""
    found = [nfr for trial in trials for nfr, accuracy, _, _ in trial.frontier if accuracy >= floor - 1e-12]
    return min(found, default=None)


def compared(state: SearchState, accuracy: float) -> list[dict[str, Any]]:
    """One row for each drop: plain + γ, the usual methods at any γ, the search."""
    usual = [t for t in state.trials if t.number == 0 or (t.number <= len(USUAL) and t.method in USUAL)]
    rows = []
    for drop in DROPS:
        floor = accuracy - drop / 100
        of = {"plain": usual[:1], "usual": usual, "search": list(state.trials)}
        rows.append({"drop": drop, **{name: least(trials, floor) for name, trials in of.items()}})
    return rows


def nowhere_worse(state: SearchState) -> bool:
    """Whether no point of any trial lies outside the envelope."""
    points = [point for trial in state.trials for point in trial.frontier]
    return all(any(e.nfr <= p[0] + 1e-12 and e.accuracy >= p[1] - 1e-12 for e in state.envelope) for p in points)


def searched(words: list[str], seed: int, trials: int, store: Path) -> dict[str, Any]:
    """One search by the command line, as its user would run it."""
    more = ["--methods", ",".join(("none", *USUAL)), "--seed", str(seed), "--trials", str(trials)]
    command = [sys.executable, "-m", "mpt_studio", "search", *words, *more, "--store", str(store), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    state = search_state(Store(store), result["search"])
    plain = next(row for row in state.trials if row.number == 0)
    accuracy = Store(store).run(plain.run).figures["validation"]["all"]["accuracy"]
    kept = {name: result.get(name) for name in ("sentence", "beats_plain", "against_plain", "noise_floor", "seconds")}
    return {
        "seed": seed,
        "search": result["search"],
        "plain_accuracy": accuracy,
        "validation": compared(state, accuracy),
        "nowhere_worse": nowhere_worse(state),
        "finalists": result["finalists"],
        "test": [tested(row) for row in result.get("test", [])],
        **kept,
    }


def tested(row: dict[str, Any]) -> dict[str, Any]:
    subset = "old_classes" if row["old_classes"]["samples"] else "all"
    return {
        "label": row["label"],
        "nfr": row[subset]["nfr"],
        "nfr_ci95": row[subset]["nfr_ci95"],
        "samples": row[subset]["samples"],
        "accuracy": row["all"]["accuracy_new"],
        "accuracy_new_classes": row["new_classes"]["accuracy_new"],
    }


def table(seeds: list[dict[str, Any]]) -> str:
    """The envelopes on the validation part, then the test part, for each seed."""
    lines = TextTable("seed", "points below plain", "plain + γ", "usual methods, any γ", "search", words=1)
    tests = TextTable("seed", "test part", "NFR [95 %]", "accuracy (all)", "accuracy (new)", words=2)
    for each in seeds:
        for row in each["validation"]:
            rates = ("–" if row[k] is None else f"{100 * row[k]:.2f} %" for k in ("plain", "usual", "search"))
            lines.add_row(str(each["seed"]), f"{row['drop']:g}", *rates)
        for row in each["test"]:
            low, high = row["nfr_ci95"]
            nfr = f"{100 * row['nfr']:.2f} % [{100 * low:.1f}–{100 * high:.1f}]"
            accuracies = (told("share", row[name]) for name in ("accuracy", "accuracy_new_classes"))
            tests.add_row(str(each["seed"]), row["label"], nfr, *accuracies)
    said = "\n".join(f"{each['seed']}: {each['sentence']}" for each in seeds)
    return f"Least NFR (old classes) on the validation part\n{lines}\n\n{tests}\n\n{said}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--seeds", default="42,43,44")
    parser.add_argument("--store", type=Path, default=None, help="where the searches are kept; by default nowhere")
    parser.add_argument("words", nargs="*", help="after --: options of mpt-studio search")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = asked.store or Path(scratch)
        seeds = [searched(asked.words, int(seed), asked.trials, store) for seed in asked.seeds.split(",")]
    print(table(seeds), file=sys.stderr)
    print(json.dumps({"trials": asked.trials, "seeds": seeds}))


if __name__ == "__main__":
    main()
