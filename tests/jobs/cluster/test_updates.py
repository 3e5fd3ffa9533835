"""An update by a cluster's workers: as far at once as teachers allow, with the same bits as without a cluster."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mpt_studio import jobs
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.events import Event, Note, Stage, Step
from mpt_studio.recipe import Recipe, Training
from mpt_studio.store import Run, Store
from mpt_studio.store.control import send_command

from .conftest import TRAINING, distributed, recipe_on, weights

LONG = Training(epochs=400, batch_size=16, learning_rate=0.05, save_every_seconds=0, precision="fp32", device="cpu")


def queued(store: Store, data: str, training: Training = TRAINING) -> Run:
    session = jobs.Session(store)
    recipe = Recipe(data=data, role="old", old_classes="2", training=training)
    return jobs.start_train(store, recipe, jobs.open_data(session, data))


def test_that_a_run_on_a_worker_ends_with_the_same_bits_and_is_heard_as_it_goes(
    store: Store, data: str, scheduler: str
) -> None:
    heard: list[Event] = []
    run = queued(store, data)
    with jobs.on_cluster(jobs.Session(store, lambda run, event: heard.append(event)), scheduler) as there:
        run = jobs.train(there, run.id)
    assert run.outcome == "done"
    assert list(run.events()) == heard
    assert weights(run) == weights(jobs.train(jobs.Session(store), queued(store, data).id))
    assert list(store.root.glob(".cluster-*")) == []


@pytest.mark.slow
def test_that_an_update_on_two_workers_ends_with_the_same_bits(store: Store, data: str, scheduler: str) -> None:
    recipe, heard = recipe_on(data), list[Event]()
    session = jobs.Session(store, listen=lambda run, event: heard.append(event))
    with jobs.on_cluster(session, scheduler, work=recipe) as there:
        made = jobs.start_update(store, recipe)
        result = jobs.run_update(there, made.id)
    assert result is not None
    alone = Store(store.root.with_name("alone"))
    expected = jobs.run_update(jobs.Session(alone), jobs.start_update(alone, recipe).id)
    assert expected is not None
    bits, wanted = ({run.label: weights(run) for run in each.runs()} for each in (store, alone))
    assert bits == wanted
    assert [row["label"] for row in result["candidates"]] == [row["label"] for row in expected["candidates"]]
    for mine, other in zip(result["candidates"], expected["candidates"], strict=True):
        assert mine["old_classes"] == other["old_classes"]
    assert next(event.label for event in heard if isinstance(event, Stage)) == "Old model"
    assert any(isinstance(event, Note) and "without TLS" in event.text for event in store.update(made.id).events())


def when(store: Store, seen: Callable[[Run], bool], then: Callable[[Run], None]) -> threading.Thread:
    """Do something as soon as the store's one run is seen so."""

    def watch() -> None:
        while not seen(store.runs()[0]):
            time.sleep(0.05)
        then(store.runs()[0])

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    return watcher


def has_trained(run: Run) -> bool:
    return any(isinstance(event, Step) for event in run.events())


def test_that_ctrl_c_ends_a_run_on_a_worker_in_order_and_it_can_be_resumed(
    store: Store, data: str, scheduler: str
) -> None:
    run, asked = queued(store, data, LONG), threading.Event()
    when(store, has_trained, lambda run: asked.set())
    with jobs.on_cluster(jobs.Session(store, interrupted=asked.is_set), scheduler) as there:
        with pytest.raises(Interrupted, match=f"go on with: mpt-studio resume {run.id}"):
            jobs.train(there, run.id)
        found = store.run(run.id)
        assert (found.outcome, found.is_active) == ("interrupted", False)
        assert found.resume_states


@pytest.mark.slow
def test_that_a_run_on_a_worker_that_the_user_stops_keeps_what_it_has(store: Store, data: str, scheduler: str) -> None:
    run = queued(store, data, LONG)
    when(store, has_trained, lambda run: send_command(run.folder, "stop"))
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert jobs.train(there, run.id).outcome == "stopped"
    assert store.run(run.id).checkpoint is not None


