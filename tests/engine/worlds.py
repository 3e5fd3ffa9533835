"""Trainings by several processes: a rank's program, and how a test starts as many as it wants."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch

HERE = Path(__file__).parent
_made = spec_from_file_location("engine_conftest", HERE / "conftest.py")  # other rooms have a conftest as well
assert _made is not None
assert _made.loader is not None
conftest = module_from_spec(_made)
_made.loader.exec_module(conftest)
Told = dict[str, Any]


def told(trainer) -> Told:
    """Train to the end; what has to be alike in worlds of every size: of every step, every epoch, and the weights."""
    events = list(trainer.fit())
    steps = [event.losses for event in events if event.kind == "step"]
    epochs = [
        (e.losses, e.train_accuracy, e.train_images, e.validation, e.flipped) for e in events if e.kind == "epoch"
    ]
    return {"steps": steps, "epochs": epochs, "weights": dict(trainer.student.version.state_dict())}


def train(cases: dict[str, dict[str, Any]]) -> dict[str, Told]:
    """What every training tells; a case is what ``make_trainer`` takes beside the data, and a state to go on from."""
    from mpt_studio.engine.machine import ranks
    from mpt_studio.engine.train import trainer as trainer_module

    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer_module, "SECONDS_BETWEEN_READINGS", 0.0)
        patch.setattr(ranks, "SECONDS_BETWEEN_AGREEMENTS", 0.0)
        for name, case in cases.items():
            trainer = conftest.make_trainer(conftest.Squares(), case["recipe"], **case.get("teachers", {}))
            if "state" in case:
                trainer.restore(case["state"])
            found[name] = told(trainer)
    return found


def in_a_world(ranks: int, folder: Path, cases: dict[str, dict[str, Any]]) -> list[dict[str, Told]]:
    """What the trainings tell at every rank."""
    torch.save(cases, folder / "cases.pt")
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}{os.pathsep}{HERE}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(folder), str(ranks)]
    with ExitStack() as stack:
        children = [subprocess.Popen([*command, str(rank)], env=environment) for rank in range(ranks)]
        for child in children:
            stack.callback(child.kill)
        assert [child.wait(timeout=600) for child in children] == [0] * ranks
    return [torch.load(folder / f"{ranks}-{rank}.pt", weights_only=False) for rank in range(ranks)]


def main(folder: Path, count: int, rank: int) -> None:
    import torch.distributed as dist

    from mpt_studio.engine.machine.launch import Launch

    cases = torch.load(folder / "cases.pt", weights_only=False)
    launch = Launch(rank, rank, count, dist.FileStore(str(folder / f"store-{count}"), count))
    with launch.group("cpu"):
        found = train(cases)
    torch.save(found, folder / f"{count}-{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
