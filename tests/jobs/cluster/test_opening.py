"""Whatever is wrong with a cluster is said in a sentence, before anything is put on disk."""

from __future__ import annotations

import builtins
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mpt_studio import jobs, paths
from mpt_studio.errors import UserError
from mpt_studio.jobs.cluster import opening, starting
from mpt_studio.recipe import Recipe, Start, UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.lease import taken

from .conftest import distributed


def refusal(store: Store, choice: str, file: Path | None = None) -> str:
    with pytest.raises(UserError) as caught, jobs.on_cluster(jobs.Session(store), choice, file):
        pass
    assert list(store.root.glob(".cluster-*")) == []
    return str(caught.value)


def test_that_without_a_cluster_the_session_stays_as_it_is(store: Store) -> None:
    session = jobs.Session(store)
    with jobs.on_cluster(session, "") as there:
        assert there is session
    assert not store.root.exists()


def test_that_a_scheduler_that_is_not_there_is_said_soon(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "SECONDS_TO_CONNECT", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        assert re.match(rf"No scheduler of Dask answers at {address} \(.*\); start one", refusal(store, address))
        assert time.monotonic() - began < 20
    for nonsense in ("tcp://", "gopher://host:1", "tcp://host:port"):
        assert nonsense in refusal(store, nonsense)


def test_that_an_address_with_tls_wants_certificates(store: Store) -> None:
    assert "wants certificates, which Dask takes from its configuration" in refusal(store, "tls://127.0.0.1:1")


def test_that_an_unknown_name_is_answered_with_the_known_ones(store: Store, tmp_path: Path) -> None:
    assert "There is no cluster 'lab'" in refusal(store, "lab")
    assert "it has none" in refusal(store, "lab")
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / "clusters.toml").write_text('[queue]\nkind = "slurm"\n[desk]\nkind = "local"\n')
    assert "it has queue, desk." in refusal(store, "lab")
    own = tmp_path / "own.toml"
    own.write_text('[other]\nkind = "local"\n')
    assert f"There is no cluster 'desk' in {own}; it has other." in refusal(store, "desk", own)


def test_that_missing_dask_is_said_with_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.partition(".")[0] in ("dask", "distributed"):
            raise ImportError(name=name)
        return found(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install 'mpt-studio[cluster]'" in refusal(store, "gpus")


@contextmanager
def worker(address: str, folder: Path, lines: str) -> Iterator[None]:
    """A worker of its own, whose interpreter runs ``lines`` first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(lines)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    command = [sys.executable, "-m", "dask", "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            yield
        finally:
            child.kill()


@pytest.fixture
def alone() -> Iterator[str]:
    """A scheduler without workers."""
    with distributed.LocalCluster(
        n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


OTHER = (
    "import importlib.metadata as m; known = m.version; m.version = lambda name: {!r} if name == {!r} else known(name)"
)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("import mpt_studio; mpt_studio.__version__ = '0.0.1'", "has MPT Studio 0.0.1, but .* has"),
        ("import sys; sys.modules['mpt_studio'] = None", "A worker cannot run MPT Studio .*; install the same version"),
        (OTHER.format("1.0", "distributed"), "The worker at tcp://.* has distributed 1.0, but"),
        (OTHER.format("2.0+cpu", "torch"), "The worker on .* has torch 2.0, but .* has"),
    ],
)
def test_that_a_worker_with_other_versions_is_refused(
    store: Store, tmp_path: Path, alone: str, lines: str, says: str
) -> None:
    with worker(alone, tmp_path / "site", lines):
        with distributed.Client(alone, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=100)
        assert re.search(says, refusal(store, alone))


def test_that_workers_without_the_store_or_the_data_are_refused(
    store: Store, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "needed_by", lambda work: [str(tmp_path), str(tmp_path / "photos")])
    said = refusal(store, scheduler)
    assert re.match(rf"The worker on .* does not see {tmp_path}/photos; put it where all machines see it", said)
    with distributed.Client(scheduler, set_as_default=False) as client, pytest.raises(UserError) as caught:
        opening._checked(client, scheduler, store, tmp_path / "not written", None, ())
    assert f"does not see the store {store.root}; put the store on a disk that all machines share" in str(caught.value)


def test_that_what_a_killed_program_left_in_the_store_is_cleared_up(store: Store, scheduler: str) -> None:
    left, used = store.root / ".cluster-left", store.root / ".cluster-used"
    for folder in (left, used):
        folder.mkdir(parents=True)
    code = "import os, pathlib\nfrom mpt_studio.store import lease\n"
    code += f"lease.taken(pathlib.Path({str(left)!r})); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    (left / "key.pem").touch()
    lease = taken(used)
    with jobs.on_cluster(jobs.Session(store), scheduler):
        assert len(list(store.root.glob(".cluster-*"))) == 2
    assert list(store.root.glob(".cluster-*")) == [used]
    lease.release()


def test_that_only_an_address_without_tls_is_warned_of(store: Store, scheduler: str) -> None:
    with jobs.on_cluster(jobs.Session(store), scheduler) as there:
        assert there.workers is not None
        (note,) = there.workers.notes
        assert note.startswith(f"{scheduler} talks without TLS: ")


def test_that_all_that_a_recipe_names_has_to_be_seen_and_first_of_all_here(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    models = [str(tmp_path / name) for name in ("old.pt", "start.pt", "reference", "1", "2")]
    old, start, reference, *ensemble = models
    data = f"folder:{tmp_path}/photos"
    update = UpdateRecipe(data=data, old=old, start=Start(start=start))
    with pytest.raises(UserError, match=r"There is no file .*old\.pt"):
        opening.needed_by(update)
    for name in models:
        Path(name).touch()
    assert opening.needed_by(update) == [f"{tmp_path}/photos", old, start]
    one = Recipe(data="builtin", reference=reference, ensemble=tuple(ensemble))
    assert opening.needed_by(one) == models[2:]


def test_that_a_cluster_of_this_machine_listens_on_loopback_alone(store: Store) -> None:
    psutil = pytest.importorskip("psutil")
    with jobs.on_cluster(jobs.Session(store), "gpus"):
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        open_ = [c.laddr.ip for each in processes for c in each.net_connections("inet") if c.status == "LISTEN"]
    assert set(open_) == {"127.0.0.1"}


def test_that_each_gpu_gets_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    device = pytest.importorskip("mpt_studio.engine.machine.device")
    made: list[Any] = []
    monkeypatch.setattr(device, "gpus", lambda: 2)
    monkeypatch.setattr(distributed, "SpecCluster", lambda **spec: made.append(spec) or SimpleNamespace())
    for visible, expected in (("", ["0", "1"]), ("3,5", ["3", "5"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        starting.gpu_cluster()
        options = [each["options"] for each in made.pop()["workers"].values()]
        assert [each["env"]["CUDA_VISIBLE_DEVICES"] for each in options] == expected
        assert all(each["resources"] == {"GPU": 1} and each["nthreads"] == 1 for each in options)
