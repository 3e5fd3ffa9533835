"""The warm worker: its protocol, and which work it does not do."""

from __future__ import annotations

import io
import json
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpt_studio import jobs
from mpt_studio.cli import worker
from mpt_studio.cli.inbox import Inbox
from mpt_studio.errors import UserError
from mpt_studio.store import Store


class Talk:
    """A worker in a thread: lines are sent one by one, answers are waited for."""

    def __init__(self, folder: Path) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.heard: queue.Queue[dict] = queue.Queue()
        lines = iter(self._lines.get, None)
        self._thread = threading.Thread(target=worker.Worker(Store(folder), Inbox(lines), self).serve)
        self._thread.start()

    def send(self, **fields) -> None:
        self._lines.put(json.dumps(fields))

    def answer(self) -> dict:
        return self.heard.get(timeout=120)

    def write(self, text: str) -> None:
        self.heard.put(json.loads(text))

    def flush(self) -> None:
        pass

    def end(self) -> None:
        self._lines.put(None)
        self._thread.join(timeout=120)
        assert not self._thread.is_alive()


class Steps:
    """A job whose steps are taken when the test says so."""

    def __init__(self) -> None:
        self.started, self.go_on, self.served = threading.Event(), threading.Event(), []

    def long(self, session, warm, args) -> dict:
        self.started.set()
        assert self.go_on.wait(120)
        session.progress("half way", 0.5)
        self.served.append("long")
        return {"done": True}

    def quick(self, session, warm, args) -> dict:
        session.progress("quick", None)
        self.served.append(args["sample"])
        return {"sample": args["sample"]}


@pytest.fixture
def steps(monkeypatch) -> Steps:
    made = Steps()
    table = {"long": made.long, "saliency": made.quick, "neighbours": made.quick}
    monkeypatch.setattr(worker, "JOBS", table)
    return made


@pytest.fixture
def talk(tmp_path, steps) -> Iterator[Talk]:
    made = Talk(tmp_path)
    yield made
    steps.go_on.set()
    made.end()


def wait_for_inbox(talk: Talk, steps: Steps) -> None:
    """All lines sent so far are read: the queue of lines is empty and the reader is waiting again."""
    while not talk._lines.empty():
        threading.Event().wait(0.005)
    threading.Event().wait(0.05)


def test_that_requests_are_answered_in_order_as_before(talk):
    talk.send(id=1, job="saliency", args={"sample": "a"})
    talk.send(id=2, job="saliency", args={"sample": "b"})
    answers = [talk.answer() for _ in range(4)]
    assert answers[0] == {"id": 1, "progress": "quick", "fraction": None}
    assert [a.get("result") for a in answers] == [None, {"sample": "a"}, None, {"sample": "b"}]


def test_that_only_the_newest_waiting_request_of_a_kind_is_served(talk, steps):
    talk.send(id=1, job="long")
    assert steps.started.wait(10)
    for number, sample in enumerate("abc", start=2):
        talk.send(id=number, job="neighbours", latest="neighbours", args={"sample": sample})
    talk.send(id=5, job="neighbours", args={"sample": "kept"})
    wait_for_inbox(talk, steps)
    steps.go_on.set()
    last = [a for a in (talk.answer() for _ in range(8)) if "progress" not in a]
    assert [(a["id"], a.get("skipped")) for a in last] == [(1, None), (2, True), (3, True), (4, None), (5, None)]
    assert all("error" in a for a in last if a.get("skipped"))  # a client that knows no "skipped" is not left waiting
    assert steps.served == ["long", "c", "kept"]


@pytest.mark.parametrize(("open_data", "order"), [("shown", [3, 1, 2]), ("other", [1, 2, 3])])
def test_that_a_quick_job_on_open_data_is_served_between_the_steps_of_a_long_one(
    talk, steps, monkeypatch, open_data, order
):
    monkeypatch.setattr(jobs.Warm, "has_data", lambda self, spec: spec == open_data)
    talk.send(id=1, job="long")
    assert steps.started.wait(10)
    talk.send(id=2, job="neighbours", args={"sample": "later", "data": "shown"})
    talk.send(id=3, job="saliency", args={"sample": "soon", "data": "shown"})
    wait_for_inbox(talk, steps)
    steps.go_on.set()
    assert [a["id"] for a in (talk.answer() for _ in range(6)) if "result" in a] == order


def test_that_a_running_request_is_cancelled_at_its_next_progress(talk, steps):
    talk.send(id=1, job="long")
    assert steps.started.wait(10)
    talk.send(cancel=1)
    wait_for_inbox(talk, steps)
    steps.go_on.set()
    assert talk.answer()["progress"] == "half way"
    assert talk.answer() == {"id": 1, "error": "Cancelled.", "detail": "", "cancelled": True}
    assert steps.served == []


