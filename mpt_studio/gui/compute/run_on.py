"""Where jobs are done that are started from now on: the one place that holds the choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.gui.widgets.settings import Settings
from mpt_studio.jobs.cluster.described import GPUS, Described, clusters_file, is_address, read_clusters

if TYPE_CHECKING:
    from mpt_studio.gui.beside.worker_client import WorkerClient

HERE = ""
CountGpus = Callable[[Callable[[int], None]], object]
"""Calls back with how many GPUs of this machine torch can use, as soon as that is known."""
_SETTING = "run_on"


@dataclass(frozen=True)
class Place:
    """An entry of the choice; ``cluster`` is what ``--cluster`` takes."""

    cluster: str
    title: str
    tip: str


class RunOn(QObject):
    """``changed`` tells of another choice, of other clusters in the file, and of what is wrong with either."""

    changed = Signal()

    def __init__(
        self,
        settings: Settings,
        worker: WorkerClient | None = None,
        parent: QObject | None = None,
        count_gpus: CountGpus | None = None,
    ) -> None:
        """``count_gpus`` is in the place of the worker's answer (tests)."""
        super().__init__(parent)
        self._settings, self._worker = settings, worker
        self._count_gpus = count_gpus or self._ask_worker
        self._described: dict[str, Described] = {}
        self._has_asked = self._is_counted = False
        self.gpus = 0
        """Of this machine; 0 until they are counted."""
        self.fault = ""
        """What is wrong with clusters.toml, as a sentence."""
        self._refusal = ""
        """Why the chosen cluster cannot be had."""
        kept = self._settings.values.get(_SETTING)
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}
        self._read()

    # ---- the choice --------------------------------------------------------------------------------------------

    @property
    def cluster(self) -> str:
        """As ``--cluster`` takes it; empty for this machine."""
        return str(self._kept.get("cluster") or HERE)

    @property
    def spread(self) -> int:
        """Over how many GPUs of this machine each training is spread, as ``--gpus`` takes it."""
        count = self._kept.get("gpus")
        if not isinstance(count, int) or self.cluster:
            return 1
        return max(1, min(count, self.gpus) if self._is_counted else count)

    @property
    def address(self) -> str:
        """The scheduler that was last asked for."""
        return str(self._kept.get("address") or "")

    def choose(self, cluster: str) -> None:
        """From now on jobs are done there."""
        self._refusal = ""
        self._keep(cluster=cluster, **({"address": cluster} if _is_address(cluster) else {}))
        self._ask_about()

    def choose_spread(self, gpus: int) -> None:
        self._keep(gpus=gpus)

    def _keep(self, **values: Any) -> None:
        self._kept = {**self._kept, **values}
        self._settings.set(**{_SETTING: self._kept})
        self.changed.emit()

    def options(self, searches: bool) -> Sequence[str]:
        """Of the command line. A search has its trials side by side, and spreads none."""
        if self.cluster:
            return ("--cluster", self.cluster)
        return ("--gpus", str(self.spread)) if self.spread > 1 and not searches else ()

    def about_time(self, estimate: str) -> str:
        """What was measured here, of one version after the other, is not how long others take side by side."""
        if not self.cluster or not estimate.startswith("About"):
            return estimate
        return f"Done here: {estimate[0].lower()}{estimate[1:]}"

    # ---- what there is -----------------------------------------------------------------------------------------

    def places(self) -> Iterator[Place]:
        """This machine first; what is chosen is always among them."""
        yield Place(HERE, "This machine", "One version after the other")
        if self.gpus > 1 or self.cluster == GPUS:
            number = f" ({self.gpus})" if self.gpus > 1 else ""
            yield Place(GPUS, f"Each GPU of this machine{number}", "So many versions at once, each on a GPU of its own")
        for name, each in self._described.items():
            yield Place(name, f"{one_sentence(name, 40)} ({each.kind})", f"A cluster of {each.file}")
        if self.cluster not in (HERE, GPUS, *self._described):
            tip = "A scheduler of Dask" if _is_address(self.cluster) else f"No longer in {clusters_file()}"
            yield Place(self.cluster, one_sentence(self.cluster, 60), tip)

    @property
    def has_file(self) -> bool:
        """Whether there is a clusters.toml, whatever is in it."""
        return bool(self._described or self.fault)

    def renew(self) -> None:
        """Read clusters.toml, which may be another one by now, and have the GPUs counted where that was not done."""
        if is_other := self._read():
            self._refusal = ""
            self.changed.emit()
        if not self._has_asked:
            self._count_gpus(self._take_gpus)
        if is_other or self._refusal or not self._has_asked:  # what was missing may be installed by now
            self._ask_about()
        self._has_asked = True

    def _read(self) -> bool:
        """Whether the file says something else now."""
        before = self._described, self.fault
        try:
            self._described, self.fault = read_clusters(), ""
        except UserError as error:
            self._described, self.fault = {}, str(error)
        return before != (self._described, self.fault)

    def problem(self, device: str = "auto", *, searches: bool = False) -> str:
        """Why nothing can be started there, as a sentence; ``device`` is the recipe's. Empty where something can."""
        if self.cluster in (HERE, GPUS) or _is_address(self.cluster):
            return self._refusal or ("" if searches else self._misfit(device))
        if self.fault or self.cluster in self._described:
            return self.fault or self._refusal
        name = one_sentence(self.cluster, 60)
        return f"There is no cluster {name!r} in {clusters_file()}; choose where to run, or describe it there."

    def check(self, device: str = "auto", *, searches: bool = False) -> None:
        """Raise ``UserError`` where nothing can be started, as far as that is known now."""
        self.renew()
        if problem := self.problem(device, searches=searches):
            raise UserError(problem)

    def _misfit(self, device: str) -> str:
        if self.spread < 2 or device in ("auto", "cuda"):
            return ""
        return f"A training is spread over GPUs, and its device is {device}; choose auto, or spread it over one."

    # ---- beside ------------------------------------------------------------------------------------------------

    def _take_gpus(self, gpus: int) -> None:
        self.gpus, self._is_counted = gpus, True
        self.changed.emit()

    def _ask_worker(self, take: Callable[[int], None]) -> None:
        if self._worker is not None:
            self._worker.request("count_gpus", {}, lambda answer: take(int(answer["gpus"])), lambda *_: None)

    def _ask_about(self) -> None:
        """The worker tells what is not installed, and which options Dask does not take."""
        if self._worker is not None and self.cluster:
            told = partial(self._take_refusal, self.cluster)
            asked, latest = {"cluster": self.cluster}, "check_cluster"
            self._worker.request("check_cluster", asked, lambda _: told(""), lambda why, _: told(why), latest=latest)

    def _take_refusal(self, cluster: str, sentence: str) -> None:
        if cluster == self.cluster and sentence != self._refusal:
            self._refusal = sentence
            self.changed.emit()


def _is_address(cluster: str) -> bool:
    try:
        return is_address(cluster)
    except UserError:
        return False
