"""How fast this machine trains, evaluates and compares: a plain script, MPT Studio and the bare step, side by side.

Every side is a process of its own. Rounds (an epoch, a pass over the test part) are played in turns, so that whatever
else the machine does meets all sides alike; figures are medians over rounds, ratios medians of each round's ratio.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from gpu_load import GpuLoad
from jpegs import make_jpegs
from memory_use import MemoryUse

from mpt_studio.data import open_dataset, resolve_old_classes
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.session import absolute_spec
from mpt_studio.recipe import Model

SIDES = ("script", "ours", "bound")
SIDES_OF_FILES = (*SIDES, "decode")
SETTING = "setting.json"
HERE = Path(__file__).parent
Role = Literal["train", "evaluate"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the table: what is trained or evaluated."""

    title: str
    role: Role = "train"
    data: str = "builtin"
    old_classes: str = ""
    """Empty: half of them."""
    arch: str = "small"
    small_stem: Literal["auto", "on", "off"] = "auto"
    image_size: int = 0
    batch: int = 128
    method: str = "mpt_kl"
    margin: float = 4.0
    limit_train: int = 0
    precision: str = "auto"
    device: str = "auto"
    seed: int = 42
    learning_rate: float = 0.02
    versions: int = 1
    """How many versions of the same data are evaluated, one after the other."""
    jpegs: int = 0
    """So many JPEG files of 256 pixels are made and are the data; they stay on disk and are decoded batch by batch."""
    sides: tuple[str, ...] = SIDES


@dataclass
class Side:
    """What one side's rounds took, the first (start-up, warm-up) left out."""

    rates: list[float] = field(default_factory=list)
    """Images per second."""
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    """Of the side's own process, as the system says at its end."""
    tree_peak_bytes: int = 0
    """With all processes that it started, shared pages counted once, looked at twice a second; 0 where unknown."""
    gpu_peak_bytes: int = 0
    start_seconds: float = 0.0
    """From the command to the first step's end (evaluation: to the first batch's)."""
    gpu_load: float | None = None
    """Mean share of time in which the GPU computed, 0…1."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "images_per_second": statistics.median(self.rates)}


def run_case(case: Case, rounds: int) -> dict[str, Any]:
    """Play a case's rounds. Raises ``UserError`` where a side fails, with its last line."""
    with tempfile.TemporaryDirectory(prefix="mpt-studio-bench-") as folder, ExitStack() as stack:
        setting = prepared_setting(case, rounds, Path(folder))
        players = [stack.enter_context(_player(name, setting)) for name in case.sides]
        for number in range(rounds + 1):
            for player in players[:: -1 if number % 2 else 1]:  # back and forth: nobody always follows the same side
                say(f"{case.title}: {player.name}, round {number} of {rounds}")
                player.play(keep=number > 0)
        sides = {player.name: player.side for player in players}
    return {"title": case.title, "case": asdict(case), "sides": _as_json(sides), "ratios": ratios(sides)}


def ratios(sides: dict[str, Side]) -> dict[str, float]:
    """Medians over the rounds of "ours/script", "ours/bound" and the like, for the sides that were played.

    Where decoding was played, "ours/limit" is ours beside the slower of decoding and the bound.
    """
    others = {name: side.rates for name, side in sides.items() if name != "ours"}
    if "decode" in others:
        others["limit"] = [min(pair) for pair in zip(others["bound"], others["decode"], strict=True)]
    ours = sides.get("ours", Side()).rates
    return {
        f"ours/{name}": statistics.median(a / b for a, b in zip(ours, rates, strict=True))
        for name, rates in others.items()
        if ours
    }


def _as_json(sides: dict[str, Side]) -> dict[str, Any]:
    return {name: side.to_json() for name, side in sides.items()}


def prepared_setting(case: Case, rounds: int, folder: Path) -> dict[str, Any]:
    """A case as plain values, kept in the folder beside both teachers' files."""
    spec = make_jpegs(folder / "images", case.jpegs) if case.jpegs else absolute_spec(case.data)
    dataset = open_dataset(spec)
    half = str(max(1, len(dataset.class_names) // 2))
    old_names = resolve_old_classes(case.old_classes or half, dataset.class_names)
    size = Model(image_size=case.image_size).input_size(dataset.image_size)
    chosen = {"data": spec, "image_size": size, "old_names": list(old_names), "folder": str(folder), "rounds": rounds}
    setting = {**asdict(case), **chosen}
    (folder / SETTING).write_text(json.dumps(setting), "utf-8")
    done = subprocess.run(command("prepare", folder / SETTING), capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"The benchmark cannot be prepared ({last_line(done.stderr)}).")
    return setting


def command(side: str, setting: Path) -> list[str]:
    """What a side's process is started with."""
    words = [str(HERE / "published_loop.py")] if side == "script" else [str(HERE / "bench_side.py"), side]
    return [sys.executable, *words, str(setting)]


def environment() -> dict[str, str]:
    """For a side's process."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])}


class _Player:
    """A side's process; it is started with its first round, so that its start-up is measured alone."""

    def __init__(self, name: str, setting: dict[str, Any]) -> None:
        self.name, self.side = name, Side()
        self._setting = setting
        self._process: subprocess.Popen[str] | None = None
        self._errors = Path(setting["folder"]) / f"{name}.log"

    def play(self, keep: bool) -> None:
        first = self._process is None
        began = time.time()
        process = self._process = self._process or self._started()
        with GpuLoad(self._setting["device"]) as load, MemoryUse(process.pid) as memory:
            record = self._round(process)
        if first:
            self.side.start_seconds = record["first_step_at"] - began
        self.side.peak_bytes, self.side.gpu_peak_bytes = record["peak_bytes"], record["gpu_peak_bytes"]
        self.side.tree_peak_bytes = max(self.side.tree_peak_bytes, memory.peak)
        if keep:
            self.side.rates.append(record["images"] / record["seconds"])
            self.side.seconds.append(record["seconds"])
            self.side.gpu_load = load.mean
            if "loss" in record:
                self.side.losses.append(record["loss"])

    def _started(self) -> subprocess.Popen[str]:
        path = Path(self._setting["folder"]) / SETTING
        with self._errors.open("w") as errors:
            return subprocess.Popen(
                command(self.name, path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(),
            )

    def _round(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("go\n")
            process.stdin.flush()
            record: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            sentence = last_line(self._errors.read_text("utf-8", "replace"))
            raise UserError(f"The side {self.name!r} of the benchmark failed ({sentence}).") from None
        return record

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def _player(name: str, setting: dict[str, Any]) -> Iterator[_Player]:
    player = _Player(name, setting)
    try:
        yield player
    finally:
        player.end()


def last_line(text: str) -> str:
    """Why a process ended."""
    lines = [line for line in text.splitlines() if line.strip()]
    return one_sentence(lines[-1] if lines else "it ended without a word", 200)


def seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