def test_that_a_waiting_request_is_cancelled_without_being_run(talk, steps):
    talk.send(id=1, job="long")
    assert steps.started.wait(10)
    talk.send(id=2, job="neighbours", args={"sample": "a"})
    talk.send(cancel=2)
    talk.send(cancel=77)
    wait_for_inbox(talk, steps)
    steps.go_on.set()
    answers = [talk.answer() for _ in range(3)]
    assert answers[-1]["cancelled"]
    assert steps.served == ["long"]


@pytest.mark.parametrize("line", ["no json", "[]", '{"job": "long"}', '{"id": 1, "job": "long", "args": 7}', "3"])
def test_that_a_line_that_is_no_request_is_answered(talk, line):
    talk._lines.put(line)
    assert "no request" in talk.answer()["error"]


def test_that_an_unknown_job_is_a_sentence(talk):
    talk.send(id=4, job="make_coffee")
    assert talk.answer()["error"].startswith("The worker has no job 'make_coffee'")


def test_that_a_fault_of_ours_comes_with_its_trace(talk, monkeypatch):
    monkeypatch.setitem(worker.JOBS, "long", lambda session, warm, args: 1 // 0)
    talk.send(id=1, job="long")
    answer = talk.answer()
    assert answer["error"].startswith("ZeroDivisionError")
    assert "1 // 0" in answer["detail"]


VERSIONS = {"checkpoints": ["none.safetensors"], "data": "builtin"}
ARGUMENTS = {
    "evaluate": {"checkpoint": "none.safetensors", "data": "builtin"},
    "inspect": {"path": "none.safetensors"},
    "read_version": {"path": "none.safetensors"},
    "export": {"checkpoint": "none.safetensors", "format": "labels", "out": "labels.txt"},
    "measure_costs": {"versions": ["none.safetensors", "other.safetensors"], "again": True},
    "report": {"old": "none.safetensors", "new": "none.csv", "page": "report.html"},
    "estimate": {"recipe": {"data": "builtin", "old": "none.safetensors"}},
    "describe_search": {"recipe": {"update": {"data": "builtin", "old": "none.safetensors"}}},
    "diagnose": {"old": "none.safetensors", "new": "builtin"},
    "set_class_map": {"old": "none.safetensors", "new": "builtin", "pairs": [["lorry", "truck"]]},
    "load": VERSIONS,
    "saliency": {**VERSIONS, "sample": "test/00001", "classes": ["A"]},
    "neighbours": {**VERSIONS, "samples": ["test/00001"], "k": 3, "all_classes": True},
    "features_map": {"checkpoint": "none.safetensors", "data": "builtin", "part": "train", "method": "umap"},
    "interpolate": {"old": "a", "update": "b", "data": "builtin", "alphas": [0, 1], "statistics": "interpolated"},
}


def test_that_every_job_but_those_without_files_is_tried_below() -> None:
    assert worker.JOBS.keys() - ARGUMENTS.keys() == {"prepare_data", "count_gpus", "check_cluster"}


@pytest.mark.parametrize("job", ARGUMENTS)
def test_that_each_job_takes_its_arguments_and_names_a_missing_checkpoint(job, tmp_path):
    with pytest.raises(UserError, match=r"There is no (checkpoint|file)"):
        worker.JOBS[job](jobs.Session(Store(tmp_path)), jobs.Warm(), ARGUMENTS[job])


def test_that_the_process_serves_everything_that_was_sent_before_its_input_ended(tmp_path, monkeypatch):
    requests = [{"id": i, "job": "inspect", "args": {"path": str(tmp_path / "none")}} for i in range(3)]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps(r) + "\n" for r in requests)))
    answers = io.StringIO()
    monkeypatch.setattr("sys.stdout", answers)
    assert worker.main(["--store", str(tmp_path)]) == 0
    found = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [a["id"] for a in found] == [0, 1, 2]
    assert all("There is no " in a["error"] for a in found)


def test_that_the_window_can_ask_for_gpus_and_for_what_a_cluster_lacks(tmp_path, monkeypatch):
    def asked(job: str, **args) -> dict:
        return worker.JOBS[job](jobs.Session(Store(tmp_path)), jobs.Warm(), args)

    assert asked("count_gpus") == {"gpus": jobs.gpus_here()}
    with pytest.raises(UserError, match="is no address of a scheduler; write it as tcp://HOST:8786"):
        asked("check_cluster", cluster="tcp://nowhere")
    with pytest.raises(UserError, match="There is no cluster 'lab' in "):
        asked("check_cluster", cluster="lab")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match="A cluster needs Dask; install it: pip install 'mpt-studio"):
        asked("check_cluster", cluster="gpus")
