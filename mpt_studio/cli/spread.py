"""``--gpus``: a job that is on disk, gone on with by a process for each GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import tyro

from mpt_studio import paths
from mpt_studio.cli.session import opened_store
from mpt_studio.errors import UsageError, UserError

# ruff: noqa: UP045 - as in session.py
GpusOption = Annotated[
    Optional[int],
    tyro.conf.arg(metavar="N", help="Spread each training over so many GPUs of this machine; never changes a result."),
]


def check_gpus(count: int | None, device: str, cluster: str = "") -> bool:
    """Whether a job is to be spread. Raises ``UsageError`` where it cannot be, also as a ``cluster`` is asked for."""
    if count is None:
        return False
    if cluster:
        raise UsageError("--gpus spreads one training over this machine's GPUs, --cluster many; take one of them.")
    if count < 1:
        raise UsageError(f"--gpus is {count}; it takes a number of GPUs, from 1 on.")
    from mpt_studio.engine.machine import launch, launcher

    if launch.here() is not None:
        raise UsageError("torchrun has started these processes already; leave --gpus out.")
    launcher.check(count, device)
    return count > 1


def resume_on(count: int, job: str, store: Path | None, json: bool, policy: Path | None = None) -> int:
    """The exit code of ``resume`` in so many processes. Raises ``UserError`` for one that died."""
    from mpt_studio.engine.machine import launcher

    more = [*(["--json"] if json else []), *(["--policy", str(policy)] if policy else [])]
    outcome = launcher.start([*paths.program(), "resume", job, "--store", str(opened_store(store).root), *more], count)
    if outcome.said:
        raise UserError(f"{outcome.said} Go on with: mpt-studio resume {job} --gpus {count}")
    return outcome.exit_code
