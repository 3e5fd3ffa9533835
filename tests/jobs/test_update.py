from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.compare import SUBSETS, compare, record_of
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Ended, Epoch, Event, Note, Stage, Step, to_line
from mpt_studio.predictions import read_predictions
from mpt_studio.recipe import Model, Start, UpdateRecipe
from mpt_studio.report import update_report
from mpt_studio.store import Store
from mpt_studio.store.control import clear, send_command

from .conftest import TINY

SUBSET_KEYS = {
    *("samples", "both_right", "negative_flips", "positive_flips", "both_wrong", "accuracy_old", "accuracy_new"),
    *(
        "nfr",
        "nfr_ci95",
        "pfr",
        "relative_nfr",
        "nfi",
        "pfi",
        "btc",
        "bec",
        "churn",
        "new_class_intrusion",
        "mcnemar_p",
    ),
}


def test_that_an_update_trains_old_reference_and_each_method_and_compares_them(finished_update: Any) -> None:
    session, result, heard = finished_update
    stages = [event for _, event in heard if isinstance(event, Stage)]
    assert [(stage.role, stage.method) for stage in stages] == [
        ("old", "No_Treatment"),
        ("reference", "No_Treatment"),
        ("candidate", "MPT_KL"),
    ]
    assert [row["method"] for row in result["candidates"]] == ["No_Treatment", "MPT_KL"]
    assert result["candidates"][1]["label"] == "MPT_KL b=2"
    assert {run.outcome for run in session.store.runs()} == {"done"}


def test_that_each_candidate_has_every_figure_on_every_subset(finished_update: Any) -> None:
    _, result, _ = finished_update
    for row in result["candidates"]:
        for subset in SUBSETS:
            assert set(row[subset]) >= SUBSET_KEYS
        assert row["all"]["samples"] == row["old_classes"]["samples"] + row["new_classes"]["samples"]
        assert Path(row["checkpoint"]).is_file()


def test_that_the_figures_follow_from_the_predictions_on_disk(finished_update: Any) -> None:
    _, result, _ = finished_update
    old = read_predictions(Path(result["old"]["predictions"]))
    for row in result["candidates"]:
        again = record_of(compare(old, read_predictions(Path(row["predictions"]))))
        assert {subset: again[subset] for subset in SUBSETS} == {subset: row[subset] for subset in SUBSETS}


def test_that_events_are_on_disk_before_the_listener_sees_them(finished_update: Any) -> None:
    session, result, heard = finished_update
    run = result["candidates"][1]["run"]
    on_disk = list(session.store.run(run).events())
    assert [to_line(e) for e in on_disk if not isinstance(e, Ended)] == [
        to_line(e) for name, e in heard if name == run and not isinstance(e, Ended)
    ]
    assert any(isinstance(event, Step) for event in on_disk)
    assert isinstance(on_disk[-1], Ended)


def test_that_epochs_carry_flips_against_the_old_model_on_validation_data(finished_update: Any) -> None:
    _, result, heard = finished_update
    epochs = [e for name, e in heard if name == result["candidates"][1]["run"] and isinstance(e, Epoch)]
    assert len(epochs) == 1
    assert set(epochs[0].validation) == set(SUBSETS)
    assert epochs[0].validation["old_classes"]["nfr"] is not None


def test_that_a_finished_update_is_not_trained_again(finished_update: Any) -> None:
    session, result, heard = finished_update
    before = len(heard)
    assert jobs.run_update(session, result["update"]) == session.store.update(result["update"]).result
    assert len(heard) == before


def test_that_the_recommended_candidate_is_one_of_the_candidates_with_a_reason(finished_update: Any) -> None:
    _, result, _ = finished_update
    recommended = result["recommended"]
    assert "n=" in recommended["reason"]
    if not recommended["run"]:  # so short a training may give nothing that anyone would ship
        assert recommended["reason"].startswith("No candidate may be recommended. ")
    else:
        assert recommended["run"] in {row["run"] for row in result["candidates"]}


def test_that_the_old_models_head_has_only_the_old_classes(finished_update: Any) -> None:
    _, result, _ = finished_update
    old = read_predictions(Path(result["old"]["predictions"]))
    assert old.class_names == tuple("0123456789")
    assert len(old.label_names) == 36


def test_that_an_old_checkpoint_stands_in_for_training_one(finished_update: Any, session: jobs.Session) -> None:
    _, result, _ = finished_update
    recipe = UpdateRecipe(data="builtin", methods="none", old=result["old"]["checkpoint"], training=TINY)
    update = jobs.start_update(session.store, recipe)
    again = jobs.run_update(session, update.id)
    assert again is not None
    assert [run.recipe.role for run in session.store.runs()] == ["reference"]
    assert again["old"]["all"] == result["old"]["all"]


