"""What a long-lived process keeps loaded between jobs: the last few networks and data sets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.jobs.session import Progress, absolute_spec

if TYPE_CHECKING:
    from mpt_studio.engine.explain import Probe

V = TypeVar("V")


class Recent(Generic[V]):
    """The values that were used last, at most ``most`` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: OrderedDict[object, V] = OrderedDict()

    def get(self, key: object, make: Callable[[], V]) -> V:
        """The value of ``key``, made where it is not there."""
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        while len(self._values) > self.most:
            self._values.popitem(last=False)
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def forget(self, key: object) -> None:
        self._values.pop(key, None)


class Warm:
    """Networks by the hash of their file, and open data by their spec."""

    def __init__(self, networks: int = 4, datasets: int = 2) -> None:
        self._probes: Recent[Probe] = Recent(networks)
        self._datasets: Recent[Dataset] = Recent(datasets)
        self._hashes: Recent[str] = Recent(64)

    def probe(self, checkpoint: Checkpoint, device: str = "auto") -> Probe:
        """The checkpoint's network, ready to be explained. Imports torch."""
        from mpt_studio.engine.explain import Probe

        return self._probes.get((self.sha256(checkpoint), device), lambda: Probe(checkpoint, device))

    def dataset(self, spec: str, progress: Progress | None = None) -> Dataset:
        """Open data; what changes on disk is seen after ``forget_data``."""
        full = absolute_spec(spec)
        return self._datasets.get(full, lambda: open_dataset(full, progress))

    def has_data(self, spec: str) -> bool:
        """Whether ``dataset`` would answer at once."""
        return bool(spec.strip()) and absolute_spec(spec) in self._datasets

    def forget_data(self, spec: str) -> None:
        """Open these data anew the next time."""
        self._datasets.forget(absolute_spec(spec))

    def sha256(self, checkpoint: Checkpoint) -> str:
        """Hex SHA-256 of the checkpoint's file, read again only where its time or size changed."""
        state = Path(checkpoint.path).stat()
        return self._hashes.get((checkpoint.path, state.st_mtime_ns, state.st_size), checkpoint.sha256)
