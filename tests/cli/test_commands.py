from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.__main__ import main
from mpt_studio.cli import COMMANDS

TINY = ["--epochs", "1", "--limit-train", "720", "--learning-rate", "0.05", "--precision", "fp32", "--device", "cpu"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(words)
    except SystemExit as left:  # the parser leaves this way
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "store"


@pytest.fixture(scope="module")
def updated(store: Path) -> dict[str, Any]:
    import contextlib
    import io

    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        code = main(["update", "--data", "builtin", "--methods", "none,mpt_kl", "--store", str(store), "--json", *TINY])
    assert code == 0
    return dict(json.loads(caught.getvalue()))


def test_that_update_prints_one_json_object_with_old_and_candidates(updated: dict[str, Any]) -> None:
    assert {"data", "old", "candidates"} <= set(updated)
    assert [c["method"] for c in updated["candidates"]] == ["No_Treatment", "MPT_KL"]
    for candidate in updated["candidates"]:
        assert {"method", "run", "checkpoint", "all", "old_classes", "new_classes"} <= set(candidate)


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
    verdict = json.loads(out)["verdict"]
    assert not verdict["passed"]
    found = {c["name"]: (c["passed"], c["threshold"], c["value"], c["broken_by"]) for c in verdict["criteria"]}
    assert found == {
        "must_not_flip": (False, 0, 1, ["a2"]),
        "max_nfr": (True, 0.3, 0.25, []),
        "max_class_nfr": (False, 0.25, 0.5, ["a2"]),
        "min_accuracy_gain": (False, 0, -0.25, ["a2"]),
    }
    assert verdict["unknown_ids"] == {"count": 1, "first": ["elsewhere"]}
    code, out, _ = run(capsys, *judged, *options)
    assert code == 3
    assert "Verdict: FAILED, 2 of 3 criteria not met." in out
    assert "Worst class's NFR (old class a, n=2) is 50.00 %, at most 25.00 % is asked" in out


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


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["update", "--data", "nowhere"], 1, "nowhere"),
        (["update", "--data", "fashion-mnist:/absent/folder", "--old-classes", "5"], 1, "absent"),
        (["update", "--data", "builtin", "--methods", "none,magic"], 2, "magic"),
        (["update", "--data", "builtin", "--arch", "resnet19"], 1, "resnet1"),
        (["update", "--epochs", "many"], 2, "epochs"),
        (["updat"], 2, "updat"),
        (["compare", "absent", "also-absent"], 1, "absent"),
        (["inspect", "absent.safetensors"], 1, "absent.safetensors"),
        (["evaluate", "absent.safetensors", "--data", "builtin"], 1, "absent.safetensors"),
        (["resume", "absent"], 1, "absent"),
        (["train", "--data", "builtin", "--method", "mpt_kl"], 1, "--old"),
        (["train", "--data", "builtin", "--set", "temperature"], 2, "FIELD=VALUE"),
        (["train", "--data", "builtin", "--set", "temperature=-1"], 2, "temperature"),
        (["gui", "absent.safetensors"], 1, "absent.safetensors"),
        (["update", "--data", "builtin", "--epochs", "0"], 2, "epochs"),
        (["update", "--data", "builtin", "--old-classes", "0,1," * 200 + "magic"], 1, "magic"),
        (["train", "--data", "builtin", "--arch", "resnet19"], 1, "resnet1"),
        (["train", "--data", "builtin", "--device", "xpu9"], 1, "xpu"),
        (["compare", "absent/old.npz", "absent/new.npz"], 1, "no file absent/old.npz"),
    ],
)
def test_that_a_mistake_gets_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    store = [] if words[0] in ("updat", "gui") else ["--store", str(tmp_path)]
    found, out, err = run(capsys, *words, *store)
    assert found == code
    assert sentence in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.pth", "--mean"], "Missing value for argument '--mean'. Expected 3 values."),
        (["a.pth", "--mean", "0.5", "0.5"], "Missing value for argument '--mean'. Expected 3 values."),
        (["a.pth", "--std", "0.5", "--mean", "0", "0", "0"], "Missing value for argument '--std'. Expected 3 values."),
        (["a.pth", "--mean", "0.5", "0.5", "0.5", "0.5"], "Unrecognized options: 0.5"),
        (["a.pth", "--mean", "0.5", "half", "0.5"], "--mean: it takes three numbers, but was given 0.5 half 0.5."),
        (["a.pth", "--image-size"], "Missing value for argument '--image-size'."),
        (["a.pth", "--image-size", "1", "2"], "Unrecognized options: 2"),
        (["a.pth", "--classes"], "Missing value for argument '--classes'."),
        (["a.pth", "--crop"], "Missing value for argument '--crop'."),
        (["a.pth", "--interpolation"], "Missing value for argument '--interpolation'."),
        (["a.pth", "--store"], "Missing value for argument '--store'."),
    ],
)
def test_that_an_option_with_too_few_or_too_many_values_is_refused_without_markup(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    code, out, err = run(capsys, "inspect", *words)
    assert (code, out) == (2, "")
    assert sentence in " ".join(err.replace("│", " ").split())
    assert not any(mark in err for mark in ("[bold]", "[/", "<class", "Traceback"))


def test_that_an_option_of_three_values_leaves_the_next_word_to_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--mean", "0.5", "0.5", "0.5", "--std", "1", "1", "1", str(tmp_path / "absent.pth"))
    code, _, err = run(capsys, "inspect", *words, "--store", str(tmp_path))
    assert (code, "There is no file" in err) == (1, True)


@pytest.mark.parametrize("command", ["compare", "classes", "train", "inspect"])
def test_that_help_speaks_no_programming_language(capsys: pytest.CaptureFixture[str], command: str) -> None:
    _, out, _ = run(capsys, command, "--help")
    assert "{None}|" not in out


def test_that_a_missing_version_is_named_by_its_role(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "compare", "old.csv")
    assert (code, "NEW" in err) == (2, True)


@pytest.mark.parametrize("option", ["--rounds", "--epochs"])
def test_that_a_benchmark_of_nothing_is_refused_before_it_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    code, _, err = run(capsys, "bench", "--cases", "small", option, "0", "--store", str(tmp_path))
    assert (code, err) == (2, f"{option} is 0; it has to be 1 or more.\n")


@pytest.mark.parametrize("command", [*COMMANDS, "gui"])
def test_that_every_command_explains_itself_and_is_in_the_readme(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert "usage" in out
    readme = Path(__file__).parents[2] / "README.md"
    assert f"mpt-studio {command}" in readme.read_text("utf-8") or command == "gui"


def test_that_a_preset_is_a_start_that_options_replace_even_by_a_default(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [
        "update",
        "--preset",
        "published",
        "--data",
        "builtin",
        "--old-classes",
        "10",
        "--methods",
        "none",
        "--epochs",
        "1",
        "--arch",
        "nonesuch",
    ]
    code, _, err = run(capsys, *words, "--store", str(tmp_path))
    assert code == 1
    assert "nonesuch" in err  # --arch replaced the preset's resnet18
    _, out, _ = run(capsys, "update", "--preset", "published", "--help")
    assert "(default: resnet18)" in " ".join(out.split())
    code, _, err = run(capsys, "update", "--preset", "magic")
    assert code == 2
    assert "try-it-now" in err


def test_that_a_refused_training_leaves_no_run_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "train", "--data", "builtin", "--arch", "resnet19", "--store", str(tmp_path))
    _, out, _ = run(capsys, "runs", "--store", str(tmp_path))
    assert "no runs" in out


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


def test_that_old_model_and_old_classes_exclude_each_other(
    capsys: pytest.CaptureFixture[str], updated: dict[str, Any], tmp_path: Path
) -> None:
    old = updated["old"]["checkpoint"]
    code, _, err = run(capsys, "update", "--old", old, "--old-classes", "5", "--store", str(tmp_path))
    assert code == 1
    assert "not both" in err


def test_that_the_list_of_runs_gives_every_rate_its_n(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    _, out, _ = run(capsys, "runs", "--store", str(store))
    assert "(n=2160)" in out
    assert "(n=600)" in out
