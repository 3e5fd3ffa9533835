"""``kill -9`` at random points of trainings and evaluations on a cluster: do all end with the bits of unkilled ones?

    python tests/benchmarks/killed_workers.py [--trainings 10] [--evaluations 10] [--seed 1]

A scheduler and two workers are started on loopback, as ``dask worker`` does it, and commands of the command line use
them. At a random point of the time from the beginning of the work to the command's end one of these is killed:

    process   the run's process beside its worker
    worker    the worker, which its nanny starts again
    nanny     the nanny; its worker and whatever that does end with it
    client    the command; ``resume``, or the same command again, goes on

A line for each kill says when it was, where the work was, who went on, and whether the weights and the answers have
the same bits as those of one process that nobody killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import psutil  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from mpt_studio.predictions import read_predictions  # noqa: E402
from mpt_studio.store import Run, Store  # noqa: E402
from mpt_studio.store.lease import SHELF  # noqa: E402

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
EXACT = ("--data", "builtin", "--device", "cpu")
TRAIN = ("train", *EXACT, "--role", "old", "--limit-train", "1500", "--epochs", "40", "--precision", "fp32",
         "--save-every-seconds", "0.2")  # fmt: skip
LARGE = ("train", *EXACT, "--role", "old", "--limit-train", "72", "--epochs", "1", "--image-size", "64")
"""A version that takes some time to be asked about the training part."""
SECONDS = 600.0


@dataclass
class Cluster:
    """A scheduler and two workers."""

    folder: Path
    address: str = ""
    nannies: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def complete(self) -> None:
        """Start as many workers as are missing."""
        self.nannies = [each for each in self.nannies if each.poll() is None]
        while len(self.nannies) < 2:
            own = ("--nthreads", "1", "--host", "127.0.0.1", "--memory-limit", "0", "--local-directory", self.folder)
            self.nannies.append(self._dask("worker", self.address, "--nworkers", "1", *own))

    def start(self) -> subprocess.Popen[bytes]:
        told = self.folder / "scheduler.json"
        scheduler = self._dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", told)
        wait_for(told.is_file)
        self.address = json.loads(told.read_text())["address"]
        return scheduler

    def _dask(self, *words: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *map(str, words), "--no-dashboard"]
        with (self.folder / "dask.log").open("ab") as log:
            return subprocess.Popen(command, env=ENVIRONMENT, stdout=log, stderr=log)

    def victim(self, kind: str, writer: int, chance: random.Random) -> int:
        """A process of a kind, one that has the run's ``writer`` beside it where there is a writer; 0 for none."""
        if kind == "process":
            return writer
        with suppress(psutil.NoSuchProcess):
            workers = [worker for each in self.nannies if (worker := _worker(psutil.Process(each.pid)))]
            at_work = [each for each in workers if writer in {child.pid for child in each.children()}]
            if workers:
                worker = chance.choice(at_work or workers)
                return worker.ppid() if kind == "nanny" else worker.pid
        return 0


def _worker(nanny: psutil.Process) -> psutil.Process | None:
    return next((each for each in nanny.children() if "spawn_main" in " ".join(each.cmdline())), None)


@contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    scheduler = cluster.start()
    try:
        cluster.complete()
        yield cluster
    finally:
        started = [*cluster.nannies, scheduler]
        for each in started:
            each.terminate()
        for each in started:
            each.wait(60)


def wait_for(is_so: Callable[[], object], seconds: float = SECONDS) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


def command(store: Path, *words: object) -> list[str]:
    return [sys.executable, "-m", "mpt_studio", *map(str, words), "--store", str(store), "--json"]


def done(*words: str) -> None:
    ended = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr


class Training:
    """One version, trained to its end."""

    victims = ("process", "process", "worker", "nanny", "client")

    def __init__(self, folder: Path, address: str) -> None:
        self.store, self._address = Store(folder), address
        self.command = command(folder, *TRAIN, *(("--cluster", address) if address else ()))

    def has_begun(self) -> bool:
        return any(run.events_path.is_file() for run in self.store.runs())

    @property
    def run(self) -> Run:
        return self.store.runs()[0]

    @property
    def writer(self) -> int:
        """The process that trains it; 0 where none does."""
        with suppress(OSError, ValueError, IndexError):  # given back meanwhile
            newest = sorted((self.run.folder / SHELF).iterdir())[-1]
            return int(json.loads(newest.read_bytes())["process"]) if not newest.suffix else 0
        return 0

    def where(self) -> str:
        events = list(self.run.events())
        step = next((event.step for event in reversed(events) if event.kind == "step"), 0)
        return f"{events[-1].kind if events else 'nothing yet'}, step {step}, {len(self.run.resume_states)} states"

    def again(self) -> list[str]:
        return command(self.store.root, "resume", self.run.id, "--cluster", self._address)

    def bits(self) -> str:
        run = self.run
        assert run.outcome == "done", (run.outcome, run.message)
        weights = load_file(run.checkpoint or "")
        return digest(*(weights[name].tobytes() for name in sorted(weights)), *answers(run.predictions()))


