"""A whole search, and one that is stopped, killed, resumed or given more."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Epoch, Event, Note, Stage, Tried
from mpt_studio.methods import shown_in
from mpt_studio.report import search_report
from mpt_studio.store import JobTail, Store
from mpt_studio.store.control import send_command

from .conftest import FEW, NAMES, TINY, recipe, searched


@pytest.fixture(scope="module")
def finished(
    data: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[jobs.Session, str, dict[str, Any], list[Event]]:
    heard: list[Event] = []
    session = jobs.Session(
        Store(tmp_path_factory.mktemp("finished") / "store"), listen=lambda _, event: heard.append(event)
    )
    search, result = searched(session, recipe(data))
    return session, search, result, heard


def proposed(store: Store, search: str) -> list[dict[str, float | str]]:
    return [trial.parameters for trial in store.search(search).trials]


def test_that_trials_are_runs_judged_on_the_validation_part_alone(finished: Any) -> None:
    session, search, _, _ = finished
    trials = session.store.search(search).trials
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    for trial in trials:
        run = session.store.run(trial.run)
        assert run.update == search
        assert run.predictions("validation") is not None
        assert run.predictions("test") is None
        assert "test" not in run.figures
        assert trial.nfr is not None
        assert trial.frontier


def test_that_the_recipes_own_methods_are_the_first_trials(finished: Any) -> None:
    session, search, _, _ = finished
    first = session.store.search(search).trials[1]
    assert (first.method, first.parameters["logit_margin"], first.parameters["weight"]) == ("mpt_kl", 2.0, 1.0)


def test_that_the_envelope_is_nowhere_worse_than_any_trial_at_any_offset(finished: Any) -> None:
    session, search, _, _ = finished
    state = jobs.search_state(session.store, search)
    for trial in state.trials:
        for nfr, accuracy, _, _ in trial.frontier:
            assert any(point.nfr <= nfr and point.accuracy >= accuracy for point in state.envelope)


def test_that_the_result_has_what_machines_read(finished: Any) -> None:
    session, search, result, _ = finished
    assert result["search"] == search
    keys = {"run", "method", "parameters", "outcome", "nfr", "accuracy", "offset", "interpolation"}
    assert all(keys <= row.keys() for row in result["trials"])
    assert all(len(point) == 2 for point in result["envelope"])
    assert {"method", "run", "checkpoint", "predictions", "seed", "all", "old_classes"} <= result["best"].keys()
    assert result["best"] in result["test"]
    assert json.loads(json.dumps(result)) == session.store.search(search).result
    assert result["test"][0]["label"] == "No_Treatment"


def test_that_plain_training_is_always_among_the_finalists_with_other_seeds(finished: Any) -> None:
    session, _, result, _ = finished
    plain, *others = result["finalists"]
    assert plain["number"] == 0
    assert len(plain["runs"]) == 2
    first, second = (session.store.run(run).recipe.training for run in plain["runs"])
    assert (second.seed, second.splits_by) == (first.seed + 1, first.splits_by)
    assert len(others) <= FEW.finalists
    assert result["noise_floor"]["old_classes"]["samples"] == 24


def test_that_events_tell_each_trial_with_what_was_found_by_then(finished: Any) -> None:
    session, search, _, heard = finished
    tried = [event for event in heard if isinstance(event, Tried)]
    assert [event.trial["outcome"] for event in tried] == ["done", *["running", "done"] * 3]
    assert all(event.found["envelope"] and event.found["sentence"] for event in tried if event.found)
    assert len({event.run for event in heard if isinstance(event, Stage)}) >= 6
    again = [event for _, event in JobTail(session.store, search).read()]
    assert [e.trial["outcome"] for e in again if isinstance(e, Tried)] == [e.trial["outcome"] for e in tried]


def test_that_the_same_seed_proposes_the_same(finished: Any, data: str, session: jobs.Session) -> None:
    search, result = searched(session, recipe(data, finalist_seeds=0))
    assert proposed(session.store, search) == proposed(finished[0].store, finished[1])
    known = finished[2]["trials"]
    assert [row["nfr"] for row in result["trials"]] == [row["nfr"] for row in known]


def test_that_an_interrupted_search_repeats_nothing_and_proposes_what_it_would_have(
    finished: Any, data: str, session: jobs.Session
) -> None:
    made = jobs.start_search(session.store, recipe(data))
    for epochs in (1, 4, 5):
        heard: list[Event] = []
        impatient = dataclasses.replace(
            session,
            listen=lambda _, event, heard=heard: heard.append(event),
            interrupted=lambda heard=heard, epochs=epochs: sum(isinstance(e, Epoch) for e in heard) >= epochs,
        )
        with pytest.raises(Interrupted, match=f"mpt-studio resume {made.id}"):
            jobs.run_search(impatient, made.id)
        assert session.store.search(made.id).outcome == "interrupted"
    result = jobs.run_search(session, made.id)
    assert result is not None
    assert proposed(session.store, made.id) == proposed(finished[0].store, finished[1])
    assert [row["nfr"] for row in result["trials"]] == [row["nfr"] for row in finished[2]["trials"]]
    assert len(session.store.runs()) == len(finished[0].store.runs())


def test_that_more_trials_go_on_from_those_that_are_there(data: str, session: jobs.Session) -> None:
    search, _ = searched(session, recipe(data, trials=2, finalist_seeds=0))
    before = session.store.search(search).trials
    jobs.add_trials(session.store, search, 1)
    result = jobs.run_search(session, search)
    assert result is not None
    assert session.store.search(search).trials[:3] == before
    assert [row["number"] for row in result["trials"]] == [0, 1, 2, 3]
    assert result["test_looks"] == 2
    assert jobs.run_search(session, search) == json.loads(json.dumps(result))


def test_that_a_stopped_search_keeps_its_trials_and_leaves_the_test_part_alone(
    data: str, session: jobs.Session
) -> None:
    made = jobs.start_search(session.store, recipe(data, trials=50))

    def stop_after_two(_: str, event: Event) -> None:
        if isinstance(event, Tried) and event.found and event.trial["number"] == 2:
            send_command(session.store.search(made.id).folder, "stop")

    result = jobs.run_search(dataclasses.replace(session, listen=stop_after_two), made.id)
    assert result is not None
    assert session.store.search(made.id).outcome == "stopped"
    assert len(result["trials"]) == 3
    assert not {"test", "test_looks"} & result.keys()
    assert not list((session.store.root / "evaluations").rglob("test"))


def test_that_a_stop_in_the_last_training_leaves_the_test_part_alone(data: str, session: jobs.Session) -> None:
    made = jobs.start_search(session.store, recipe(data, trials=1))

    def stop_at_the_last(_: str, event: Event) -> None:
        if isinstance(event, Stage) and event.index + 1 == event.count:
            send_command(made.folder, "stop")

    result = jobs.run_search(dataclasses.replace(session, listen=stop_at_the_last), made.id)
    assert result is not None
    assert (session.store.search(made.id).outcome, "test" in result) == ("stopped", False)


def test_that_looks_at_the_test_part_are_counted_whatever_is_stopped_in_between(
    data: str, session: jobs.Session
) -> None:
    search, first = searched(session, recipe(data, trials=1, finalist_seeds=0))
    assert first["test_looks"] == 1
    folder = jobs.add_trials(session.store, search, 1).folder
    send_command(folder, "stop")
    stopped = jobs.run_search(session, search)
    assert stopped is not None
    assert ("test" in stopped, stopped["test_looks"]) == (False, 1)
    again = jobs.run_search(session, search)
    assert again is not None
    assert again["test_looks"] == 2


def test_that_a_control_is_trained_with_correctness_shuffled_and_judged_beside_the_finalist(
    data: str, session: jobs.Session
) -> None:
    wanted = recipe(data, trials=1, finalist_seeds=0, control=True, max_accuracy_drop=50.0, max_new_accuracy_drop=None)
    search, result = searched(session, wanted)
    told, trial = result["control"], session.store.search(search).trials[1]
    control, run = session.store.run(told["run"]).recipe, session.store.run(trial.run).recipe
    assert told["number"] == 1
    assert dataclasses.replace(control, method=run.method) == run
    assert control.method == dataclasses.replace(run.method, shuffled=True)
    assert shown_in(told["sentence"]) in search_report(result)
    assert [row["number"] for row in result["trials"]] == [0, 1]


def test_that_a_trial_whose_run_was_deleted_is_told_and_no_finalist(data: str, session: jobs.Session) -> None:
    search, _ = searched(session, recipe(data, trials=1, finalist_seeds=0))
    session.store.delete(session.store.search(search).trials[1].run)
    jobs.add_trials(session.store, search, 1)
    result = jobs.run_search(session, search)
    assert result is not None
    assert 1 not in [row["number"] for row in result["finalists"]]
    assert [row["number"] for row in result["trials"]] == [0, 1, 2]
    notes = [event.text for event in session.store.search(search).events() if isinstance(event, Note)]
    assert any("was deleted; it is no finalist" in text for text in notes)


def test_that_so_many_trials_that_its_record_could_not_be_read_are_refused(data: str, session: jobs.Session) -> None:
    made = jobs.start_search(session.store, recipe(data))
    with pytest.raises(UserError, match=r"budget\.trials is 1003"):
        jobs.add_trials(session.store, made.id, 1000)
    assert session.store.search(made.id).recipe == made.recipe


def test_that_hours_are_kept_to_within_one_training(data: str, session: jobs.Session) -> None:
    _, result = searched(session, recipe(data, trials=50, hours=1e-9, finalist_seeds=2))
    assert [row["number"] for row in result["trials"]] == [0]
    assert len(result["finalists"][0]["runs"]) == 1


def test_that_a_trial_is_stopped_for_its_accuracy_and_kept_as_such(data: str, session: jobs.Session) -> None:
    slow = recipe(data, trials=1, finalist_seeds=0, max_accuracy_drop=-100, stop_below=0.001, epochs=6)
    training = dataclasses.replace(slow.update.training, epochs=6)
    slow = dataclasses.replace(slow, update=dataclasses.replace(slow.update, training=training))
    search, result = searched(session, slow)
    trial = session.store.search(search).trials[1]
    assert trial.outcome == "stopped"
    assert trial.message.startswith("Stopped at epoch 2: ")
    assert trial.message.endswith("points below plain training there.")
    assert session.store.run(trial.run).outcome == "stopped"
    assert result["trials"][1]["nfr"] is None


def test_that_limits_that_nobody_meets_are_told_with_the_nearest(data: str, session: jobs.Session) -> None:
    _, result = searched(session, recipe(data, trials=1, finalist_seeds=0, max_accuracy_drop=-100, stop_below=0))
    assert result["best"] is None
    assert "nothing meets the limits. The nearest is" in result["sentence"]
    assert "test" not in result


def test_that_trials_at_once_are_trained_by_processes_share_their_teachers_and_are_judged_alike(
    data: str, session: jobs.Session
) -> None:
    heard: list[tuple[str, Event]] = []
    answers: set[Path] = set()

    def listen(run: str, event: Event) -> None:
        heard.append((run, event))
        if isinstance(event, Epoch | Tried):
            answers.update((made.folder / "answers").rglob("*.safetensors"))

    wanted = recipe(data, trials=2, jobs=2, finalist_seeds=0, search_start="recipe", search_methods="mpt_kl")
    made = jobs.start_search(session.store, wanted)
    result = jobs.run_search(dataclasses.replace(session, listen=listen), made.id)
    assert result is not None
    assert [row["outcome"] for row in result["trials"]] == ["done"] * 3
    runs = {trial.run for trial in session.store.search(made.id).trials}
    assert {run for run, event in heard if isinstance(event, Epoch)} >= runs
    assert not any(isinstance(event, Note) and event.level == "error" for _, event in heard)
    assert len(answers) == 2 * TINY.epochs  # of the old model and of the reference, for both trials


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"validation_fraction": 0.0}, "There is no validation part"),
        ({"trials": 0}, "budget.trials"),
        ({"search_methods": "mtp_kl"}, "There is no method 'mtp_kl'"),
        ({"search_methods": "elodi"}, "needs an ensemble"),
        ({"search_methods": "mpt_kl:2"}, "is no method to search"),
        ({"search_methods": ","}, "something to choose its method from"),
        ({"search_start": "scratch"}, "is no start to search"),
        ({"search_learning_rate": "0.1:0.01"}, "no larger than the second"),
        ({"search_learning_rate": "fast"}, "LOW:HIGH"),
        ({"search_learning_rate": "0:1"}, "above 0"),
        ({"search_logit_margin": "0:50"}, "logit_margin is 50"),
    ],
)
def test_that_what_cannot_be_searched_is_said_before_anything_is_put_on_disk(
    change: dict[str, Any], sentence: str, data: str, session: jobs.Session
) -> None:
    wanted = recipe(data, **change)
    if "validation_fraction" in change:
        training = dataclasses.replace(wanted.update.training, **change)
        wanted = dataclasses.replace(wanted, update=dataclasses.replace(wanted.update, training=training))
    with pytest.raises(UserError, match=sentence):
        jobs.check_search(session, wanted)
    assert session.store.searches() == []


def test_that_the_memory_of_another_search_is_refused(finished: Any, data: str, session: jobs.Session) -> None:
    made = jobs.start_search(session.store, recipe(data, trials=1, finalist_seeds=0))
    journal = finished[0].store.search(finished[1]).folder / "journal.log"
    (made.folder / "journal.log").write_bytes(journal.read_bytes())
    with pytest.raises(UserError, match="is damaged, or is not the memory of this search"):
        jobs.run_search(session, made.id)
    assert session.store.search(made.id).outcome == "failed"


def test_that_a_search_is_described_before_it_begins(data: str, session: jobs.Session) -> None:
    told = jobs.describe_search(session, recipe(data))
    assert [row["name"] for row in told["space"]] == ["method", "start", "learning_rate", "logit_margin", "weight"]
    assert all(row["sentence"] for row in told["space"])
    assert told["samples"] == 12 * len(NAMES)


def test_that_a_whole_store_with_a_search_is_whole_and_each_damage_is_found(data: str, session: jobs.Session) -> None:
    search, _ = searched(session, recipe(data, trials=2, finalist_seeds=0))
    assert jobs.check_store(session)["damaged"] == 0
    folder = session.store.search(search).folder
    journal = folder / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    older = b"".join(lines[: next(i for i, line in enumerate(lines) if b'"whole":2' in line)])
    for name, content in (("journal.log", b"{]\n"), ("journal.log", older), ("search.json", b"{]\n")):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        assert [found["where"] for found in jobs.check_store(session)["findings"]] == [f"searches/{search}/{name}"]
        (folder / name).write_bytes(whole)
    journal.write_bytes(older)
    jobs.add_trials(session.store, search, 1)
    with pytest.raises(UserError, match="is not the memory of this search's trials"):
        jobs.run_search(session, search)
    session.store.delete(search)
    assert session.store.searches() == []
    assert session.store.runs()


def test_that_a_search_s_record_is_made_again_and_its_end_by_resuming_it(data: str, session: jobs.Session) -> None:
    search, result = searched(session, recipe(data, trials=1))
    jobs.add_trials(session.store, search, 1)
    before = session.store.search(search)
    (before.folder / "search.json").write_text("{")
    with pytest.raises(UserError, match="mpt-studio check --repair"):
        session.store.search(search)
    assert jobs.check_store(session, repair=True)["damaged"] == 0
    again = session.store.search(search)
    for name in ("recipe", "title", "trials", "members"):
        assert getattr(again, name) == getattr(before, name), name
    assert (again.recipe.budget.trials, again.outcome, again.result) == (2, "interrupted", None)
    runs = len(session.store.runs())
    longer = jobs.run_search(session, search)
    assert longer is not None
    assert longer["trials"][:2] == result["trials"]
    assert longer["test_looks"] == 2
    assert len(session.store.runs()) <= runs + 2  # the new trial, and it with another seed