def interrupted_after(session: jobs.Session, steps: int) -> jobs.Session:
    """The session of a user who presses Ctrl+C after some step events."""
    heard: list[Any] = []
    return dataclasses.replace(
        session,
        listen=lambda run, event: heard.append(event),
        interrupted=lambda: sum(isinstance(event, Step) for event in heard) >= steps,
    )


def test_that_an_interrupted_update_goes_on_to_identical_weights(finished_update: Any, session: jobs.Session) -> None:
    _, result, _ = finished_update
    recipe = UpdateRecipe(data="builtin", methods="none,mpt_kl", logit_margin=2.0, training=TINY)
    update = jobs.start_update(session.store, recipe)
    for allowed in (1, 3):  # interrupted inside the old model, then later
        with pytest.raises(Interrupted):
            jobs.run_update(interrupted_after(session, allowed), update.id)
        assert session.store.update(update.id).outcome == "interrupted"
    again = jobs.run_update(session, update.id)
    assert again is not None
    for first, second in zip(result["candidates"], again["candidates"], strict=True):
        assert first["all"] == second["all"]
        expected, found = load_file(first["checkpoint"]), load_file(second["checkpoint"])
        assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_that_versions_begin_alike_though_published_weights_have_come_since(
    session: jobs.Session, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path))
    recipe = UpdateRecipe(
        data=data,
        old_classes="ant,bee",
        methods="none",
        model=Model(arch="squeezenet1_1", image_size=72),
        training=TINY,
    )
    update = jobs.start_update(session.store, recipe)
    try:
        with pytest.raises(Interrupted):
            jobs.run_update(interrupted_after(session, 1), update.id)
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "squeezenet1_1-b8a52dc0.pth").touch()  # "auto" is "pretrained" from now on
        assert jobs.run_update(session, update.id) is not None
    finally:
        torch.hub.set_dir(before)
    assert [run.recipe.start.start for run in session.store.runs()] == ["scratch", "scratch"]


def test_that_stopping_keeps_the_version_as_it_is_and_ends_the_update(session: jobs.Session) -> None:
    many = dataclasses.replace(TINY, epochs=50)
    update = jobs.start_update(session.store, UpdateRecipe(data="builtin", methods="none,pct_kl", training=many))

    def stop_at_first_step(run: str, event: Any) -> None:
        if isinstance(event, Step):
            send_command(session.store.update(update.id).folder, "stop")

    assert jobs.run_update(dataclasses.replace(session, listen=stop_at_first_step), update.id) is None
    (run,) = session.store.runs()
    assert run.outcome == "stopped"
    assert run.checkpoint is not None
    assert run.predictions("test") is not None
    assert session.store.update(update.id).outcome == "stopped"


def test_that_cancelling_keeps_no_version(session: jobs.Session) -> None:
    many = dataclasses.replace(TINY, epochs=50)
    update = jobs.start_update(session.store, UpdateRecipe(data="builtin", methods="none", training=many))

    def cancel(run: str, event: Any) -> None:
        if isinstance(event, Step):
            send_command(session.store.run(run).folder, "cancel")
            send_command(session.store.update(update.id).folder, "cancel")

    assert jobs.run_update(dataclasses.replace(session, listen=cancel), update.id) is None
    (run,) = session.store.runs()
    assert (run.outcome, run.checkpoint) == ("cancelled", None)


@pytest.mark.parametrize(("word", "outcome"), [("stop", "stopped"), ("cancel", "cancelled")])
def test_that_an_update_whose_last_version_is_ended_early_is_not_done(
    word: Any, outcome: str, session: jobs.Session, finished_update: Any
) -> None:
    many, old = dataclasses.replace(TINY, epochs=50), finished_update[1]["old"]["checkpoint"]
    recipe = UpdateRecipe(data="builtin", old=old, methods="none", training=many)
    update = jobs.start_update(session.store, recipe)

    def end(run: str, event: Any) -> None:
        if isinstance(event, Step):
            send_command(session.store.update(update.id).folder, word)

    jobs.run_update(dataclasses.replace(session, listen=end), update.id)
    assert session.store.update(update.id).outcome == outcome
    if word == "stop":
        notes: list[str] = []
        again = dataclasses.replace(session, listen=lambda _, e: notes.append(getattr(e, "text", "")))
        clear(session.store.update(update.id).folder)
        jobs.run_update(again, update.id)
        assert "No_Treatment was stopped early and is compared as it was then." in notes
        assert session.store.update(update.id).outcome == "done"


