"""Options that say where a job is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import tyro

from mpt_studio import jobs
from mpt_studio.cli.session import FileOption
from mpt_studio.events import Note
from mpt_studio.recipe import Recipe, UpdateRecipe


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Without --cluster everything is done by this process."""

    cluster: Annotated[str, tyro.conf.arg(metavar="gpus|ADDRESS|NAME")] = ""
    """Who trains and evaluates (docs/cluster.md): gpus, a worker for each GPU of this machine; the address of Dask's
    scheduler, tcp://HOST:8786 or tls://HOST:8786; or a cluster by its name in clusters.toml."""
    clusters: FileOption = None
    """The file that describes clusters; by default clusters.toml in the folder of settings."""

    @contextmanager
    def on(self, session: jobs.Session, work: Recipe | UpdateRecipe | str) -> Iterator[jobs.Session]:
        """The session with the cluster's workers for such work: ``jobs.on_cluster``. Raises ``UserError``."""
        with jobs.on_cluster(session, self.cluster, self.clusters, work) as there:
            yield there

    @contextmanager
    def said(self, session: jobs.Session, work: Recipe | UpdateRecipe | str) -> Iterator[jobs.Session]:
        """As ``on``, for jobs that write no events of their own: what is to be known of the cluster is said at once."""
        with self.on(session, work) as there:
            for text in there.workers.notes if there.workers else ():
                session.listen("", Note(text=text, level="warning"))
            yield there
