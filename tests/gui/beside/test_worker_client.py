from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.gui.beside.worker_client import WorkerClient

pytestmark = pytest.mark.gui

WORKER = """
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if "cancel" in request:
        continue
    def say(**more): print(json.dumps({"id": request["id"], **more}), flush=True)
    job, args = request["job"], request["args"]
    if job == "echo":
        print("a library's chatter", flush=True)
        say(progress="half way", fraction=0.5)
        say(result={"said": args["text"], "pid": os.getpid()})
    elif job == "fail":
        say(error="No such data.", detail="trace")
    elif job == "die":
        print("the last words", file=sys.stderr, flush=True)
        os._exit(3)
    elif job == "sleep":
        say(progress="sleeping", fraction=None)
        time.sleep(60)
    elif job == "twice":  # answers the next request before its own
        other = json.loads(sys.stdin.readline())
        print(json.dumps({"id": other["id"], "result": {"said": "second"}}), flush=True)
        say(result={"said": "first", "latest": other.get("latest")})
    elif job == "skip":
        say(error="A newer request took its place.", detail="", skipped=True)
    elif job == "heed":
        say(progress="working", fraction=None)
        assert json.loads(sys.stdin.readline())["cancel"] == request["id"]
        say(error="Cancelled.", detail="", cancelled=True)
"""


@pytest.fixture
def client(qapp: object, tmp_path: Path) -> Iterator[WorkerClient]:
    made = WorkerClient(tmp_path, command=[sys.executable, "-c", WORKER])
    yield made
    made.close()


class Ear:
    """Hears what a request tells."""

    def __init__(self) -> None:
        self.results: list[dict] = []
        self.errors: list[tuple[str, str]] = []
        self.progress: list[tuple[str, float | None]] = []

    def asks(self, client: WorkerClient, job: str, **args: object) -> object:
        return client.request(
            job, args, self.results.append, lambda *e: self.errors.append(e), lambda *p: self.progress.append(p)
        )


def test_that_a_result_and_progress_arrive(client: WorkerClient, qtbot: QtBot) -> None:
    ear = Ear()
    request = ear.asks(client, "echo", text="Übung")
    with qtbot.waitSignal(request.finished):
        pass
    assert ear.results[0]["said"] == "Übung"
    assert ear.progress == [("half way", 0.5)]
    assert not client.is_busy


def test_that_the_process_stays_warm(client: WorkerClient, qtbot: QtBot) -> None:
    ear = Ear()
    ear.asks(client, "echo", text="1")
    ear.asks(client, "echo", text="2")
    qtbot.waitUntil(lambda: len(ear.results) == 2)
    assert ear.results[0]["pid"] == ear.results[1]["pid"]


def test_that_an_error_is_a_sentence_with_its_detail(client: WorkerClient, qtbot: QtBot) -> None:
    ear = Ear()
    ear.asks(client, "fail")
    qtbot.waitUntil(lambda: bool(ear.errors))
    assert ear.errors == [("No such data.", "trace")]


def test_that_a_dead_worker_is_told_and_the_next_request_gets_a_new_one(client: WorkerClient, qtbot: QtBot) -> None:
    ear = Ear()
    ear.asks(client, "die")
    ear.asks(client, "echo", text="after")
    qtbot.waitUntil(lambda: bool(ear.results))
    sentence, detail = ear.errors[0]
    assert "exit code 3" in sentence
    assert "the last words" in detail
    assert ear.results[0]["said"] == "after"


def test_that_requests_are_sent_at_once_and_answers_find_theirs(client: WorkerClient, qtbot: QtBot) -> None:
    first, second = Ear(), Ear()
    first.asks(client, "twice")
    client.request("other", {}, second.results.append, latest="saliency")
    qtbot.waitUntil(lambda: bool(first.results))
    assert first.results == [{"said": "first", "latest": "saliency"}]
    assert second.results == [{"said": "second"}]


def test_that_a_skipped_request_ends_without_a_word(client: WorkerClient, qtbot: QtBot) -> None:
    ear = Ear()
    request = ear.asks(client, "skip")
    with qtbot.waitSignal(request.finished):
        pass
    assert ear.results == []
    assert ear.errors == []


def test_that_a_job_that_heeds_its_cancellation_keeps_the_worker_warm(client: WorkerClient, qtbot: QtBot) -> None:
    before, ear, slow = Ear(), Ear(), Ear()
    before.asks(client, "echo", text="1")
    request = slow.asks(client, "heed")
    qtbot.waitUntil(lambda: bool(slow.progress))
    request.cancel()
    assert not client.is_busy
    ear.asks(client, "echo", text="2")
    qtbot.waitUntil(lambda: bool(ear.results))
    assert ear.results[0]["pid"] == before.results[0]["pid"]
    assert slow.errors == []


def test_that_a_request_that_ends_worker_after_worker_is_given_up(client: WorkerClient, qtbot: QtBot) -> None:
    ears = [Ear() for _ in range(4)]
    for ear in ears:
        ear.asks(client, "die")
    qtbot.waitUntil(lambda: all(ear.errors for ear in ears))
    assert [len(ear.errors) for ear in ears] == 4 * [1]


def test_that_cancel_stops_the_running_request_and_the_waiting_one_goes_on(client: WorkerClient, qtbot: QtBot) -> None:
    slow, ear = Ear(), Ear()
    request = slow.asks(client, "sleep")
    ear.asks(client, "echo", text="next")
    qtbot.waitUntil(lambda: bool(slow.progress))
    request.cancel()
    qtbot.waitUntil(lambda: bool(ear.results))
    assert slow.results == []
    assert slow.errors == []


def test_that_a_waiting_request_is_cancelled_without_stopping_the_worker(client: WorkerClient, qtbot: QtBot) -> None:
    first, second, third = Ear(), Ear(), Ear()
    first.asks(client, "echo", text="1")
    waiting = second.asks(client, "echo", text="2")
    waiting.cancel()
    third.asks(client, "echo", text="3")
    qtbot.waitUntil(lambda: bool(third.results))
    assert second.results == []
    assert first.results[0]["pid"] == third.results[0]["pid"]


def test_that_a_program_that_cannot_start_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    client, ear = WorkerClient(tmp_path, command=[str(tmp_path / "missing")]), Ear()
    ear.asks(client, "echo", text="1")
    qtbot.waitUntil(lambda: bool(ear.errors))
    assert "could not be started" in ear.errors[0][0]
    client.close()
