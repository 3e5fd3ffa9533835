"""Judging by a policy file and by its short form: exit codes, what is printed, sign-offs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import run

CLASSES = ["a", "b", "c"]


def write_versions(folder: Path, flips: int, samples: int = 1000) -> list[str]:
    """The old model knows a and b and is right on them; the update loses ``flips`` of a and gains all of c."""
    truth = np.arange(samples) % 3
    old = np.where(truth == 2, 0, truth)
    new = truth.copy()
    new[np.flatnonzero(truth == 0)[:flips]] = 1
    ids = [f"s{i}" for i in range(samples)]
    labels = [CLASSES[t] for t in truth]
    for name, answers, classes in (("old", old, CLASSES[:2]), ("new", new, CLASSES)):
        logits = np.eye(len(classes), dtype=np.float32)[answers] * 4
        np.savez(folder / name, sample_ids=ids, labels=labels, logits=logits, class_names=classes)
    rows = [f"s{i},{'night' if i % 2 else 'day'}" for i in range(samples)]
    (folder / "meta.csv").write_text("\n".join(["id,camera", *rows]))
    return ["compare", str(folder / "old.npz"), str(folder / "new.npz"), "--store", str(folder / "store")]


@pytest.fixture
def judged(tmp_path: Path) -> list[str]:
    """3 of 667 samples of old classes flip: 0.45 %, [0.15, 1.31]."""
    return write_versions(tmp_path, 3)


def policy(folder: Path, text: str) -> list[str]:
    (folder / "policy.toml").write_text(text)
    return ["--policy", str(folder / "policy.toml")]


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        ("[nfr]\nmax = 0.02\n[accuracy]\nmin_gain = 10", 0, "ship"),
        ("[nfr]\nmax = 0.001", 3, "hold"),
        ("[nfr]\nmax = 0.001\n[review]\ncriteria = ['nfr']", 4, "review"),
        ("[nfr]\nmax = 0.01", 4, "too little evidence"),
        ("[nfr]\nmax = 0.01\n[evidence]\nconfidence = 0", 0, "ship"),
    ],
)
def test_that_each_verdict_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path, text: str, code: int, verdict: str
) -> None:
    got, out, _ = run(capsys, *judged, *policy(tmp_path, text), "--json")
    record = json.loads(out)
    assert (got, record["verdict"]) == (code, verdict)
    names = {"name", "threshold", "value", "interval", "n", "outcome", "samples"}
    assert all(names <= criterion.keys() for criterion in record["criteria"])
    nfr = record["criteria"][0]
    assert (nfr["name"], nfr["n"], nfr["interval"]) == ("max_nfr", 667, record["old_classes"]["nfr_ci95"])
    got, out, _ = run(capsys, *judged, *policy(tmp_path, text))
    assert got == code
    assert f"Verdict: {verdict}. Of " in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--policy", "gone.toml"], 1, "The policy gone.toml could not be read"),
        (["--max-nfr", "2"], 1, "--max-nfr is 2; it is a fraction"),
        (["--max-nfr", "much"], 2, "--max-nfr"),
        (["--confidence", "0.95"], 2, "--confidence says how sure a criterion has to be, and there is none"),
        (["--sign", "Ada"], 2, "A sign-off is --sign NAME on a verdict"),
        (["--max-nfr", "0.5", "--comment", "fine"], 2, "A sign-off is --sign NAME on a verdict"),
    ],
)
def test_that_mistakes_are_told_before_anything_is_compared(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    got, out, err = run(capsys, "compare", "gone.npz", "gone.npz", *words)
    assert (got, out) == (code, "")
    assert said in " ".join(err.replace("│", " ").split())


def test_that_a_policy_without_a_criterion_is_refused(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path
) -> None:
    empty = policy(tmp_path, "[evidence]\nconfidence = 0.9")
    code, _, err = run(capsys, *judged, *empty)
    assert code == 1
    assert "asks for nothing; write a criterion" in err


def test_that_options_alone_judge_by_the_value_and_note_what_the_interval_says(
    capsys: pytest.CaptureFixture[str], judged: list[str]
) -> None:
    code, out, _ = run(capsys, *judged, "--max-nfr", "0.01")
    assert code == 0
    assert "by the value alone: its 95 % interval reaches across that" in out
    code, out, _ = run(capsys, *judged, "--max-nfr", "0.01", "--confidence", "0.95")
    assert code == 4
    assert "more samples would settle it, were the rate to stay" in out


def test_that_options_beside_a_policy_replace_numbers_and_add_a_list(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text("s1\n")
    (tmp_path / "more.txt").write_text("s0\n")  # which flips
    asked = policy(tmp_path, '[nfr]\nmax = 0.02\n[must_not_flip]\nfiles = ["own.txt"]')
    assert run(capsys, *judged, *asked)[0] == 0
    assert run(capsys, *judged, *asked, "--max-nfr", "0.001")[0] == 3
    code, out, _ = run(capsys, *judged, *asked, "--must-not-flip", str(tmp_path / "more.txt"), "--json")
    assert code == 3
    assert [c["key"] for c in json.loads(out)["criteria"][:2]] == ["must_not_flip.own", "must_not_flip.more"]


def test_that_slices_go_by_a_table_of_metadata(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path
) -> None:
    asked = policy(tmp_path, '[slices]\n"camera = night" = { max_nfr = 0.05 }')
    code, _, err = run(capsys, *judged, *asked)
    assert code == 1
    assert "The slice 'camera = night' needs metadata" in err
    code, out, _ = run(capsys, *judged, *asked, "--metadata", str(tmp_path / "meta.csv"))
    assert code == 0
    assert "pass  NFR (camera = night, old classes, n=334) is 0.30 %" in out


def test_that_the_offset_that_is_decided_on_is_judged(capsys: pytest.CaptureFixture[str], judged: list[str]) -> None:
    code, out, _ = run(capsys, *judged, "--min-accuracy-gain", "0.2", "--offset", "5", "--json")
    record = json.loads(out)
    assert (code, record["offset"]) == (3, 5.0)
    assert record["new_classes"]["accuracy_new"] == 0.0  # every answer is an old class
    assert run(capsys, *judged, "--min-accuracy-gain", "0.2")[0] == 0


def test_that_a_verdict_is_signed_off_and_shown_with_it(capsys: pytest.CaptureFixture[str], judged: list[str]) -> None:
    asked = [*judged, "--max-nfr", "0.02"]
    code, out, _ = run(capsys, *asked, "--sign", "Ada L.", "--comment", "looked at all three")
    assert code == 0
    assert "Signed off by Ada L. on 20" in out
    assert out.rstrip().endswith(", ship: looked at all three")
    (signed,) = json.loads(run(capsys, *asked, "--json")[1])["sign_offs"]
    assert (signed["name"], signed["verdict"], signed["is_current"]) == ("Ada L.", "ship", True)
    out = run(capsys, *judged, "--max-nfr", "0.03")[1]
    assert "ship (an earlier verdict: something has changed since): looked at all three" in out


def test_that_a_damaged_sign_off_is_told_and_the_verdict_holds(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path
) -> None:
    asked = [*judged, "--max-nfr", "0.02"]
    assert run(capsys, *asked, "--sign", "Ada")[0] == 0
    (file,) = (tmp_path / "store" / "sign_offs").glob("*.json")
    file.write_text("{")
    code, out, _ = run(capsys, *asked)
    assert code == 0
    assert "is damaged" in out
    assert run(capsys, *asked, "--sign", "Bob")[0] == 1


def test_that_an_update_s_candidates_are_judged_and_the_recommended_one_decides(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any], tmp_path: Path
) -> None:
    resumed = ["resume", updated["update"], "--store", str(store)]
    code, out, _ = run(capsys, *resumed, *policy(tmp_path, "[nfr]\nmax = 0"), "--json")
    record = json.loads(out)
    assert (code, record["verdict"], record["recommended"]["run"]) == (3, "hold", "")
    assert {row["verdict"] for row in record["candidates"]} == {"hold"}
    assert record["recommended"]["nearest"]
    code, out, _ = run(capsys, *resumed, *policy(tmp_path, "[nfr]\nmax = 0"))
    assert code == 3
    assert "Recommended: none. " in out
    assert "verdict" in out
    assert "verdict" not in run(capsys, *resumed)[1]
    one = ["resume", updated["candidates"][0]["run"], "--store", str(store)]
    code, _, err = run(capsys, *one, *policy(tmp_path, "[nfr]\nmax = 0"))
    assert code == 2
    assert "--policy judges an update's candidates" in err
    code, _, err = run(capsys, "update", "--data", "gone:", *policy(tmp_path, "[nfr]\nmux = 0"))
    assert code == 1
    assert "has a key 'mux'" in err
