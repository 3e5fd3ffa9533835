from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mpt_studio.cli import COMMANDS

from .conftest import run


def test_that_update_prints_one_json_object_with_old_and_candidates(updated: dict[str, Any]) -> None:
    assert {"data", "old", "candidates"} <= set(updated)
    assert [c["method"] for c in updated["candidates"]] == ["No_Treatment", "MPT_KL"]
    for candidate in updated["candidates"]:
        assert {"method", "run", "checkpoint", "all", "old_classes", "new_classes"} <= set(candidate)


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


def test_that_old_model_and_old_classes_exclude_each_other(
    capsys: pytest.CaptureFixture[str], updated: dict[str, Any], tmp_path: Path
) -> None:
    old = updated["old"]["checkpoint"]
    code, _, err = run(capsys, "update", "--old", old, "--old-classes", "5", "--store", str(tmp_path))
    assert code == 1
    assert "not both" in err
