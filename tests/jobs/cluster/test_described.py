"""A file of clusters is read with a sentence for each mistake, and what it asks for is what Dask's classes take."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from mpt_studio import paths
from mpt_studio.errors import UserError
from mpt_studio.jobs.cluster import starting
from mpt_studio.jobs.cluster.described import (
    KINDS,
    clusters_file,
    is_address,
    named_cluster,
    read_clusters,
    write_examples,
)

from .conftest import distributed

EXAMPLES = sorted(paths.resource("clusters").glob("*.toml"))
FROM_PIP = {"slurm": "dask_jobqueue", "pbs": "dask_jobqueue", "kubernetes": "dask_kubernetes.operator"}


def refusal(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        next(iter(read_clusters(path).values())).maker()
    return str(caught.value)


def test_that_without_a_file_there_are_no_clusters() -> None:
    assert read_clusters() == {}


def test_that_a_first_file_has_a_cluster_of_this_machine_and_every_other_kind_to_take_up() -> None:
    path = write_examples()
    assert path == clusters_file()
    assert {name: each.kind for name, each in read_clusters().items()} == {"desk": "local"}
    text = path.read_text()
    assert all(f'\n#kind = "{kind}"' in text for kind in KINDS.keys() - {"local", "lsf"})
    lines = [line.removeprefix("#") if line.startswith(("#[", '#kind = "')) else line for line in text.splitlines()]
    path.write_text("\n".join(lines))
    assert {each.kind for each in read_clusters().values()} == KINDS.keys() - {"lsf"}


def test_that_a_file_that_is_there_is_left_alone() -> None:
    clusters_file().parent.mkdir(parents=True, exist_ok=True)
    clusters_file().write_text("[mine")
    assert write_examples().read_text() == "[mine"


@pytest.mark.parametrize("text", ["tcp://node0:8786", "tls://[::1]:1", "tcp://127.0.0.1:65535"])
def test_that_an_address_is_told_from_a_name(text: str) -> None:
    assert is_address(text)
    assert not is_address(text.replace("://", ""))


@pytest.mark.parametrize(
    "text", ["tcp://node0", "tcp://:8786", "tcp://node0:", "http://node0:8786", "tls://a b:1", "tcp://"]
)
def test_that_what_is_meant_as_an_address_has_its_form(text: str) -> None:
    with pytest.raises(UserError, match="is no address of a scheduler; write it as tcp://HOST:8786 or tls://HOST:8786"):
        is_address(text)


def test_that_each_mistake_is_a_sentence_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "clusters.toml"
    with pytest.raises(UserError, match="could not be read"):
        read_clusters(file)
    assert "is not TOML: " in refusal(file, "[lab")
    assert "has 'kind' outside of a table; write [NAME]" in refusal(file, 'kind = "local"')
    assert "[lab] kind is 'sulrm'; it is one of local, ssh, slurm" in refusal(file, '[lab]\nkind = "sulrm"')
    assert "[lab] kind is None; it is one of" in refusal(file, "[lab]\nn_workers = 1")
    assert "[lab] adapt is 3; write { minimum" in refusal(file, '[lab]\nkind = "local"\nadapt = 3')
    said = refusal(file, '[lab]\nkind = "local"\nworkers = 1')
    assert said.startswith(f"{file}: [lab] has 'workers', which LocalCluster does not take; it takes ")
    assert "n_workers" in said


def test_that_a_kind_whose_package_is_missing_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dask_jobqueue", None)
    said = refusal(tmp_path / "clusters.toml", '[lab]\nkind = "slurm"')
    assert said == "A cluster of the kind 'slurm' needs dask_jobqueue; install it: pip install mpt-studio[cluster]."


def test_that_there_is_an_example_for_each_kind_but_one_that_is_like_another() -> None:
    assert {path.stem for path in EXAMPLES} == KINDS.keys() - {"lsf"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_that_the_examples_fit_the_signatures_of_dasks_classes(path: Path) -> None:
    pytest.importorskip(FROM_PIP.get(path.stem, "distributed"))
    (described,) = read_clusters(path).values()
    assert described.kind == path.stem
    assert described.maker().__name__ == KINDS[path.stem].maker


@pytest.mark.parametrize("kind", ["slurm", "pbs"])
def test_that_a_queues_job_talks_tls_with_certificates_made_for_it(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue")
    described = named_cluster(kind, paths.resource("clusters") / f"{kind}.toml")
    for queued in ("n_workers", "adapt"):  # there is no sbatch here
        described.options.pop(queued, None)
    described.adapt.clear()
    cluster, notes = starting.started(described, tmp_path)
    with cluster:
        script = cluster.job_script()
        assert cluster.scheduler_address.startswith("tls://")
    assert notes == ()
    assert "tls://" in script
    assert "--resources GPU=1" in script
    (ca,) = (word for word in script.split("--tls-ca-file ")[1].split()[:1])
    assert Path(ca).parent == tmp_path
    assert Path(ca).stat().st_mode & 0o077 == 0


def test_that_machines_started_by_ssh_find_their_certificates_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the SSH cluster is started with; the scheduler that it would start there is started here."""
    import dask

    found: dict[str, object] = {}

    def start(**options: object) -> object:
        found.update(options, config=copy.deepcopy(dask.config.get("distributed.comm")))
        security = options["security"]
        assert isinstance(security, distributed.Security)
        server = options["scheduler_options"]
        assert isinstance(server, dict)
        return distributed.LocalCluster(n_workers=0, security=security, protocol=server["protocol"], host="127.0.0.1",
                                        dashboard_address="127.0.0.1:0", silence_logs=50)  # fmt: skip

    monkeypatch.setattr(distributed, "SSHCluster", start)
    described = named_cluster("lab", paths.resource("clusters") / "ssh.toml")
    monkeypatch.setattr(type(described), "maker", lambda self: start)
    cluster, notes = starting.started(described, tmp_path)
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        assert client.scheduler.address.startswith("tls://")
    assert notes == ()
    comm = found["config"]
    assert isinstance(comm, dict)
    assert comm["require-encryption"] is True
    assert comm["tls"]["worker"]["key"] == str(tmp_path / "key.pem")
    assert found["worker_options"] == {"protocol": "tls://", "nthreads": 1}
    assert described == named_cluster("lab", paths.resource("clusters") / "ssh.toml")  # it stays as it was told
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
