"""What a version answers on samples of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Dataset, Indices, Progress
from mpt_studio.data.fit import Fit, as_fit
from mpt_studio.engine.images import ImageFeed, Report, in_order
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.predictions import Predictions

Logits = npt.NDArray[np.float32]
PIXELS_PER_BATCH = 512 * 32 * 32
"""Bounds memory: 512 images of 32 pixels, 10 of 224."""
MUCH_TO_READ = 256 << 20
"""Bytes of images above which loader processes read ahead."""


def evaluate(
    checkpoint: Checkpoint,
    dataset: Dataset,
    indices: Indices,
    *,
    device: str = "auto",
    progress: Progress | None = None,
    version: FrozenVersion | None = None,
    logits: Logits | None = None,
    ranks: Ranks = ALONE,
) -> Predictions:
    """Logits (float32 arithmetic, no augmentation, no margin) of a checkpoint on samples, in the order of ``indices``.

    ``progress`` gets a sentence and the fraction done; an exception raised from it cancels. Raises ``UserError`` for
    checkpoints that do not fit, for answers that are not finite and for too little memory. ``version`` is the
    checkpoint's network where it is loaded already, on that device; ``logits`` are its answers, where known. Where
    several ``ranks`` do this together, each looks at whole batches, so that the answers are the same.
    """
    if logits is None:
        chosen = ranks.device(device)
        devices.prepare(chosen, exact=True)
        try:
            with devices.enough_memory("evaluate"):
                version = version or FrozenVersion(checkpoint, chosen)
            logits = logits_of(version, dataset, indices, progress, ranks)
        finally:
            heap.give_back()
    found = Predictions(
        sample_ids=dataset.sample_ids[indices],
        labels=dataset.labels[indices].astype(np.int64),
        label_names=dataset.class_names,
        logits=logits,
        class_names=checkpoint.class_names,
        data=dataset.spec,
        data_fingerprint=dataset.fingerprint,
        version=checkpoint.run or Path(checkpoint.name).stem,
        checkpoint=checkpoint.path,
        checkpoint_sha256=checkpoint.sha256(),
    )
    found.check_finite()
    return found


def logits_of(
    version: FrozenVersion,
    dataset: Dataset,
    indices: Indices,
    progress: Progress | None = None,
    ranks: Ranks = ALONE,
) -> Logits:
    """(N, C) float32: what ``evaluate`` finds, by a network that is loaded; its memory stays with the process."""
    found = torch.zeros((len(indices), len(version.class_names)))
    fit = Fit.of(version.checkpoint.preprocessing)
    picks = ranks.mine(in_order(len(indices), batch_size(fit.size)))
    batches = pixel_batches(dataset, indices, fit, version.device, report=progress, ranks=ranks)
    with devices.enough_memory("evaluate"):
        for pick, pixels in zip(picks, batches, strict=True):
            found[pick] = version.logits(pixels).float().cpu()
            if progress:
                done = int(pick[-1]) + 1
                progress(f"Evaluating {done:,} of {len(indices):,} images", done / len(indices))
    return ranks.filled(found).numpy()


def batch_size(side: int, pixels: int = PIXELS_PER_BATCH) -> int:
    """Images of this side that are answered at once."""
    return max(8, pixels // side**2)


def pixel_batches(
    dataset: Dataset,
    indices: Indices,
    size: int | Fit,
    device: torch.device,
    pixels: int = PIXELS_PER_BATCH,
    report: Report | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[Tensor]:
    """(B, S, S, 3) uint8 images as a version sees them, on the device, in order, about ``pixels`` at once.

    Of several ``ranks`` each has its own batches.
    """
    fit = as_fit(size)
    much = len(indices) * fit.size**2 * 3 > MUCH_TO_READ
    workers = None if much else 0  # processes cost more than they save on little
    images = ImageFeed(dataset, indices, fit, device, on_device=False, report=report, workers=workers)
    yield from images.batches(list(ranks.mine(in_order(len(indices), batch_size(fit.size, pixels)))))
