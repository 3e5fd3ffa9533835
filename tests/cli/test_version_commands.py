"""Commands on versions that exist: compare, evaluate, inspect; and how Ctrl+C ends them."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from mpt_studio.cli.terminal import Terminal

from .conftest import TINY, run


def test_that_compare_takes_runs_checkpoints_and_predictions_alike(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    old, new = updated["old"], updated["candidates"][1]
    results = []
    for kind in ("run", "checkpoint", "predictions"):
        code, out, _ = run(capsys, "compare", old[kind], new[kind], "--store", str(store), "--json")
        assert code == 0
        results.append(json.loads(out))
    assert results[0] == results[1] == results[2]
    assert results[0]["old_classes"]["nfr"] == new["old_classes"]["nfr"]


def test_that_comparing_runs_with_predictions_does_not_import_torch(store: Path, updated: dict[str, Any]) -> None:
    import subprocess
    import sys

    old, new = updated["old"]["run"], updated["candidates"][1]["run"]
    code = (
        "import sys; from mpt_studio.__main__ import main; "
        f"code = main(['compare', {old!r}, {new!r}, '--store', {str(store)!r}, '--json']); "
        "assert 'torch' not in sys.modules and 'PySide6' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_that_evaluate_writes_predictions_equal_to_the_runs_own(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any], tmp_path: Path
) -> None:
    new = updated["candidates"][0]
    out = tmp_path / "out"
    code, text, _ = run(
        capsys, "evaluate", new["checkpoint"], "--data", "builtin", "-o", str(out), "--store", str(store), "--json"
    )
    assert code == 0
    assert json.loads(text)["all"]["accuracy"] == new["all"]["accuracy_new"]
    assert np.array_equal(np.load(out / "logits.npy"), np.load(Path(new["predictions"]) / "logits.npy"))


def test_that_compare_reads_npz_with_classes_in_another_order_and_writes_a_csv(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # three samples of classes a, a, b; old knows a and b and is right on all; new (columns c, b, a) loses the second
    ids = np.array(["1", "2", "3"])
    old, new = np.array([[2, 0], [2, 0], [0, 2]]), np.array([[0, 3, 1], [3, 0, 1], [0, 1, 3]])
    np.savez(tmp_path / "old.npz", sample_ids=ids, labels=np.array([0, 0, 1]), logits=old, class_names=["a", "b"])
    np.savez(
        tmp_path / "new.npz", sample_ids=ids[::-1], labels=["b", "a", "a"], logits=new, class_names=["c", "b", "a"]
    )
    table = tmp_path / "samples.csv"
    code, out, _ = run(
        capsys, "compare", str(tmp_path / "old.npz"), str(tmp_path / "new.npz"), "--json", "--csv", str(table)
    )
    assert code == 0
    record = json.loads(out)
    assert (record["all"]["negative_flips"], record["all"]["both_right"], record["all"]["samples"]) == (1, 2, 3)
    assert record["all"]["new_class_intrusion"] == 1.0
    assert record["new_classes"]["samples"] == 0
    assert record["new_classes"]["nfr"] is None
    assert len(table.read_text().splitlines()) == 4
    # of the second, a has 0.88 w + 0.11 (1 − w) and c has 0.84 (1 − w)
    best = {"weight": 0.46, "nfr_old_classes": 0.0, "nfr_all": 0.0, "accuracy_all": 1.0, "accuracy_new_classes": None}
    assert record["fusion"] == best | {"needs": "both models must be served"}
    _, text, _ = run(capsys, "compare", str(tmp_path / "old.npz"), str(tmp_path / "new.npz"))
    line = "Fusion: 0.46 · old + 0.54 · update, of probabilities, has an NFR (old classes, n=3) of 0.0 % at an accuracy"
    assert f"{line} (all, n=3) of 100.0 %; both models must be served." in text


@pytest.fixture
def judged(tmp_path: Path) -> list[str]:
    """Old is right on all of a1, a2, b1, b2; new loses a2 (to b) and gains nothing."""
    ids, logits = np.array(["a1", "a2", "b1", "b2"]), np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    new = logits.copy()
    new[1] = [0, 2]
    for name, values in (("old", logits), ("new", new)):
        np.savez(tmp_path / name, sample_ids=ids, labels=["a", "a", "b", "b"], logits=values, class_names=["a", "b"])
    return ["compare", str(tmp_path / "old.npz"), str(tmp_path / "new.npz")]


def test_that_compare_exits_3_and_names_every_criterion_with_threshold_value_and_samples(
    capsys: pytest.CaptureFixture[str], judged: list[str], tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text("a2\nb1\nelsewhere\n")
    options = ["--must-not-flip", str(tmp_path / "list.txt"), "--max-nfr", "0.3", "--max-class-nfr", "0.25"]
    code, out, _ = run(capsys, *judged, *options, "--min-accuracy-gain", "0", "--json")
    assert code == 3
    verdict = json.loads(out)
    assert (verdict["verdict"], verdict["passed"]) == ("hold", False)
    found = {c["name"]: (c["passed"], c["threshold"], c["value"], c["samples"]) for c in verdict["criteria"]}
    assert found == {
        "must_not_flip": (False, 0, 1, ["a2"]),
        "max_nfr": (True, 0.3, 0.25, []),
        "max_class_nfr": (False, 0.25, 0.5, ["a2"]),
        "min_accuracy_gain": (False, 0, -0.25, ["a2"]),
    }
    assert verdict["unknown_ids"] == {"count": 1, "first": ["elsewhere"]}
    code, out, _ = run(capsys, *judged, *options)
    assert code == 3
    assert "Verdict: hold. Of 3 criteria 1 passes, 2 fail." in out
    assert "Worst class's NFR (old class a, n=2) is 50.00 % [" in out
    assert "at most 25.00 % is asked; by the value alone: its 95 % interval" in out


def test_that_compare_exits_0_when_every_criterion_is_met_and_1_for_a_list_that_is_missing(
    capsys: pytest.CaptureFixture[str], judged: list[str]
) -> None:
    assert run(capsys, *judged, "--max-nfr", "0.25", "--min-accuracy-gain", "-0.25")[0] == 0
    code, _, err = run(capsys, *judged, "--must-not-flip", "absent.txt")
    assert code == 1
    assert "absent.txt could not be read" in err


def test_that_wrong_labels_give_adjusted_rates_beside_the_raw_ones(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    from mpt_studio.flips import Mark
    from mpt_studio.predictions import read_predictions
    from mpt_studio.store import Marks

    old, new = updated["old"]["predictions"], updated["candidates"][0]["predictions"]
    answers = read_predictions(Path(new))
    marks = Marks(store)
    marks.set(answers.data_fingerprint, answers.sample_ids[:3].tolist(), Mark.LABEL_WRONG)
    code, out, _ = run(capsys, "compare", old, new, "--store", str(store), "--json")
    marks.undo(answers.data_fingerprint)
    marks.close()
    record = json.loads(out)
    assert code == 0
    assert record["adjusted"]["all"]["samples"] == record["all"]["samples"] - 3


def test_that_a_table_is_printed_for_people(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    code, out, _ = run(capsys, "resume", updated["update"], "--store", str(store))
    assert code == 0
    assert "NFR" in out
    assert "old classes, n=" in out
    assert "Recommended:" in out
    code, out, _ = run(capsys, "runs", "--store", str(store))
    assert code == 0
    assert updated["update"] in out
    assert updated["old"]["run"] in out


def test_that_inspect_describes_a_checkpoint(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    code, out, _ = run(capsys, "inspect", updated["old"]["checkpoint"], "--json", "--store", str(store))
    record = json.loads(out)
    assert code == 0
    assert record["kind"] == "checkpoint"
    assert record["class_names"] == list("0123456789")
    assert record["role"] == "old"


def test_that_a_missing_version_is_named_by_its_role(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "compare", "old.csv")
    assert (code, "NEW" in err) == (2, True)


def test_that_predictions_cannot_go_where_a_file_is(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    words = ("evaluate", updated["old"]["checkpoint"], "--data", "builtin", "-o", str(taken), "--store", str(store))
    code, _, err = run(capsys, *words)
    assert (code, taken.read_text()) == (1, "mine")
    assert "cannot be a folder for predictions" in err


def test_that_predictions_of_other_data_are_not_compared_under_a_datas_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", sample_ids=["x"], labels=["a"], logits=[[1.0, 0.0]], class_names=["a", "b"])
    code, _, err = run(capsys, "compare", *[str(tmp_path / "a.npz")] * 2, "--data", "builtin")
    assert code == 1
    assert "other data than builtin" in err


def distances(path: Path) -> Path:
    """Forty samples of three classes; the smallest number is the answer."""
    rows = [
        f"{i},{'abc'[i % 3]}," + ",".join(str(0.5 + 3 * (j != i % 3) + 0.01 * i) for j in range(3)) for i in range(40)
    ]
    path.write_text("id,label,a,b,c\n" + "\n".join(rows) + "\n")
    return path


def test_that_what_scores_are_is_asked_and_said_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    table, store = str(distances(tmp_path / "v.csv")), ("--store", str(tmp_path / "store"))
    code, _, error = run(capsys, "compare", table, table, *store)
    assert code == 1
    assert "v.csv: the scores go from 0.5 to 3.89 and add up to nothing; say what they are with --scores" in error
    code, out, _ = run(capsys, "compare", table, table, *store, "--scores", "distances", "--json")
    assert (code, json.loads(out)["all"]["accuracy_new"]) == (0, 1.0)
    assert "negated" in run(capsys, "inspect", table, *store)[1]
    assert run(capsys, "compare", "a.pth", "b.pth", *store, "--scores", "logits")[0] == 2


def test_that_inspect_says_of_a_table_why_it_holds_neither_predictions_nor_images(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    code, _, error = run(capsys, "inspect", str(tmp_path / "t.csv"), "--store", str(tmp_path / "store"))
    assert code == 1
    assert "is a table of neither predictions nor images: t.csv has no column of sample ids" in error
    assert "has no column of paths but 'a', 'b'" in error


class Pressed:
    """Sends a signal when a sentence is shown that begins so, and notes what is shown after it."""

    def __init__(self, sentence: str, number: signal.Signals, times: int = 1) -> None:
        self.sentence, self.number, self.times, self.after = sentence, number, times, 0

    def __call__(self, sentence: str, fraction: float | None) -> None:
        self.after += bool(self.after)
        if sentence.startswith(self.sentence) and not self.after:
            self.after = 1
            for _ in range(self.times):
                signal.raise_signal(self.number)


@pytest.fixture
def version(updated: dict[str, Any]) -> str:
    return str(updated["candidates"][0]["checkpoint"])


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_that_evaluate_stops_at_the_next_batch_and_keeps_nothing(
    version: str, number: signal.Signals, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pressed = Pressed("Evaluating 512 of", number, times)
    monkeypatch.setattr(Terminal, "progress", pressed)
    store = tmp_path / "store"
    code, out, err = run(capsys, "evaluate", version, "--data", "builtin", "--store", str(store))
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted; nothing is left half-written."
    assert pressed.after == 1
    assert not [path for path in store.rglob("*") if path.is_file() and path.parent.name == "test"]


@pytest.mark.parametrize(
    ("sentence", "form"), [("Writing", "onnx"), ("Checking", "pth"), ("Evaluating 1,024 of", "onnx")]
)
def test_that_export_stops_at_the_next_batch_and_keeps_no_file(
    version: str, store: Path, sentence: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pressed, before = Pressed(sentence, signal.SIGINT), psutil.Process().children(recursive=True)
    monkeypatch.setattr(Terminal, "progress", pressed)
    words = ("export", version, "--format", form, "--out", str(tmp_path / "deployed"), "--store", str(store))
    code, out, err = run(capsys, *words)
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted; nothing is left half-written."
    assert pressed.after == 1
    assert not list(tmp_path.iterdir())
    assert psutil.Process().children(recursive=True) == before


def test_that_a_training_that_is_interrupted_between_its_steps_says_how_to_go_on(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Terminal, "progress", Pressed("Evaluating", signal.SIGINT))
    code, out, err = run(capsys, "train", "--data", "builtin", "--store", str(store), *TINY)
    assert (code, out) == (130, "")
    told = re.search("Interrupted; go on with: mpt-studio resume ([^ ]+)$", err.splitlines()[-1])
    assert told
    assert json.loads((store / "runs" / told[1] / "run.json").read_text())["outcome"] == "interrupted"
    monkeypatch.undo()
    assert run(capsys, "resume", told[1], "--store", str(store))[0] == 0
