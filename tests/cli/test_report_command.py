"""``mpt-studio report``: each file, each exit code, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mpt_studio.cli.policy_options import EXIT_CODES

from .conftest import run

EASY, HARD = "[nfr]\nmax = 0.9\n[evidence]\nconfidence = 0\n", "[accuracy]\nmin_gain = 90.0\n"


def policy(folder: Path, text: str) -> str:
    path = folder / "policy.toml"
    path.write_text(text)
    return str(path)


def test_that_one_run_writes_every_file_and_the_verdict_is_the_exit_code(
    updated: dict[str, Any],
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    files = {name: tmp_path / f"r.{name}" for name in ("page", "markdown", "junit", "json")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    code, out, _ = run(
        capsys, "report", updated["update"], *words, "--policy", policy(tmp_path, HARD), "--store", str(store)
    )
    assert code == 3
    assert out.startswith("Verdict: hold.")
    record = json.loads(files["json"].read_text("utf-8"))
    assert record["verdict"]["verdict"] == "hold"
    assert [each["run"] for each in record["candidates"]] == [row["run"] for row in updated["candidates"]]
    assert record["versions"]["new"]["run"] in [row["run"] for row in updated["candidates"]]
    assert record["data"]["spec"] == "builtin"
    page = files["page"].read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("data:image/png;base64,") > 0
    assert summary.read_text("utf-8") == "before\n" + files["markdown"].read_text("utf-8")
    suites = ElementTree.fromstring(files["junit"].read_bytes())
    assert suites.find("testsuite/testcase/failure") is not None


def test_that_two_runs_are_reported_with_the_update_around_them(
    updated: dict[str, Any], store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, row = updated["old"]["run"], updated["candidates"][1]
    code, _, err = run(
        capsys, "report", old, row["run"], "--json", str(tmp_path / "r.json"), "--policy", policy(tmp_path, EASY),
        "--store", str(store),
    )  # fmt: skip
    record = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert code == EXIT_CODES[record["verdict"]["verdict"]], err  # so short a training may be one that nobody ships
    assert record["figures"]["all"]["nfr"] == row["all"]["nfr"]
    assert [each["is_this"] for each in record["candidates"]] == [False, True]
    assert record["frontier"]["plain"]


def test_that_a_mixture_is_reported_as_it_is_compared(
    updated: dict[str, Any], store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair, at = [updated["old"]["run"], updated["candidates"][0]["run"]], ["--interpolate", "0.4", "--offset", "0.5"]
    code, out, err = run(capsys, "compare", *pair, *at, "--json", "--store", str(store))
    assert code == 0, err
    compared = json.loads(out)
    code, _, err = run(capsys, "report", *pair, *at, "--json", str(tmp_path / "r.json"), "--store", str(store))
    assert code == 0, err
    record = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (record["interpolation"], record["offset"]) == (compared["interpolation"], compared["offset"]) == (0.4, 0.5)
    assert record["figures"]["all"] == compared["all"] != updated["candidates"][0]["all"]
    assert record["versions"]["new"]["run"] == pair[1]
    assert any("γ = 0.5 and α = 0.4" in sentence for sentence in record["limits"])
    code, _, err = run(capsys, "compare", *pair, "--interpolate", "1.5", "--store", str(store))
    assert (code, "α is 1.5; the share of the old model's weights lies between 0 and 1" in err) == (1, True)


def test_that_predictions_alone_are_reported_and_what_lacks_is_told(
    updated: dict[str, Any], store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name, answers in (("old", "aabb"), ("new", "abbb")):
        path = tmp_path / f"{name}.csv"
        path.write_text("id,label,answer\n" + "".join(f"s{i},{'aabb'[i]},{a}\n" for i, a in enumerate(answers)))
        files.append(str(path))
    code, out, err = run(capsys, "report", *files, "-o", str(tmp_path / "r.html"), "--store", str(store))
    assert code == 0, err
    assert "No images are shown: it is not known which data they are of" in out
    assert "Not judged" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["OLD", "NEW"], 2, "There is nothing to write"),
        (["OLD", "NEW", "-o", "r", "--json", "r"], 2, "Two of the files have the same name"),
        (["UPDATE", "-o", "r", "--old-classes", "a,b"], 2, "leave these options out"),
        (["UPDATE", "-o", "r", "--interpolate", "0.4"], 1, "name the old model and the candidate"),
        (["nothing", "-o", "r"], 1, "nothing"),
        (["OLD", "nothing", "-o", "r"], 1, "nothing"),
        (["UPDATE", "-o", "nowhere\0"], 1, "nowhere"),
        (["UPDATE", "-o", "r", "--policy", "nowhere.toml"], 1, "nowhere.toml"),
    ],
)
def test_that_what_cannot_be_reported_gets_a_sentence(
    words: list[str], code: int, sentence: str, updated: dict[str, Any], store: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    known = {"OLD": updated["old"]["run"], "NEW": updated["candidates"][0]["run"], "UPDATE": updated["update"]}
    found, _, err = run(capsys, "report", *(known.get(word, word) for word in words), "--store", str(store))
    assert found == code
    assert sentence in err
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == []
