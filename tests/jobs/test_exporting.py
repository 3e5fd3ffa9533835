"""What is decided is what is exported: the file that is opened again has the figures on screen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.compare import Comparison, Decision, at_offset, frontier
from mpt_studio.decide import recommend
from mpt_studio.errors import UserError
from mpt_studio.jobs import between, exporting

pytestmark = pytest.mark.usefixtures("forked")

FORMS: tuple[exporting.Format, ...] = ("pth", "safetensors", "onnx")


@pytest.fixture(autouse=True)
def _two_rounds(monkeypatch) -> None:
    """Nobody asks here how long anything takes."""
    from mpt_studio.engine import cost

    monkeypatch.setattr(cost, "MOST", 2)


@pytest.fixture(scope="module")
def trained(finished_update) -> tuple[jobs.Session, str, str]:
    """Session, the old model's and the update's weights."""
    session, result, _ = finished_update
    return session, result["old"]["checkpoint"], result["candidates"][1]["checkpoint"]


def rates(comparison: Comparison) -> tuple[Any, ...]:
    return tuple(
        value for subset in ("all", "old_classes", "new_classes") for value in _some(comparison.rates(subset).to_json())
    )


def _some(figures: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(figures[name] for name in ("samples", "accuracy_new", "nfr", "pfr"))


def shown(trained: tuple[jobs.Session, str, str], gamma: float, alpha: float = 0.0) -> Comparison:
    """As the window shows it."""
    session, old, update = trained
    new = update
    if alpha:
        points = between.interpolate(session, Path(old), Path(update), "builtin", alphas=(alpha,))["points"]
        new = points[0]["predictions"]
    return at_offset(jobs.compare_versions(session, old, new, "builtin"), gamma)


@pytest.fixture(scope="module")
def gamma(trained) -> float:
    """One at which a sample's answer has just changed, as the recommendation names it: the hardest for rounding."""
    session, old, update = trained
    comparison = jobs.compare_versions(session, old, update, "builtin")
    found = recommend(comparison, {"update": comparison}, any_offset=True).gamma
    assert found
    return found


@pytest.mark.parametrize(
    ("form", "alpha", "where"),
    [("pth", 0.0, "outside"), ("safetensors", 0.4, "outside"), ("onnx", 0.4, "outside"), ("onnx", 0.4, "inside")],
)
def test_that_what_was_decided_is_what_the_file_answers(trained, gamma, form, alpha, where, tmp_path) -> None:
    session, old, update = trained
    file = tmp_path / f"deployed{exporting.SUFFIXES[form]}"
    record = jobs.export(session, Decision(update, alpha, gamma), form, file, preprocessing=where)
    expected = shown(trained, gamma, alpha)
    assert record["check"]["shown"] == record["check"]["exported"]
    assert record["check"]["ties"] == 0
    assert record["check"]["sentence"].endswith("as on screen.")
    elsewhere = jobs.Session(type(session.store)(tmp_path / "another store"))
    assert rates(jobs.compare_versions(elsewhere, old, str(file), "builtin")) == rates(expected)
    assert rates(expected) != rates(shown(trained, 0.0))
    predictions, _ = jobs.evaluate(elsewhere, file, "builtin")
    assert jobs.accuracy_figures(predictions)["all"]["accuracy"] == expected.rates("all").accuracy_new
    assert jobs.inspect(elsewhere, file)["class_names"]


def test_that_the_decision_is_in_the_name_and_in_what_the_file_says(trained, tmp_path, monkeypatch) -> None:
    session, _, update = trained
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(exporting._Screen, "check", lambda *_: None)  # what it finds is the test above
    run = read_checkpoint(Path(update)).run
    decision = Decision(update, 0.25, 1.19)
    written = {form: Path(jobs.export(session, decision, form)["path"]) for form in FORMS}
    named = f"{run}_gamma1.19_alpha0.25"
    for form, path in written.items():
        assert path == tmp_path / f"{named}_{form}" / f"{named}{exporting.SUFFIXES[form]}"
    told = {"logit_offset": 1.19, "interpolation": 0.25}
    found = torch.load(written["pth"], weights_only=True)
    assert {name: found[name] for name in told} == told
    for form in ("safetensors", "onnx"):
        described = read_checkpoint(written[form])
        assert described.figures == told
        assert any("γ = 1.19 and α = 0.25" in note for note in described.notes)
    import onnx

    entries = {entry.key: entry.value for entry in onnx.load(written["onnx"]).metadata_props}
    assert (entries["logit_offset"], entries["interpolation"]) == ("1.19", "0.25")


def test_that_a_graph_as_candidate_takes_an_offset_too(trained, tmp_path) -> None:
    session, old, update = trained
    graph, lowered = tmp_path / "update.onnx", tmp_path / "lowered.onnx"
    jobs.export(session, Decision(update), "onnx", graph)
    record = jobs.export(session, Decision(str(graph), gamma=1.0), "onnx", lowered, old=old, data="builtin")
    assert record["check"]["shown"] == record["check"]["exported"]
    with pytest.raises(UserError, match="needed to interpolate"):
        jobs.export(session, Decision(str(graph), 0.5), "onnx", tmp_path / "no.onnx", old=old, data="builtin")


def test_that_as_trained_the_whole_test_part_is_answered_as_well(trained, tmp_path) -> None:
    session, _, update = trained
    record = jobs.export(session, Decision(update), "pth", tmp_path / "a.pth")
    assert record["check"]["samples"] == 2160
    assert record["check"]["shown"]["nfr"] == shown(trained, 0.0).rates("old_classes").nfr


def test_that_an_old_model_s_file_is_compared_with_its_weights_on_the_whole_test_part(trained, tmp_path) -> None:
    session, old, _ = trained
    check = jobs.export(session, Decision(old), "onnx", tmp_path / "a.onnx")["check"]
    own = jobs.accuracy_figures(jobs.evaluate(session, Path(old), "builtin")[0])["own_classes"]
    assert check["samples"] == own["samples"]
    assert check["shown"] == check["exported"] == {"accuracy": own["accuracy"], "nfr": None}
    told = f"On all {own['samples']:,} test images of its classes the file has accuracy {100 * own['accuracy']:.2f} %"
    assert check["sentence"] == f"{told}, as with its weights."


def test_that_an_old_model_s_file_that_answers_otherwise_is_not_kept(trained, tmp_path, monkeypatch) -> None:
    from mpt_studio.engine import export as engine

    session, old, _ = trained
    answers = engine.answers
    monkeypatch.setattr(engine, "answers", lambda *args, **more: turned(answers(*args, **more)))
    with pytest.raises(UserError, match="otherwise than the version with its weights"):
        jobs.export(session, Decision(old), "pth", tmp_path / "a.pth")
    assert not list(tmp_path.iterdir())


def turned(found: Any) -> Any:
    return dataclasses.replace(found, logits=np.roll(found.logits, 1, axis=1))


def test_that_a_version_as_trained_is_written_although_its_data_are_gone(trained, tmp_path) -> None:
    session, _, update = trained
    record = jobs.export(session, Decision(update), "safetensors", tmp_path / "a.safetensors", data="folder:/gone")
    assert record["check"] is None
    assert record["notes"][-1].startswith("Its test part was not answered: ")
    with pytest.raises(UserError, match="/gone"):
        jobs.export(
            session, Decision(update, gamma=1.0), "safetensors", tmp_path / "b.safetensors", data="folder:/gone"
        )


def test_that_a_decision_needs_what_it_was_decided_against(trained, tmp_path) -> None:
    session, old, _ = trained
    with pytest.raises(UserError, match=r"γ = 1 was decided against an old model and on data; name them with --old"):
        jobs.export(session, Decision(old, gamma=1.0), "pth", tmp_path / "a.pth")
    with pytest.raises(UserError, match="γ has no logit to lower"):
        jobs.export(session, Decision(old, gamma=1.0), "pth", tmp_path / "a.pth", old=old, data="builtin")
    assert not list(tmp_path.iterdir())


def test_that_a_file_that_answers_otherwise_is_not_kept(trained, tmp_path, monkeypatch) -> None:
    from mpt_studio.engine import export as engine

    session, _, update = trained
    answers = engine.answers

    monkeypatch.setattr(engine, "answers", lambda *args, **more: turned(answers(*args, **more)))
    with pytest.raises(
        UserError, match=r"answers .* of 2,160 test images otherwise .*NFR \(old classes\) .* instead of"
    ):
        jobs.export(session, Decision(update, gamma=1.19), "pth", tmp_path / "a.pth")
    assert not list(tmp_path.iterdir())


def test_that_an_answer_that_hangs_on_rounding_is_told_and_no_refusal(trained, tmp_path, monkeypatch) -> None:
    from mpt_studio.engine import export as engine

    session, _, update = trained
    comparison = shown(trained, 0.0)
    edge = float(np.sort(comparison.best_new_logit - comparison.best_old_logit)[1000])  # one sample lies right on it
    answers = engine.answers

    def rounded(*args: Any, **more: Any) -> Any:
        found = answers(*args, **more)
        is_new = np.array([name not in comparison.old.class_names for name in found.class_names])
        return dataclasses.replace(found, logits=found.logits + np.float32(1e-4) * is_new)

    monkeypatch.setattr(engine, "answers", rounded)
    check = jobs.export(session, Decision(update, gamma=edge), "pth", tmp_path / "a.pth")["check"]
    assert check["ties"] >= 1
    assert "but for rounding" in check["sentence"]


def test_that_no_point_of_a_frontier_hangs_on_rounding(trained) -> None:
    comparison = shown(trained, 0.0)
    leads = (comparison.best_new_logit - comparison.best_old_logit).astype(np.float64)
    offsets = frontier(comparison).offset
    near = np.abs(leads[:, None] - offsets[None, offsets != 0]).min(axis=0)
    assert np.median(near) > 1e-5
    assert (near > 0).all()


def test_that_a_network_without_a_last_bias_gets_a_last_layer_in_a_graph_only(trained, tmp_path) -> None:
    """SqueezeNet averages what its last layer gives, after cutting it off at zero."""
    from mpt_studio.engine.export import Decided, export
    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.networks.weights import load_network, save_network

    described = read_checkpoint(Path(trained[2]))
    way = dataclasses.replace(described.preprocessing, image_size=64)
    made = Checkpoint(architecture="squeezenet1_1", small_stem=False, class_names=("a", "b", "c"), preprocessing=way)
    torch.manual_seed(0)
    save_network(tmp_path / "v.safetensors", networks.build("squeezenet1_1", 3, False, 64).state_dict(), made)
    version = Decided(read_checkpoint(tmp_path / "v.safetensors"), offset=(0.0, 0.0, 1.5))
    for form in ("pth", "safetensors"):
        with pytest.raises(UserError, match="export ONNX"):
            export(version, form, tmp_path / "no")
    export(version, "onnx", tmp_path / "a.onnx")
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = load_network(version.checkpoint)(images) - torch.tensor(version.offset)
        found = load_network(read_checkpoint(tmp_path / "a.onnx"))(images)
    assert torch.allclose(found, expected, atol=1e-4)


def test_that_labels_and_a_readme_lie_beside_the_weights(trained, tmp_path) -> None:
    session, _, update = trained
    folder = tmp_path / "deployed"
    record = jobs.export(session, Decision(update, gamma=1.19), "onnx", folder=folder, preprocessing="inside", opset=20)
    assert sorted(path.name for path in folder.iterdir()) == sorted(Path(path).name for path in record["files"])
    described = read_checkpoint(Path(record["path"]))
    assert (folder / "labels.txt").read_text("utf-8").splitlines() == list(described.class_names)
    told = (folder / "README.txt").read_text("utf-8")
    way = read_checkpoint(Path(update)).preprocessing
    for part in (
        f"uint8 (N, {way.image_size}, {way.image_size}, 3)",
        "red, green, blue; values 0 to 255",
        f"mean {', '.join(f'{value:.6g}' for value in way.mean)}",
        "its opset is 20",
        "γ = 1.19, in the file already",
        read_checkpoint(Path(update)).run,
        record["sha256"],
        record["made_from_sha256"],
        record["check"]["sentence"],
        record["latency"]["sentence"],
    ):
        assert part in told


def test_that_nothing_beside_the_weights_is_replaced_without_force(trained, tmp_path) -> None:
    session, old, _ = trained
    (tmp_path / "README.txt").write_text("precious")
    with pytest.raises(UserError, match=r"README\.txt exists already; name another folder"):
        jobs.export(session, Decision(old), "pth", folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.txt"]
    jobs.export(session, Decision(old), "pth", folder=tmp_path, force=True)
    assert (tmp_path / "README.txt").read_text("utf-8") != "precious"
    with pytest.raises(UserError, match="is a file; name a folder"):
        jobs.export(session, Decision(old), "pth", folder=tmp_path / "README.txt")


def test_that_the_latency_of_what_was_written_is_told_beside_the_old_model_s(trained, tmp_path) -> None:
    session, _, update = trained
    latency = jobs.export(session, Decision(update), "onnx", tmp_path / "a.onnx")["latency"]
    assert latency["exported"]["runtime"].startswith("ONNX Runtime ")
    assert latency["old"]["runtime"].startswith("PyTorch ")
    assert latency["exported"]["measured"] == latency["old"]["measured"]
    assert latency["exported"]["bytes"] == (tmp_path / "a.onnx").stat().st_size
    assert "ms at batch 1 (old model " in latency["sentence"]


def test_that_a_version_alone_and_labels_have_no_old_model_s_latency(trained, tmp_path) -> None:
    session, old, _ = trained
    latency = jobs.export(session, Decision(old), "pth", tmp_path / "a.pth")["latency"]
    assert latency["old"] is None
    assert "old model" not in latency["sentence"]
    assert jobs.export(session, Decision(old), "labels", tmp_path / "a.txt")["latency"] is None
