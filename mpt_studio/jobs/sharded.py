"""Answers of one version to a part of the data, found in shards: pieces of work that any process on any machine can do.

A shard is a contiguous range of the part's samples. How a part is cut depends on the samples alone, and a shard begins
where a batch of the whole part does: answers have the same bits whoever found them, in whatever order, and however
often one of them died. What was found lies on disk before it counts: a second try goes on where the first ended.

Shape letters: N samples of a part, B samples of a shard, C classes of the version.
"""

from __future__ import annotations

import dataclasses
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.data.dataset import Part
from mpt_studio.errors import UserError
from mpt_studio.jobs.session import Session, Workers
from mpt_studio.jobs.warm import Recent
from mpt_studio.predictions import Predictions
from mpt_studio.store.disk import written_to
from mpt_studio.units import count

if TYPE_CHECKING:
    from mpt_studio.engine.version import FrozenVersion

Logits = npt.NDArray[np.float32]

FEW = 64
"""Shards of a part that is not large: enough that a few processes end at nearly the same time."""
LARGEST = 1 << 14
"""Samples of a shard: what is lost with a process that dies, and what one file of logits holds."""


@dataclass(frozen=True)
class Shard:
    """A range of a part's samples, with all that a process needs to answer them."""

    checkpoint: Checkpoint
    sha256: str
    """Of the checkpoint's file."""
    spec: str
    """Of the data, with absolute paths."""
    fingerprint: str
    part: Part
    start: int
    stop: int
    device: str
    folder: str
    """Where its answers go; every process has to see it."""

    @property
    def file(self) -> Path:
        """(B, C) float32, once it is there."""
        return Path(self.folder) / f"{self.start:012d}-{self.stop:012d}.npy"

    def found(self) -> Logits | None:
        """Its answers, mapped; None where they are not there as a whole."""
        try:
            logits = np.load(self.file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        whole = (self.stop - self.start, len(self.checkpoint.class_names))
        return logits if logits.shape == whole and logits.dtype == np.float32 else None


def ranges(samples: int, batch: int) -> list[tuple[int, int]]:
    """Where each shard of so many samples starts and stops, in whole batches; a single empty one of none."""
    batches = min(-(-samples // (batch * FEW)), LARGEST // batch)
    step = max(1, batches) * batch
    return [(start, min(start + step, samples)) for start in range(0, max(1, samples), step)]


@contextmanager
def answered(
    session: Session, workers: Workers, checkpoint: Checkpoint, dataset: Dataset, part: Part, device: str
) -> Iterator[Predictions]:
    """What ``engine.evaluate`` finds, bit for bit, found in shards; on disk until the block ends.

    Raises ``UserError``. What is done when it is interrupted, or fails, is not done again the next time.
    """
    from mpt_studio.engine.evaluate import evaluate

    shards = _cut(session, checkpoint, dataset, part, device)
    missing = [shard for shard in shards if shard.found() is None]
    done = len(shards) - len(missing)
    working = workers.spread(answer, missing)
    with closing(working):
        for shard in working:
            done += shard is not None
            session.progress(f"Evaluating {done:,} of {count(len(shards), 'shard')}", done / len(shards))
    with written_to(Path(shards[0].folder)):
        logits = _joined(shards)
    yield evaluate(checkpoint, dataset, dataset.part(part), device=device, logits=logits)
    shutil.rmtree(shards[0].folder, ignore_errors=True)


def answer(shard: Shard) -> None:
    """Find a shard's answers and put them where they belong; nothing where they lie there already.

    Raises:
        UserError: this process sees other data or another version than who cut the part, or cannot write.
    """
    if shard.found() is not None:
        return
    from mpt_studio.engine.evaluate import logits_of

    dataset = _DATA.get(shard.spec, lambda: open_dataset(shard.spec))
    if dataset.fingerprint != shard.fingerprint:
        _DATA.forget(shard.spec)
        raise UserError(f"{platform.node()} finds other data in {shard.spec} than the machine that asks.")
    version = _VERSIONS.get((shard.sha256, shard.device), lambda: _loaded(shard))
    samples = dataset.part(shard.part)[shard.start : shard.stop]
    logits = logits_of(version, dataset, samples)
    with written_to(shard.file):
        paths.write_array(shard.file, logits)


_DATA: Recent[Dataset] = Recent(1)
_VERSIONS: Recent[FrozenVersion] = Recent(1)


def _loaded(shard: Shard) -> FrozenVersion:
    from mpt_studio.engine.machine import device as devices
    from mpt_studio.engine.version import FrozenVersion

    if shard.checkpoint.sha256() != shard.sha256:
        raise UserError(f"{platform.node()} finds other weights in {shard.checkpoint.path} than the machine that asks.")
    device = devices.choose(shard.device)
    devices.prepare(device, exact=True)
    with devices.enough_memory("evaluate"):
        return FrozenVersion(shard.checkpoint, device)


def _cut(session: Session, checkpoint: Checkpoint, dataset: Dataset, part: Part, device: str) -> list[Shard]:
    """The shards of a part, in order."""
    from mpt_studio.engine.evaluate import batch_size

    sha256 = checkpoint.sha256()
    kept = session.store.evaluation_folder(sha256, dataset.part_fingerprint(part)).absolute()
    folder = kept / f"{part}-shards"
    checkpoint = _where_all_see_it(checkpoint, session.store.root, folder)
    cuts = ranges(len(dataset.part(part)), batch_size(checkpoint.preprocessing.image_size))
    return [
        Shard(
            checkpoint=checkpoint,
            sha256=sha256,
            spec=dataset.spec,
            fingerprint=dataset.fingerprint,
            part=part,
            start=start,
            stop=stop,
            device=device,
            folder=str(folder),
        )
        for start, stop in cuts
    ]


def _where_all_see_it(checkpoint: Checkpoint, root: Path, folder: Path) -> Checkpoint:
    """The version in the store, which every process sees, unlike the cache or the home of who asks."""
    path = Path(checkpoint.path).absolute()
    if not path.is_relative_to(root.absolute()):
        copy = folder / path.name
        with written_to(copy):
            paths.replace_file(copy, lambda temporary: shutil.copyfile(path, temporary))
        path = copy
    return dataclasses.replace(checkpoint, path=str(path))


def _joined(shards: Sequence[Shard]) -> Logits:
    """(N, C) of all shards, mapped; one after the other is in memory."""
    last = shards[-1]
    path = Path(last.folder) / "logits.npy"
    shape = (last.stop, len(last.checkpoint.class_names))
    whole = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for shard in shards:
        found = shard.found()
        if found is None:
            raise UserError(f"The answers in {shard.file} have vanished or are damaged; run the same again.")
        whole[shard.start : shard.stop] = found
    whole.flush()
    return whole
