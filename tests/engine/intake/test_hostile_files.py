"""Every hostile or malformed file is refused with a sentence, nothing of it runs, in the promised memory and time."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile import ROOMS, Hostile, room
from hostile.case import Listener, laid
from hostile.pickles import full_matrix

SECONDS = 10.0
MEGABYTE = 1 << 20
SENTENCE = 200


@dataclass(frozen=True)
class Outcome:
    """What became of one case."""

    case: Hostile
    report: dict[str, Any] | None
    seconds: float
    """Of computing: other programs on the machine do not count."""
    memory: int
    """Bytes at the peak, beyond a reader that does nothing."""
    promised: int
    status: int
    heard: list[str]
    sung: bool
    left: list[str]
    """Files that appeared or vanished beside the case's own."""

    @property
    def label(self) -> str:
        return f"{self.case.group}: {self.case.name}"

    @property
    def sentence(self) -> str:
        return str((self.report or {}).get("error", ""))


class Reader:
    """The process that forks a child of the real kind for every file."""

    def __init__(self, base: Path) -> None:
        self.base, self.listener = base, Listener()
        (base / "cwd").mkdir()
        script = Path(__file__).with_name("read_many.py")
        words = [sys.executable, "-B", str(script), str(base / "out"), str(base / "cwd"), str(6 * SECONDS)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
        )
        self.count = 0

    def outcome(self, case: Hostile) -> Outcome:
        self.count += 1
        home = self.base / f"case{self.count}"
        canary, path = laid(case, home, self.listener.port)
        before = _listing(home)
        record = self._asked(path)
        left = sorted(before ^ _listing(home)) + sorted(os.listdir(self.base / "cwd"))
        sung = canary.has_sung() or self.listener.knocks() > 0
        promised = 4 * _size(path) + 512 * MEGABYTE
        shutil.rmtree(home)
        return Outcome(case, promised=promised, sung=sung, left=left, **record)

    def _asked(self, path: Path) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(str(path)) + "\n")
        self.process.stdin.flush()
        record: dict[str, Any] = json.loads(self.process.stdout.readline())
        return record

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.listener.close()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    return {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def _listing(folder: Path) -> set[str]:
    return {str(Path(at) / name) for at, folders, files in os.walk(folder) for name in folders + files}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return 0


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    made = Reader(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


Outcomes = Callable[[str], list[Outcome]]
"""By room: each has a test, and with it a time, of its own."""


@pytest.fixture(scope="module")
def outcomes(reader: Reader) -> Outcomes:
    return functools.cache(lambda name: [reader.outcome(case) for case in room(name)])


def _labels(outcomes: list[Outcome], is_bad: Callable[[Outcome], Any]) -> list[str]:
    bad = [one for one in outcomes if is_bad(one)]
    return [f"{one.label} ({one.status}; {one.heard} {one.sentence or one.report})"[:400] for one in bad]


def _misbehaving(outcomes: list[Outcome]) -> dict[str, list[str]]:
    """Everything that the promise excludes, by kind."""
    kinds: dict[str, Callable[[Outcome], Any]] = {
        "ran": lambda one: one.sung or one.heard,
        "left files": lambda one: one.left,
        "too slow": lambda one: one.seconds > SECONDS,
        "too much memory": lambda one: one.memory > one.promised,
        "crashed": lambda one: one.status != 0 or one.report is None,
        "read": lambda one: one.report is not None and not one.sentence,
        "no sentence": lambda one: one.sentence and not _is_sentence(one.sentence),
    }
    return {kind: labels for kind, is_bad in kinds.items() if (labels := _labels(outcomes, is_bad))}


def _is_sentence(text: str) -> bool:
    return text.isprintable() and len(text) <= SENTENCE and text.endswith(".") and "Traceback" not in text


@pytest.mark.timeout(1200)  # each file has a limit of its own
@pytest.mark.parametrize("name", ROOMS)
def test_that_every_hostile_file_is_refused_and_nothing_of_it_runs(outcomes: Outcomes, name: str) -> None:
    assert _misbehaving(outcomes(name)) == {}


def test_that_a_refusal_names_the_file(outcomes: Outcomes) -> None:
    named = [one for one in outcomes("lookalikes") if one.case.group == "look-alike"]
    assert _labels(named, lambda one: one.case.name[:20] not in one.sentence) == []


@pytest.mark.slow
def test_that_every_dangerous_name_is_refused_in_every_container_and_protocol(reader: Reader) -> None:
    assert _misbehaving([reader.outcome(case) for case in full_matrix()]) == {}
