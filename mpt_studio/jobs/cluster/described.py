"""``clusters.toml``: clusters by name, each with the options of Dask's own class as they are."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.tables import text_of

FILE = "clusters.toml"
GPUS = "gpus"
"""In the place of a name: a worker for each GPU of this machine."""
_ADDRESS = re.compile(r"^\w+://")
_WHOLE_ADDRESS = re.compile(r"^(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):[0-9]{1,5}$")
_LARGEST = 1 << 20
_COMMENT = re.compile(r"^(?=[^#\n])", re.MULTILINE)
"""Before each line that is no comment yet."""
_KIND, _ADAPT = "kind", "adapt"


@dataclass(frozen=True)
class Kind:
    """How Dask starts a cluster of a kind."""

    module: str
    maker: str
    package: str
    """What pip installs it by."""
    more: tuple[str, ...] = ()
    """Further classes of the module that its options go to, as ``slurm.SLURMJob``."""


KINDS = {
    "local": Kind("distributed", "LocalCluster", "mpt-studio[cluster]", ("Worker",)),
    "ssh": Kind("distributed", "SSHCluster", "mpt-studio[cluster] asyncssh"),
    "slurm": Kind("dask_jobqueue", "SLURMCluster", "mpt-studio[cluster]", ("slurm.SLURMJob", "core.Job")),
    "pbs": Kind("dask_jobqueue", "PBSCluster", "mpt-studio[cluster]", ("pbs.PBSJob", "core.Job")),
    "lsf": Kind("dask_jobqueue", "LSFCluster", "mpt-studio[cluster]", ("lsf.LSFJob", "core.Job")),
    "kubernetes": Kind("dask_kubernetes.operator", "KubeCluster", "dask-kubernetes"),
}


@dataclass(frozen=True)
class Described:
    """A cluster as the file tells it."""

    name: str
    kind: str
    file: Path
    options: dict[str, Any] = field(default_factory=dict)
    adapt: dict[str, Any] = field(default_factory=dict)
    """Of the cluster's ``adapt``, where it grows and shrinks with the work; empty where it does not."""

    def maker(self) -> Any:
        """Dask's class or function. Raises ``UserError`` where it is not installed or takes other options."""
        kind = KINDS[self.kind]
        try:
            module = importlib.import_module(kind.module)
        except ImportError as error:
            raise UserError(
                f"A cluster of the kind {self.kind!r} needs {error.name}; install it: pip install {kind.package}."
            ) from None
        found = getattr(module, kind.maker)
        takes = set(_parameters(found, *(_member(module, name) for name in kind.more)))
        for name in self.options:
            if name not in takes:
                raise UserError(
                    f"{self.file}: [{self.name}] has {one_sentence(name, 60)!r}, which {kind.maker} does not take; it "
                    f"takes {', '.join(sorted(takes))}."
                )
        return found


def _member(module: Any, name: str) -> Any:
    place, _, what = name.rpartition(".")
    return getattr(importlib.import_module(f"{module.__name__}.{place}") if place else module, what)


def _parameters(*makers: Any) -> Iterator[str]:
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for maker in makers:
        signature = inspect.signature(maker.__init__ if inspect.isclass(maker) else maker)
        yield from (each.name for each in signature.parameters.values() if each.kind not in several)


def is_address(choice: str) -> bool:
    """Whether it means a scheduler that runs already. Raises ``UserError`` where it is not written as one."""
    if _ADDRESS.match(choice) and not _WHOLE_ADDRESS.match(choice):
        raise UserError(
            f"{one_sentence(choice, 100)} is no address of a scheduler; write it as tcp://HOST:8786 or tls://HOST:8786."
        )
    return bool(_ADDRESS.match(choice))


def clusters_file() -> Path:
    """The user's own."""
    return paths.config_dir() / FILE


def write_examples() -> Path:
    """The user's own file, made where there is none: two workers of this machine, and the other kinds to take up.

    Raises ``UserError`` where it cannot be written.
    """
    path = clusters_file()
    if not path.exists():
        folder, first = paths.resource("clusters"), "local.toml"
        others = sorted(each for each in folder.glob("*.toml") if each.name != first)
        commented = [_COMMENT.sub("#", each.read_text("utf-8")) for each in others]
        text = "\n".join([(folder / first).read_text("utf-8"), *commented])
        paths.write_chosen(path, lambda temporary: _fill(temporary, text))
    return path


def _fill(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def read_clusters(file: Path | None = None) -> dict[str, Described]:
    """Clusters by their names, of ``file`` or the user's own, which need not be there. Raises ``UserError``."""
    path = paths.named(file) if file else clusters_file()
    if not file and not path.is_file():
        return {}
    try:
        tables = tomllib.loads(text_of(path, f"The list of clusters {path}", _LARGEST))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not TOML: {one_sentence(str(error), 200)}; mend that place.") from None
    except RecursionError:
        raise UserError(f"{path} is no list of clusters: it is nested too deep.") from None
    return {name: _described(path, name, table) for name, table in tables.items()}


def _described(path: Path, name: str, table: object) -> Described:
    shown = one_sentence(name, 60)
    if not isinstance(table, dict):
        raise UserError(f"{path} has {shown!r} outside of a table; write [NAME] and the cluster's options below it.")
    kind, adapt = table.get(_KIND), table.get(_ADAPT, {})
    if kind not in KINDS:
        raise UserError(f"{path}: [{shown}] kind is {one_sentence(repr(kind), 60)}; it is one of {', '.join(KINDS)}.")
    if not isinstance(adapt, dict):
        raise UserError(
            f"{path}: [{shown}] adapt is {one_sentence(repr(adapt), 60)}; write {{ minimum = 0, maximum = 8 }}."
        )
    options = {key: value for key, value in table.items() if key not in (_KIND, _ADAPT)}
    return Described(name, kind, path, options, adapt)


def named_cluster(name: str, file: Path | None = None) -> Described:
    """The cluster of a name. Raises ``UserError`` with the known ones."""
    known = read_clusters(file)
    if name not in known:
        listed = f"it has {', '.join(known)}" if known else "it has none"
        raise UserError(
            f"There is no cluster {one_sentence(name, 60)!r} in {file or clusters_file()}; {listed}. --cluster also "
            "takes gpus, or an address as tcp://HOST:8786."
        )
    return known[name]
