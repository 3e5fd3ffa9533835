"""A search whose trials a cluster's workers train side by side, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.events import Ended, Started
from mpt_studio.store import Run, Store

pytest.importorskip("distributed")
QUICK = ["--epochs", "6", "--batch-size", "8", "--learning-rate", "0.02", "--precision", "fp32", "--device", "cpu"]
FEW = ["--trials", "2", "--finalists", "1", "--finalist-seeds", "1", "--max-accuracy-drop", "60"]
ASKED = ["--old-classes", "ant,bee", "--methods", "none,pct_kl,mpt_kl:2", *QUICK, *FEW]


def span(run: Run) -> tuple[float, float]:
    events = list(run.events())
    began, ended = ([event.time for event in events if isinstance(event, kind)] for kind in (Started, Ended))
    return began[0], ended[-1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_that_trials_side_by_side_on_a_cluster_come_to_what_they_do_one_after_the_other(
    tmp_path: Path, shades: Callable[[Path, int], str]
) -> None:
    """Of the first proposals, which are the recipe's own methods: later ones follow from those before."""
    (tmp_path / "clusters.toml").write_text('[desk]\nkind = "local"\nn_workers = 2\n')
    data = shades(tmp_path / "images", 24)

    def searched(store: str, *words: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "mpt_studio", "search", "--data", data, "--store", str(tmp_path / store)]
        done = subprocess.run([*command, "--json", *ASKED, *words], capture_output=True, text=True, timeout=400)  # noqa: PLW1510 - said below
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    alone = searched("alone")
    together = searched("together", "--cluster", "desk", "--clusters", str(tmp_path / "clusters.toml"), "--jobs", "2")
    told = ("number", "label", "parameters", "outcome", "nfr", "accuracy", "offset", "interpolation")
    assert [{key: row[key] for key in told} for row in together["trials"]] == [
        {key: row[key] for key in told} for row in alone["trials"]
    ]
    assert together["envelope"] == alone["envelope"]
    assert together["best"]["label"] == alone["best"]["label"]
    assert together["sentence"] == alone["sentence"]
    store = Store(tmp_path / "together")
    (first, ended), (second, other) = (span(store.run(row["run"])) for row in together["trials"][1:])
    assert max(first, second) < min(ended, other)  # at the same time
    assert len(store.runs()) == len(Store(tmp_path / "alone").runs())
