"""``mpt-studio export``, and the worker's job of the same name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.cli import worker
from mpt_studio.cli.commands import main
from mpt_studio.errors import UserError
from mpt_studio.store import Store

pytestmark = pytest.mark.usefixtures("forked")


@pytest.fixture(scope="module")
def version(tmp_path_factory) -> Path:
    """A small network with random weights."""
    import torch

    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.networks.weights import save_network

    torch.manual_seed(0)
    made = Checkpoint(
        architecture="small", small_stem=True, class_names=("cat", "dog"), run="20260101-000000_mpt_kl_abc123",
        preprocessing=Preprocessing(image_size=32, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("version") / "version.safetensors"
    save_network(path, networks.build("small", 2, True, 32).state_dict(), made)
    return path


@pytest.fixture(autouse=True)
def _two_rounds(monkeypatch) -> None:
    """Nobody asks here how long anything takes."""
    from mpt_studio.engine import cost

    monkeypatch.setattr(cost, "MOST", 2)


def run(*words: object) -> int:
    return main([str(word) for word in words], lambda _: 0)


def test_that_the_path_and_the_check_are_printed(version, tmp_path, capsys) -> None:
    out = tmp_path / "new folder" / "deployed.pth"
    assert run("export", version, "--format", "pth", "--out", out) == 0
    told = capsys.readouterr().out
    assert str(out) in told
    assert "Checked: on 4 images the logits differ by at most 0." in told
    assert "export ONNX for others" in told


def test_that_json_tells_all_of_it(version, tmp_path, capsys) -> None:
    out = tmp_path / "labels.txt"
    assert run("export", version, "--format", "labels", "-o", out, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {
        "path": str(out), "format": "labels", "bytes": 8, "sha256": record["sha256"], "difference": None, "samples": 0,
        "notes": [], "check": None, "files": [str(out)], "made_from_sha256": record["made_from_sha256"], "opset": None,
        "latency": None,
    }  # fmt: skip
    assert out.read_text() == "cat\ndog\n"


def test_that_the_new_file_is_named_after_the_run_where_no_name_is_given(version, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", version, "--format", "safetensors") == 0
    assert run("export", version, "--format", "labels") == 0
    run_id = "20260101-000000_mpt_kl_abc123"
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file())
    folder = f"{run_id}_safetensors"
    beside = [f"{folder}/{run_id}.safetensors", f"{folder}/README.txt", f"{folder}/labels.txt"]
    assert names == sorted([f"{run_id}_labels.txt", *beside])
    assert run("export", version, "--format", "safetensors") == 1


def test_that_a_file_is_replaced_only_by_force(version, tmp_path, capsys) -> None:
    out = tmp_path / "labels.txt"
    out.write_text("precious")
    assert run("export", version, "--format", "labels", "--out", out) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "precious"
    assert run("export", version, "--format", "labels", "--out", out, "--force") == 0
    assert out.read_text() == "cat\ndog\n"


def test_that_the_version_itself_is_never_replaced(version, tmp_path, capsys) -> None:
    (tmp_path / "link.safetensors").symlink_to(version)
    before = version.read_bytes()
    for out in (version, tmp_path / "link.safetensors"):
        assert run("export", version, "--format", "safetensors", "--out", out, "--force") == 1
        assert "is the version itself" in capsys.readouterr().err
    assert run("export", version, "--format", "pth", "--out", tmp_path) == 1
    assert "is a folder" in capsys.readouterr().err
    assert version.read_bytes() == before


def test_that_a_failing_check_leaves_nothing(version, tmp_path, monkeypatch) -> None:
    from mpt_studio.engine import export as exports

    monkeypatch.setitem(exports.TOLERANCE, "pth", -1.0)
    assert run("export", version, "--format", "pth", "--out", tmp_path / "a.pth") == 1
    assert list(tmp_path.iterdir()) == []


def test_that_the_worker_exports(version, tmp_path) -> None:
    out = tmp_path / "a.onnx"
    session = jobs.Session(Store(tmp_path / "store"))
    args = {"checkpoint": str(version), "format": "onnx", "out": str(out)}
    record = worker.JOBS["export"](session, jobs.Warm(), args)
    assert record["path"] == str(out)
    assert record["samples"] == 4
    assert record["difference"] < 1e-3
    assert read_checkpoint(out).class_names == ("cat", "dog")
    json.dumps(record)


def test_that_a_decision_reaches_the_job_from_both_doors(version, tmp_path, capsys) -> None:
    out = tmp_path / "a.pth"
    words = ("export", version, "--format", "pth", "--out", out, "--offset", "1.19", "--interpolate", "0.4")
    assert run(*words, "--old", version) == 1
    sentence = "γ = 1.19 and α = 0.4 was decided against an old model and on data; name them with --data."
    assert sentence in capsys.readouterr().err
    args = {"checkpoint": str(version), "format": "pth", "out": str(out), "offset": 1.19, "interpolate": 0.4}
    with pytest.raises(UserError, match=r"γ = 1\.19 and α = 0\.4"):
        worker.JOBS["export"](jobs.Session(Store(tmp_path / "store")), jobs.Warm(), args)
    assert not out.exists()


def test_that_an_exported_graph_is_inspected_and_evaluated(version, tmp_path, capsys) -> None:
    assert run("export", version, "--format", "onnx", "--out", tmp_path / "a.onnx") == 0
    capsys.readouterr()
    assert run("inspect", tmp_path / "a.onnx", "--json") == 0
    assert json.loads(capsys.readouterr().out)["class_names"] == ["cat", "dog"]


def test_that_a_file_and_a_folder_at_once_are_wrong_usage(version, tmp_path, capsys) -> None:
    assert run("export", version, "--format", "pth", "--out", tmp_path / "a.pth", "--folder", tmp_path / "b") == 2
    assert "give one of them" in capsys.readouterr().err


def test_that_latency_and_opset_are_told(version, tmp_path, capsys) -> None:
    words = ("--folder", tmp_path / "b", "--preprocessing", "inside", "--opset", "20")
    assert run("export", version, "--format", "onnx", *words) == 0
    told = capsys.readouterr().out
    assert str(tmp_path / "b" / "README.txt") in told
    assert "its opset is 20." in told
    assert "It answers in " in told
    assert run("export", version, "--format", "onnx", "--out", tmp_path / "c.onnx", "--opset", "7") == 1
    assert "Opset 7 cannot be written; choose one of 18 to 23." in capsys.readouterr().err


def test_that_predictions_alone_cannot_be_exported(tmp_path, capsys) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("id,truth,answer\na,cat,cat\n")
    assert run("export", table, "--format", "onnx", "--out", tmp_path / "a.onnx") == 1
    assert "answers" in capsys.readouterr().err
