"""From what somebody asks for (``--cluster``) to workers that can do it, or a sentence that says why they cannot."""

from __future__ import annotations

import dataclasses
import gc
import logging
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.data import parse_spec
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.jobs.cluster.described import GPUS, is_address, named_cluster
from mpt_studio.jobs.cluster.versions import unlike
from mpt_studio.jobs.session import Session, absolute_file
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.disk import written_to
from mpt_studio.store.lease import SHELF, is_leased, taken

if TYPE_CHECKING:
    import distributed

    from mpt_studio.jobs.cluster.workers import ClusterWorkers

_FOLDER = ".cluster-"
Work = Recipe | UpdateRecipe | str
"""What is to be trained, or the data on which a version is to be evaluated."""
SECONDS_TO_CONNECT = 5.0


@contextmanager
def on_cluster(session: Session, choice: str, file: Path | None = None, work: Work | None = None) -> Iterator[Session]:
    """The session with a cluster's workers; as it is where ``choice`` is empty.

    Args:
        choice: "gpus", an address, or a name in ``file`` (by default the user's clusters.toml).
        work: that the workers are to do; they must see its data and models.

    Raises ``UserError`` where there is no such cluster, or its workers cannot do what is asked.
    """
    if not choice:
        yield session
        return
    check_cluster(choice, file)
    needed_by(work)  # what is not even here is said before anything is started
    _clear_up(session.store)
    folder = session.store.root / f"{_FOLDER}{secrets.token_hex(4)}"
    with written_to(folder):
        folder.mkdir(parents=True, mode=0o700)
        lease = taken(folder)
        (folder / "here").touch()
    try:
        with _cluster(session, choice, file, folder) as (target, notes), _client(target, choice) as client:
            workers = _checked(client, choice, session.store, folder / "here", work, notes)
            yield dataclasses.replace(session, workers=workers)
    finally:
        lease.release()
        shutil.rmtree(folder, ignore_errors=True)


def _clear_up(store: Store) -> None:
    """A program that was killed has left its folder, with certificates in it."""
    for folder in store.root.glob(f"{_FOLDER}*"):
        if (folder / SHELF).is_dir() and not is_leased(folder):
            shutil.rmtree(folder, ignore_errors=True)


def check_cluster(choice: str, file: Path | None = None) -> None:
    """Before anything is started or written. Raises ``UserError``: what is wrong with a choice, or is not installed."""
    _set_up_dask()
    if choice != GPUS and not is_address(choice):
        named_cluster(choice, file).maker()


def needed_by(work: Work | None) -> list[str]:
    """What has to be seen from everywhere: a recipe's data and files, or the data of a spec. Raises ``UserError``."""
    if work is None:
        return []
    _, data = parse_spec(work if isinstance(work, str) else work.data)
    files = [] if isinstance(work, str) else [work.old, work.start.file]
    if isinstance(work, Recipe):
        files += [work.reference, *work.ensemble]
    return [absolute_file(path) for path in (str(data or ""), *files) if path]


def _set_up_dask() -> None:
    """It says nothing, since what matters is said by us, and leaves this process its threads. Raises ``UserError``."""
    try:
        import dask
        import distributed

        from mpt_studio.jobs.cluster.on_worker import SET_BY_DASK
    except ImportError:
        raise UserError("A cluster needs Dask; install it: pip install 'mpt-studio[cluster]'.") from None
    for name in (distributed.__name__, "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": None for name in SET_BY_DASK})
    dask.config.set({"distributed.scheduler.unknown-task-duration": "1h"})  # one that grows wants a worker for each run


@contextmanager
def _cluster(session: Session, choice: str, file: Path | None, folder: Path) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """An address, or a cluster that is started here and ends here; and what is to be said of it."""
    from mpt_studio.jobs.cluster import starting

    if is_address(choice):
        in_clear = starting.IN_CLEAR.format(where=one_sentence(choice, 100))
        yield choice, () if choice.startswith("tls://") else (in_clear,)
        return
    described = None if choice == GPUS else named_cluster(choice, file)
    session.progress(f"Starting the cluster {choice}", None)
    cluster, notes = starting.started(described, folder) if described else starting.gpu_cluster()
    try:
        yield cluster, notes
    finally:
        with suppress(Exception):  # whatever its end is refused by, nobody waits for it any more
            cluster.close()


@contextmanager
def _client(target: Any, choice: str) -> Iterator[distributed.Client]:
    client = _connected(target, one_sentence(choice, 100))
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=SECONDS_TO_CONNECT)


def _connected(target: Any, where: str) -> distributed.Client:
    import distributed

    try:
        with warnings.catch_warnings():  # versions are compared by us
            warnings.simplefilter("ignore")
            return distributed.Client(target, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (TypeError, RuntimeError, OSError, ValueError) as error:
        why = _no_connection(error, where)
    gc.collect()  # a client that is half made ends its thread here; collected while another starts, it waits for ever
    raise UserError(why)


def _no_connection(error: Exception, where: str) -> str:
    said = one_sentence(str(error), 200)
    if isinstance(error, OSError | ValueError):
        first = one_sentence(str(error).partition("\n")[0], 120)
        return f"No scheduler of Dask answers at {where} ({first}); start one, or check the address."
    if where.startswith("tls://"):
        return f"{where} wants certificates, which Dask takes from its configuration (distributed.comm.tls): {said}"
    return f"{where} is no scheduler of Dask: {said}"


def _checked(
    client: distributed.Client, choice: str, store: Store, probe: Path, work: Work | None, notes: tuple[str, ...]
) -> ClusterWorkers:
    """The workers, of whom those that are there now can do the job; later ones say it when they get one."""
    _compare_versions(client)
    from mpt_studio.jobs.cluster.on_worker import OneAtATime, misfit
    from mpt_studio.jobs.cluster.workers import ClusterWorkers

    workers = ClusterWorkers(client, choice, store, probe, needed_by(work), notes)
    try:
        found = client.run(misfit, workers.asked)
    except Exception as error:  # whatever a worker makes of what it does not have
        why = one_sentence(str(error), 200)
        raise UserError(f"A worker cannot run MPT Studio ({why}); install the same version there.") from None
    for sentence in filter(None, found.values()):
        raise UserError(sentence)
    trains = isinstance(work, Recipe | UpdateRecipe)
    client.register_plugin(OneAtATime(workers.asked["environment"] if trains else None))
    return workers


def _compare_versions(client: distributed.Client) -> None:
    """Before anything of ours is sent: what takes it apart there has to be the same. Raises ``UserError``."""
    found = client.get_versions(packages=["mpt_studio"])
    workers = ((f"The worker at {address}", there) for address, there in found["workers"].items())
    for where, there in (("The scheduler", found["scheduler"]), *workers):
        names = ("dask", "distributed", "mpt_studio")[: 2 if where == "The scheduler" else 3]
        for name in names:
            wanted, has = (side["packages"].get(name) for side in (found["client"], there))
            if has != wanted:
                raise UserError(unlike(where, "MPT Studio" if name == "mpt_studio" else name, has, wanted))
