"""One process of several that torchrun started: the first does the job, the others help where it trains."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.store import Store

if TYPE_CHECKING:
    from mpt_studio.engine.machine.launch import Launch
    from mpt_studio.store import Run

_TOLD = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells the processes that it starts."""


def gpus_here() -> int:
    """How many GPUs of this machine torch can use."""
    from mpt_studio.engine.machine.device import gpus

    return gpus()


@contextmanager
def taking_part() -> Iterator[bool]:
    """Whether the job is this process's to do; where it is not, the help is over."""
    if not all(name in os.environ for name in _TOLD) or os.environ["WORLD_SIZE"] == "1":
        yield True
        return
    from mpt_studio.engine.machine.launch import joined

    with joined() as launch:
        if launch.rank:
            _help(launch)
        yield not launch.rank


def helped(store: Store, run: Run, answers: Path | None) -> AbstractContextManager[object]:
    """Meanwhile the other processes of the launch, where there are any, train this run as well."""
    from mpt_studio.engine.machine.launch import here

    launch = here()
    if launch is None or run.recipe.method.interpolates:
        return nullcontext()
    order = {"store": str(store.root), "run": run.id, "answers": str(answers or "")}
    return launch.ordered(order, run.recipe.training.device)


def _help(launch: Launch) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one ends the job in order
    for order in launch.orders():
        run = Store(Path(order["store"])).run(order["run"])
        with launch.helping(run.recipe.training.device):
            _train_with(run, order)


def _train_with(run: Run, order: dict[str, Any]) -> None:
    """As ``training`` does it at the first rank, without writing a thing."""
    from mpt_studio.engine.evaluate import evaluate
    from mpt_studio.engine.train.trainer import Trainer
    from mpt_studio.jobs.images import open_data
    from mpt_studio.jobs.parts import parts_of
    from mpt_studio.jobs.read_weights import checkpoint_of
    from mpt_studio.jobs.session import Session

    session, answers = Session(Store(Path(order["store"]))), order["answers"]
    dataset = open_data(session, run.recipe.data)
    trainer = Trainer(parts_of(session, run.recipe, dataset, Path(answers) if answers else None))
    if trainer.ranks.count == 1:
        return
    if state := trainer.ranks.agreed(""):
        trainer.restore(Path(state))
    for _ in trainer.fit():
        pass
    weights = Path(trainer.ranks.agreed(""))
    samples = dataset.test if run.part == "test" else trainer.parts.validation
    evaluate(checkpoint_of(session, weights), dataset, samples, device=run.recipe.training.device, ranks=trainer.ranks)
