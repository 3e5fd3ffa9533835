"""What a version answers on samples of a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.engine import device as devices
from mpt_studio.engine.feed import Images, in_order
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions

Progress = Callable[[str, float | None], None]
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
) -> Predictions:
    """Logits (float32 arithmetic, no augmentation, no margin) of a checkpoint on samples, in the order of ``indices``.

    ``progress`` gets a sentence and the fraction done; an exception raised from it cancels. Raises ``UserError`` for
    checkpoints that do not fit and for too little memory.
    """
    chosen = devices.choose(device)
    devices.prepare(chosen, exact=True)
    version = FrozenVersion(checkpoint, chosen)
    try:
        logits = _logits(version, dataset, indices, chosen, progress)
    except torch.OutOfMemoryError:
        raise UserError(
            "The GPU has too little free memory to evaluate; close other programs or use the CPU."
        ) from None
    return Predictions(
        sample_ids=dataset.sample_ids[indices],
        labels=dataset.labels[indices].astype(np.int64),
        label_names=dataset.class_names,
        logits=logits,
        class_names=checkpoint.class_names,
        data=dataset.spec,
        data_fingerprint=dataset.fingerprint,
        version=checkpoint.run or Path(checkpoint.path).stem,
        checkpoint=checkpoint.path,
        checkpoint_sha256=checkpoint.sha256(),
    )


def _logits(
    version: FrozenVersion, dataset: Dataset, indices: Indices, device: torch.device, progress: Progress | None
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(N, C) float32."""
    size = version.checkpoint.preprocessing.image_size
    batch = max(8, PIXELS_PER_BATCH // size**2)
    found = np.empty((len(indices), len(version.class_names)), dtype=np.float32)
    workers = None if len(indices) * size**2 * 3 > MUCH_TO_READ else 0  # processes cost more than they save on little
    images = Images(dataset, indices, size, device, on_device=False, workers=workers)
    done = 0
    for pixels in images.batches(in_order(len(indices), batch)):
        found[done : done + len(pixels)] = version.logits(pixels).float().cpu().numpy()
        done += len(pixels)
        if progress:
            progress(f"Evaluating {done:,} of {len(indices):,} images", done / len(indices))
    return found
