"""Starting a cluster, as it is described or of this machine's GPUs: on loopback, or with certificates made for it."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import dask
import distributed

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.cluster.described import Described

_LOOPBACK = "127.0.0.1"
_HERE: dict[str, Any] = {
    "threads_per_worker": 1,
    "host": _LOOPBACK,
    "dashboard_address": f"{_LOOPBACK}:0",
    "memory_limit": 0,  # what takes memory is the jobs' own processes
    "silence_logs": logging.CRITICAL,
}
IN_CLEAR = (
    "{where} talks without TLS: whoever reaches its port can read along and run programs on its workers; use it on a "
    "network that you trust."
)


def gpu_cluster() -> tuple[Any, tuple[str, ...]]:
    """A worker for each GPU of this machine, or one for the CPU; and what is to be said of it."""
    from mpt_studio.engine.machine.device import gpus

    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    devices = visible or [str(number) for number in range(gpus())]
    if not gpus():
        return distributed.LocalCluster(n_workers=1, **_HERE), (
            "This machine has no GPU that torch can use; one worker trains on the CPU.",
        )
    common = {"host": _LOOPBACK, "nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL}
    workers = {
        number: {
            "cls": distributed.Nanny,
            "options": {**common, "env": {"CUDA_VISIBLE_DEVICES": device}, "resources": {"GPU": 1}},
        }
        for number, device in enumerate(devices)
    }
    scheduler = {"host": _LOOPBACK, "port": 0, "dashboard_address": f"{_LOOPBACK}:0"}
    return distributed.SpecCluster(
        workers=workers, scheduler={"cls": distributed.Scheduler, "options": scheduler}, silence_logs=logging.CRITICAL
    ), ()


def started(described: Described, folder: Path) -> tuple[Any, tuple[str, ...]]:
    """The cluster, and what is to be said of it. ``folder`` is where all of its machines find its certificates.

    Raises ``UserError`` where Dask cannot start it.
    """
    maker = described.maker()
    around, options = _secured(described, folder)
    try:
        with around:
            cluster = maker(**options)
            if described.adapt:
                cluster.adapt(**described.adapt)
    except Exception as error:  # of ssh, of a queue's commands, of Kubernetes: whatever they make it raise
        why = one_sentence(f"{type(error).__name__}: {error}", 300)
        raise UserError(f"The cluster {described.name} ({described.kind}) could not be started: {why}") from error
    is_open = described.kind == "kubernetes"
    return cluster, (IN_CLEAR.format(where=f"The cluster {described.name}"),) if is_open else ()


def _secured(described: Described, folder: Path) -> tuple[AbstractContextManager[Any], dict[str, Any]]:
    """What Dask has to be told while it is started, and all of its options: with loopback, or TLS of its own."""
    options = described.options
    if described.kind == "local":
        apart = {"host", "interface", "ip"} & options.keys()
        return nullcontext(), {"n_workers": 1, **_HERE, **({"security": True} if apart else {}), **options}
    if described.kind == "kubernetes" or "security" in options:
        return nullcontext(), options
    if described.kind == "ssh":
        files = certificates(folder)
        ends = {"protocol": "tls://"}
        both = {name: {**ends, **options.get(name, {})} for name in ("scheduler_options", "worker_options")}
        return dask.config.set(configured(files)), {
            "security": distributed.Security(**security(files)),
            **options,
            **both,
        }
    dashboard = {"scheduler_options": {"dashboard_address": f"{_LOOPBACK}:0"}}
    return nullcontext(), {"security": True, "shared_temp_directory": str(folder), **dashboard, **options}


def certificates(folder: Path) -> dict[str, str]:
    """A certificate and its key, made for one cluster, as files that only the user may read."""
    made = distributed.Security.temporary()
    files = {}
    for name, content in (("ca", made.tls_ca_file), ("cert", made.tls_scheduler_cert), ("key", made.tls_scheduler_key)):
        path = folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_text(content)
        files[name] = str(path)
    return files


def security(files: dict[str, str]) -> dict[str, Any]:
    """As ``distributed.Security`` takes it."""
    roles = ("client", "scheduler", "worker")
    pairs = {f"tls_{role}_{what}": files[what] for role in roles for what in ("cert", "key")}
    return {"tls_ca_file": files["ca"], "require_encryption": True, **pairs}


def configured(files: dict[str, str]) -> dict[str, Any]:
    """As Dask's configuration has it, which processes started by SSH inherit."""
    roles = ("client", "scheduler", "worker")
    pairs = {f"distributed.comm.tls.{role}.{what}": files[what] for role in roles for what in ("cert", "key")}
    return {"distributed.comm.tls.ca-file": files["ca"], "distributed.comm.require-encryption": True, **pairs}