def test_that_a_run_that_waits_for_a_worker_ends_at_once_when_it_is_cancelled(store: Store, data: str) -> None:
    run = queued(store, data)
    with (
        distributed.LocalCluster(
            n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
        jobs.on_cluster(jobs.Session(store), cluster.scheduler_address) as there,
    ):
        threading.Timer(0.5, send_command, (run.folder, "cancel")).start()
        assert jobs.train(there, run.id).outcome == "queued"


def test_that_what_a_worker_cannot_train_fails_with_its_sentence(store: Store, data: str, scheduler: str) -> None:
    run = queued(store, data)
    with store.write_run(run.id, resume=False) as writer:
        writer.set(data_fingerprint="of other images", outcome="queued")
    with jobs.on_cluster(jobs.Session(store), scheduler) as there, pytest.raises(UserError, match="have changed since"):
        jobs.train(there, run.id)
    assert store.run(run.id).outcome == "failed"


def test_that_a_worker_keeps_its_process_for_the_next_run_until_one_fails(
    store: Store, data: str, one_worker: str
) -> None:
    psutil = pytest.importorskip("psutil")

    def processes() -> set[int]:
        own = psutil.Process().children(recursive=True)
        return {each.pid for each in own if "mpt_studio.jobs.cluster.child" in each.cmdline()}

    before = processes()
    with jobs.on_cluster(jobs.Session(store), one_worker) as there:
        first = jobs.train(there, queued(store, data).id)
        (kept,) = processes() - before
        second = jobs.train(there, queued(store, data).id)
        assert processes() - before == {kept}
        failing = queued(store, data)
        with store.write_run(failing.id, resume=False) as writer:
            writer.set(data_fingerprint="of other images", outcome="queued")
        with pytest.raises(UserError):
            jobs.train(there, failing.id)
        assert processes() - before == set()
    assert weights(first) == weights(second)
    assert "log.txt" in {path.name for path in second.folder.iterdir()}


@pytest.mark.skipif(torch.cuda.is_available(), reason="has the device")
def test_that_a_device_is_asked_of_the_workers_and_not_of_who_asks(store: Store, data: str, scheduler: str) -> None:
    recipe = Recipe(data=data, role="old", old_classes="2", training=dataclasses.replace(TRAINING, device="cuda"))
    session = jobs.Session(store)
    dataset = jobs.open_data(session, data)
    run = jobs.start_train(store, recipe, dataset)
    with jobs.on_cluster(session, scheduler) as there:
        jobs.check_engine(there, recipe, dataset)
        with pytest.raises(UserError, match="has no CUDA device"):
            jobs.train(there, run.id)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("victim", ["worker", "process"])
def test_that_a_run_whose_worker_is_killed_goes_on_elsewhere_and_ends_with_the_same_bits(
    store: Store, data: str, scheduler: str, victim: str
) -> None:
    psutil = pytest.importorskip("psutil")
    training = Training(**{**vars(TRAINING), "epochs": 30})
    run = queued(store, data, training)

    def kill(run: Run) -> None:
        own = psutil.Process().children(recursive=True)
        child = next(each for each in own if "mpt_studio.jobs.cluster.child" in each.cmdline())
        os.kill(child.ppid() if victim == "worker" else child.pid, signal.SIGKILL)

    killer = when(store, has_trained, kill)
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert jobs.train(there, run.id).outcome == "done"
    killer.join()
    alone = Store(store.root.with_name("alone"))
    assert weights(store.run(run.id)) == weights(jobs.train(jobs.Session(alone), queued(alone, data, training).id))


@pytest.mark.slow
def test_that_a_version_is_evaluated_by_a_worker(store: Store, data: str, scheduler: str, tmp_path: Path) -> None:
    run = jobs.train(jobs.Session(store), queued(store, data).id)
    assert run.checkpoint is not None
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        found, folder = jobs.evaluate(there, run.checkpoint, data, part="validation", out=tmp_path / "answers")
    here, _ = jobs.evaluate(jobs.Session(store), run.checkpoint, data, part="validation")
    assert folder == tmp_path / "answers"
    assert len(found) == 48
    assert (found.logits == here.logits).all()
