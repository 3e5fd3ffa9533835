"""Processes of torchrun: the first one writes, all of them train; one that is killed costs nothing but the time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.errors import Interrupted
from mpt_studio.events import Event, Note, Paused, Step
from mpt_studio.jobs.launched import taking_part
from mpt_studio.recipe import Images, Model, Recipe, Start, Training
from mpt_studio.store import Run, Store
from mpt_studio.store.control import send_command

from .conftest import fresh_version

TRAIN = ["train", "--data", "builtin", "--role", "old", "--device", "cpu", "--limit-train", "300", "--json"]


def test_that_a_process_of_its_own_does_its_job(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with taking_part() as does_it:
        assert does_it


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python programs; a launcher that a failing test leaves behind takes its ranks along."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        environment, pipe = {**os.environ, "OMP_NUM_THREADS": "1"}, subprocess.PIPE
        command = [sys.executable, *words]
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for each in started:
        each.terminate()
        each.communicate(timeout=60)


@pytest.fixture
def torchrun(tmp_path: Path, program) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command of ours in two processes on the CPU."""
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "mpt_studio")
    return lambda *words: program(*launcher, *words, "--store", str(tmp_path / "store"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_that_torchruns_processes_train_one_version_together(torchrun, tmp_path: Path):
    out, said = torchrun(*TRAIN, "--epochs", "1").communicate(timeout=200)
    record = json.loads(out)  # of the first process alone
    run = Store(tmp_path / "store").run(record["run"])
    assert (record["outcome"], len(Store(tmp_path / "store").runs())) == ("done", 1), said
    assert record["figures"]["test"]["own_classes"]["samples"] == 600
    assert '"device":"2 × cpu (1 thread)"' in run.events_path.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_that_a_run_whose_rank_was_killed_says_so_and_goes_on_alone(torchrun, tmp_path: Path):
    launched = torchrun(*TRAIN, "--epochs", "60", "--save-every-seconds", "0.1")
    store = Store(tmp_path / "store")
    until = time.monotonic() + 120
    while not (store.runs() and store.runs()[0].resume_states) and time.monotonic() < until:
        time.sleep(0.1)
    *_, last = psutil.Process(launched.pid).children()
    os.kill(last.pid, signal.SIGKILL)
    _, said = launched.communicate(timeout=60)
    run = store.runs()[0]
    assert (launched.returncode, run.outcome) == (1, "interrupted")
    assert run.message == "One of the 2 ranks ended without a word. It can be resumed."
    assert f"Go on with: mpt-studio resume {run.id}" in said
    resumed = subprocess.run(
        [sys.executable, "-m", "mpt_studio", "resume", run.id, "--store", str(store.root)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (resumed.returncode, store.run(run.id).outcome) == (0, "done"), resumed.stderr


@pytest.fixture
def grey(tmp_path: Path, shades: Callable[[Path, int], str]) -> str:
    return shades(tmp_path / "images", 16)


def queued(store: Store, data: str, start: Start = Start(), epochs: int = 4000) -> Run:  # noqa: B008 - frozen
    training = Training(epochs=epochs, batch_size=16, learning_rate=0.05, precision="fp32", device="cpu", flip="off")
    recipe = Recipe(
        data=data,
        role="old",
        old_classes="2",
        model=Model(image_size=16),
        start=start,
        images=Images(crop="centre"),
        training=training,
    )
    return jobs.start_train(store, recipe, jobs.open_data(jobs.Session(store), data))


@pytest.fixture
def two_ranks(program) -> Callable[[Run], subprocess.Popen[str]]:
    """Goes on with a run as ``--gpus 2`` does, on the CPU."""

    def start(run: Run) -> subprocess.Popen[str]:
        code = "import sys, pathlib; from mpt_studio.cli.spread import resume_on\n"
        code += f"sys.exit(resume_on(2, {run.id!r}, pathlib.Path({str(run.folder.parents[1])!r}), True))"
        return program("-c", code)

    return start


def heard(run: Run, what: Callable[[list[Event]], bool], seconds: float = 200) -> list[Event]:
    """A run's events once they are so."""
    until = time.monotonic() + seconds
    while not what(events := list(run.events())) and time.monotonic() < until:
        time.sleep(0.1)
    assert what(events), events[-3:]
    return events


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_that_two_ranks_pause_go_on_and_stop_at_the_same_step(two_ranks, grey: str, tmp_path: Path):
    run = queued(Store(tmp_path / "store"), grey)
    launched = two_ranks(run)
    heard(run, lambda events: any(isinstance(event, Step) for event in events))
    send_command(run.folder, "pause")
    paused = heard(run, lambda events: isinstance(events[-1], Paused))
    time.sleep(1)
    assert list(run.events()) == paused
    send_command(run.folder, "run")
    heard(run, lambda events: isinstance(events[-1], Step) and len(events) > len(paused) + 2)
    send_command(run.folder, "stop")
    out, said = launched.communicate(timeout=60)
    run = Store(tmp_path / "store").run(run.id)
    assert (launched.returncode, run.outcome) == (0, "stopped"), said
    assert run.checkpoint is not None
    assert json.loads(out)["figures"]["test"]["own_classes"]["samples"] == 32


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_that_ctrl_c_ends_two_ranks_in_order_and_the_run_goes_on_alone(two_ranks, grey: str, tmp_path: Path):
    store = Store(tmp_path / "store")
    run = queued(store, grey)
    launched = two_ranks(run)
    heard(run, lambda events: any(isinstance(event, Step) for event in events))
    ranks = psutil.Process(launched.pid).children(recursive=True)
    launched.send_signal(signal.SIGINT)
    _, said = launched.communicate(timeout=60)
    assert launched.returncode == Interrupted.exit_code, said
    assert f"Interrupted; go on with: mpt-studio resume {run.id}" in said
    assert "Traceback" not in said
    assert not any(rank.is_running() for rank in ranks)
    step = next(event.step for event in reversed(list(run.events())) if isinstance(event, Step))
    run = store.run(run.id)
    assert (run.outcome, run.is_active, bool(run.resume_states)) == ("interrupted", False, True)

    def listen(_: str, event: Event) -> None:
        if isinstance(event, Step):
            send_command(run.folder, "stop")

    assert jobs.train(jobs.Session(store, listen), run.id).outcome == "stopped"
    assert next(event.step for event in reversed(list(run.events())) if isinstance(event, Step)) > step


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_that_a_head_alone_learns_on_one_of_two_gpus_and_says_so(two_ranks, grey: str, tmp_path: Path):
    start = Start(start=str(fresh_version(tmp_path, "start", ("ant", "bee"))), freeze=-1)
    store = Store(tmp_path / "store")
    run, alone = queued(store, grey, start, epochs=3), queued(store, grey, start, epochs=3)
    launched = two_ranks(run)
    _, said = launched.communicate(timeout=120)
    assert (launched.returncode, store.run(run.id).outcome) == (0, "done"), said
    notes = [event.text for event in run.events() if isinstance(event, Note)]
    assert "A head alone is too little to be spread over several GPUs; it learns on one." in notes
    one, two = (
        load_file(found.checkpoint or "") for found in (jobs.train(jobs.Session(store), alone.id), store.run(run.id))
    )
    assert all((one[name] == two[name]).all() for name in one)