def test_that_a_diverging_run_fails_with_a_sentence_that_names_the_learning_rate(session: jobs.Session) -> None:
    hot = dataclasses.replace(TINY, learning_rate=100.0, weight_decay=10.0, epochs=3)
    update = jobs.start_update(session.store, UpdateRecipe(data="builtin", methods="none", training=hot))
    with pytest.raises(UserError, match="learning rate"):
        jobs.run_update(session, update.id)
    assert session.store.update(update.id).outcome == "failed"
    assert "learning rate" in session.store.update(update.id).message


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (UpdateRecipe(data="builtin", methods="none,magic"), "no method 'magic'"),
        (UpdateRecipe(data="", methods="none"), "No data"),
        (UpdateRecipe(data="fashion-mnist", methods="none"), "which classes the old model knows"),
        (UpdateRecipe(data="builtin", old="absent.safetensors"), "no file"),
    ],
)
def test_that_a_wrong_recipe_is_refused_before_anything_is_on_disk(
    session: jobs.Session, recipe: UpdateRecipe, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        jobs.start_update(session.store, recipe)
    assert session.store.updates() == []


def test_that_candidates_share_their_teachers_answers_and_leave_none_behind(tmp_path: Path) -> None:
    kept: list[int] = []

    def listen(run: str, event: Event) -> None:
        if isinstance(event, Ended):
            kept.append(len(list((tmp_path / "store").glob("updates/*/answers/*/*.safetensors"))))

    session = jobs.Session(Store(tmp_path / "store"), listen=listen)
    recipe = UpdateRecipe(data="builtin", methods="none,pct_kl,pct_lm", training=TINY)
    jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    old, reference, first, second, update = kept
    assert (old, reference, first, second, update) == (0, 0, 1, 1, 0)


def test_that_elodi_trains_its_ensemble_once_and_reuses_it_in_the_next_update(
    finished_update: Any, session: jobs.Session
) -> None:
    old = finished_update[1]["old"]["checkpoint"]
    recipe = UpdateRecipe(data="builtin", old=old, methods="none,elodi", ensemble_size=2, training=TINY)
    first = jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    count = len([run for run in session.store.runs() if run.recipe.role == "ensemble"])
    second = jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    assert first is not None
    assert second is not None
    assert count == 2
    notes = [event.text for event in session.store.updates()[0].events() if isinstance(event, Note)]
    assert "ELODI begins to distil in epoch 7; in 1 it is plain training." in notes
    assert len([run for run in session.store.runs() if run.recipe.role == "ensemble"]) == 2
    assert [row["label"] for row in second["candidates"]] == ["No_Treatment", "ELODI"]


def test_that_an_ensemble_is_trained_anew_where_its_start_is_another_file_of_the_same_name(
    finished_update: Any, session: jobs.Session, tmp_path: Path
) -> None:
    done = finished_update[1]
    start = tmp_path / "start.safetensors"
    recipe = UpdateRecipe(
        data="builtin",
        old=done["old"]["checkpoint"],
        methods="none,elodi",
        ensemble_size=1,
        training=TINY,
        start=Start(start=str(start)),
    )
    for row, members in ((0, 1), (1, 2)):
        shutil.copyfile(done["candidates"][row]["checkpoint"], start)
        assert jobs.run_update(session, jobs.start_update(session.store, recipe).id) is not None
        assert len([run for run in session.store.runs() if run.recipe.role == "ensemble"]) == members


def test_that_the_noise_floor_is_the_flips_between_two_plain_models(session: jobs.Session) -> None:
    recipe = UpdateRecipe(data="builtin", methods="none", noise_floor=True, training=TINY)
    result = jobs.run_update(session, jobs.start_update(session.store, recipe).id)
    assert result is not None
    assert len(result["candidates"]) == 1
    floor, candidate = result["noise_floor"], result["candidates"][0]
    assert 0 < floor["all"]["nfr"] < 1
    assert [floor[s]["samples"] for s in SUBSETS] == [candidate[s]["samples"] for s in SUBSETS]


def test_that_unreadable_images_are_counted_and_left_out(session: jobs.Session, tmp_path: Path) -> None:
    for part, count in (("train", 12), ("test", 4)):
        for shade, name in ((40, "dark"), (200, "light")):
            folder = tmp_path / "images" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (16, 16), (shade + i, shade, shade)).save(folder / f"{i}.png")
    (tmp_path / "images" / "train" / "dark" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    heard: list[Any] = []
    recipe = UpdateRecipe(data=f"folder:{tmp_path / 'images'}", old_classes="dark,", methods="none", training=TINY)
    update = jobs.start_update(session.store, recipe)
    result = jobs.run_update(dataclasses.replace(session, listen=lambda _, event: heard.append(event)), update.id)
    assert result is not None
    assert result["candidates"][0]["all"]["samples"] == 8
    assert [entry["id"] for entry in result["data"]["skipped"]] == ["train/dark/torn.png"]
    (note,) = [event for event in heard if isinstance(event, Note) and event.level == "warning"]
    assert note.text.startswith("1 image cannot be read and is left out of every version; see ")
    assert "train/dark/torn.png" in note.detail
    assert "Left out, unreadable: 1: train/dark/torn.png" in update_report(result)
