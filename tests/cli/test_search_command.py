"""``mpt-studio search``: its options, its words, its JSON, and going on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.methods import shown_in
from mpt_studio.store import Store

from .conftest import run

QUICK = ["--epochs", "1", "--batch-size", "16", "--learning-rate", "0.05", "--precision", "fp32", "--device", "cpu"]
SMALL = [
    "--old-classes",
    "2",
    "--trials",
    "2",
    "--finalists",
    "1",
    "--finalist-seeds",
    "none",
    "--max-accuracy-drop",
    "9",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, shades: Callable[[Path, int], str]) -> str:
    return shades(tmp_path_factory.mktemp("shades"), 12)


@pytest.fixture(scope="module")
def searched(store: Path, data: str) -> dict[str, Any]:
    """The one object that ``--json`` prints."""
    command = [sys.executable, "-m", "mpt_studio", "search", "--data", data, "--store", str(store), "--json"]
    done = subprocess.run([*command, *QUICK, *SMALL], capture_output=True, text=True, timeout=280, check=True)
    return dict(json.loads(done.stdout))


def test_that_json_is_one_object_of_trials_envelope_and_best(searched: dict[str, Any]) -> None:
    assert [row["number"] for row in searched["trials"]] == [0, 1, 2]
    keys = {"run", "method", "parameters", "outcome", "nfr", "accuracy", "offset", "interpolation"}
    assert keys <= searched["trials"][1].keys()
    assert searched["envelope"] == sorted(searched["envelope"])
    assert searched["best"]["run"]


def test_that_a_finished_search_is_told_again_as_text(
    searched: dict[str, Any], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "resume", searched["search"], "--store", str(store))
    assert code == 0
    assert out.startswith(f"Search {searched['search']}: 2 trials in ")
    assert "on the test part, once" in out
    assert out.rstrip().endswith(shown_in(searched["sentence"]))


def test_that_a_policy_is_not_passed_over_on_resuming_a_search(
    searched: dict[str, Any], store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.toml").write_text("[nfr]\nmax = 0.1\n", "utf-8")
    words = ("resume", searched["search"], "--policy", str(tmp_path / "policy.toml"), "--store", str(store))
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "is a search; compare its version with the old model" in err


def test_that_more_trials_are_added_and_told_as_they_come(
    searched: dict[str, Any], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "search", "--resume", searched["search"], "--more-trials", "1", "--store", str(store))
    assert code == 0
    assert ": 3 trials in " in out
    assert "looked at 2 times in this search" in out
    assert re.search(r"#3 \S+.*: (NFR .* at an accuracy|Stopped)", err)
    assert "After 3 trials" in err


def test_that_the_list_names_searches(
    searched: dict[str, Any], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "runs", "--store", str(store))
    assert re.search(rf"{searched['search']} +search: Search on folder:", out)
    listed = json.loads(run(capsys, "runs", "--store", str(store), "--json")[1])
    assert [row["id"] for row in listed["searches"]] == [searched["search"]]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--trials", "0"], 2, "trials"),
        (["--search-methods", "mtp_kl"], 2, "There is no method 'mtp_kl'"),
        (["--validation-fraction", "0"], 1, "There is no validation part"),
        (["--more-trials", "3"], 2, "--resume"),
        (["--resume", "nothing"], 1, "There is no search 'nothing'"),
    ],
)
def test_that_what_cannot_be_searched_is_one_sentence(
    words: list[str], code: int, sentence: str, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(
        capsys, "search", "--data", data, "--old-classes", "2", "--store", str(tmp_path / "store"), *QUICK, *words
    )
    assert found[0] == code
    assert sentence in found[2].splitlines()[-1]
    assert Store(tmp_path / "store").searches() == []


def test_that_the_command_line_starts_without_optuna() -> None:
    code = "import sys, mpt_studio.cli.commands, mpt_studio.jobs.search.job; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