class Evaluation:
    """A version's answers on the training part."""

    victims, writer = ("worker", "worker", "worker", "nanny", "client"), 0

    def __init__(self, folder: Path, address: str, version: Path) -> None:
        self.store, self.out = Store(folder), folder / "answers"
        words = ("evaluate", version, *EXACT, "--part", "train", "--out", self.out)
        self.command = command(folder, *words, *(("--cluster", address) if address else ()))

    def has_begun(self) -> bool:
        return bool(list(self.store.root.glob("evaluations/*/*-shards")))

    def where(self) -> str:
        found = len(list(self.store.root.glob("evaluations/*/*-shards/*-*.npy")))
        return f"{found} shards"

    def again(self) -> list[str]:
        return self.command

    def bits(self) -> str:
        return digest(*answers(self.out))


def answers(folder: Path | None) -> tuple[bytes, ...]:
    found = read_predictions(folder or Path())
    return found.logits.tobytes(), found.labels.tobytes(), "\n".join(found.sample_ids).encode()


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


Work = Training | Evaluation
Make = Callable[[str, str], Work]
"""Of a name and a cluster's address."""


def span(work: Work) -> float:
    """Seconds from the beginning of the work to the end of its command, which nobody kills."""
    with subprocess.Popen(work.command, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as started:
        wait_for(lambda: work.has_begun() or started.poll() is not None)
        began = time.monotonic()
        assert started.wait(SECONDS) == 0
    return time.monotonic() - began


def killed(work: Work, cluster: Cluster, at: float, chance: random.Random) -> str:
    """What was killed at this time, where the work was, and who went on; empty where it had ended by then."""
    kind = chance.choice(work.victims)
    log = work.store.root.with_suffix(".log")
    with log.open("ab") as output, subprocess.Popen(work.command, env=ENVIRONMENT, stdout=output, stderr=output) as run:
        wait_for(lambda: work.has_begun() or run.poll() is not None)
        time.sleep(at)
        victim = 0
        while run.poll() is None and not victim:  # a run's process may not be there yet
            time.sleep(0.05)
            victim = run.pid if kind == "client" else cluster.victim(kind, work.writer, chance)
        where = work.where()
        if victim:
            os.kill(victim, signal.SIGKILL)
        code = run.wait(SECONDS)
    if code:
        done(*work.again())
    return f"{kind} at {at:.1f} s ({where}); went on by {'hand' if code else 'itself'}" if victim else ""


def tried(name: str, number: int, make: Make, cluster: Cluster, chance: random.Random, seconds: float) -> str:
    """One kill, told; a time at which the work had ended is drawn again, from less."""
    while True:
        cluster.complete()
        work = make(f"{name}-{number}-{seconds:.2f}", cluster.address)
        at = chance.uniform(0, seconds)
        if told := killed(work, cluster, at, chance):
            return f"{name} {number}: {told}; {work.bits()}"
        seconds = at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends what it started
    chance = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place, cluster_in(Path(place)) as cluster:
        folder = Path(place)
        done(*command(folder / "version", *LARGE))
        version = Store(folder / "version").runs()[0].checkpoint
        assert version is not None
        kinds: dict[str, tuple[Make, int]] = {
            "training": (lambda name, address: Training(folder / name, address), chosen.trainings),
            "evaluation": (lambda name, address: Evaluation(folder / name, address, version), chosen.evaluations),
        }
        same = 0
        for name, (make, count) in kinds.items():
            if not count:
                continue
            alone, together = make(f"{name}-alone", ""), make(f"{name}-whole", cluster.address)
            done(*alone.command)
            seconds = span(together)
            print(f"{name}: {seconds:.1f} s on the cluster", flush=True)
            assert alone.bits() == together.bits()
            for number in range(1, count + 1):
                told = tried(name, number, make, cluster, chance, seconds)
                is_same = told.endswith(alone.bits())
                same += is_same
                print(f"{told} {'the same bits' if is_same else f'OTHER BITS than {alone.bits()}'}", flush=True)
    print(f"seed {chosen.seed}: {same} of {chosen.trainings + chosen.evaluations} end with the same bits")
    return int(same < chosen.trainings + chosen.evaluations)


if __name__ == "__main__":
    sys.exit(main())
