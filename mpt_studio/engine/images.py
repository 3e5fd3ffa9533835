"""Training images as batches on the device, augmented there; where the images live changes no result.

Shape letters: B batch, N samples, S side of the square images in pixels.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils import data as torch_data

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.data.dataset import Dataset, Images, Indices, Kept
from mpt_studio.data.fit import Fit, Form, Whole, as_form
from mpt_studio.engine.machine.device import free_bytes
from mpt_studio.errors import UserError

SHARE_OF_FREE_MEMORY = {"cuda": 0.4}
"""Images live on the device when they take less than this share of what is free there; a quarter elsewhere."""
CHUNK_BYTES = 64 << 20
STATISTICS_SAMPLES = 10_000
MOST_WORKERS = 8
NICER_BY = 10

Report = Callable[[str, float], None]
"""Called with a sentence and the fraction done while images are decoded or read; what it raises ends that cleanly."""
Read = Callable[[Dataset, Indices], Images]
"""(B,) samples → (B, S, S, 3) uint8."""


@dataclass(frozen=True)
class Fitted:
    """Reads images as a version sees them."""

    fit: Fit

    def __call__(self, dataset: Dataset, samples: Indices) -> Images:
        return dataset.batch(samples, self.fit.asked)


class ImageFeed:
    """Images of some samples: one uint8 tensor on the device, or fetched by loader processes batch by batch.

    Files are decoded once for a form, now, where no earlier feed has done it.

    Args:
        dataset: where the pixels come from.
        indices: (N,) samples.
        size: S, or how images are brought to it where that is not the plain way; or whole images, to be cut.
        on_device: whether all images are read now and kept on the device.
        workers: loader processes where they are not; None takes none where all are kept decoded, as passing pixels on
            costs as much as reading them, else one per thread, at most 8.
    """

    def __init__(
        self,
        dataset: Dataset,
        indices: Indices,
        size: int | Form,
        device: torch.device,
        on_device: bool,
        report: Report | None = None,
        workers: int | None = None,
    ) -> None:
        self.dataset, self.indices, self.form, self.device = dataset, indices, as_form(size), device
        kept = keep(dataset, indices, self.form, report)
        useful = 0 if kept.all else loaders()
        self.workers = useful if workers is None else workers
        self.held = _read_all(dataset, indices, self.fit, device, report) if on_device else None

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def fit(self) -> Fit:
        """How squares are made, where they are."""
        if isinstance(self.form, Fit):
            return self.form
        raise TypeError("whole images are no squares before they are cut")

    def batches(self, picks: list[Tensor], read: Read | None = None) -> Iterator[Tensor]:
        """(B, S, S, 3) uint8 on the device for each (B,) tensor of positions in ``indices``.

        ``read`` is what loader processes do where images as they are evaluated are not wanted; a pickle takes it.
        Raises ``UserError`` for an image that cannot be read any more.
        """
        if self.held is not None:
            yield from (self.held[pick.to(self.device)] for pick in picks)
            return
        for images in self._loader([pick.cpu().numpy() for pick in picks], read or Fitted(self.fit)):
            if isinstance(images, str):
                raise UserError(images)
            yield images.to(self.device, non_blocking=True)

    def _loader(self, picks: list[npt.NDArray[np.int64]], read: Read) -> torch_data.DataLoader[Tensor | str]:
        workers = min(self.workers, len(picks))
        return torch_data.DataLoader(
            _Pixels(self.dataset, self.indices, read),
            sampler=picks,  # each "sample" is a whole batch, drawn by us
            batch_size=None,
            num_workers=workers,
            worker_init_fn=_behind_the_trainer,
            pin_memory=self.device.type == "cuda",
            prefetch_factor=2 if workers else None,
            # workers only read and decode; "fork" shares the data set's arrays instead of copying them
            multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        )


def _behind_the_trainer(worker: int) -> None:
    """Ctrl+C reaches all processes of a terminal; only the trainer answers it, and ends its workers.

    Workers take what cores the trainer leaves: its threads wait for each other, so one that has to give its core to a
    worker holds up all of them. Where the trainer waits for images, workers have the cores to themselves.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(os, "nice"):
        os.nice(NICER_BY)


class _Pixels(torch_data.Dataset[Tensor | str]):
    """A data set whose items are whole batches, or the sentence why one cannot be read.

    A sentence and not an exception: the loader would wrap a worker's exception in its trace.
    """

    def __init__(self, dataset: Dataset, indices: Indices, read: Read) -> None:
        self.dataset, self.indices, self.read = dataset, indices, read

    def __getitem__(self, pick: npt.NDArray[np.int64]) -> Tensor | str:
        try:
            return _tensor(self.read(self.dataset, self.indices[pick]))
        except UserError as error:
            return str(error)


def loaders() -> int:
    """How many processes are of use where there is work for them."""
    return min(MOST_WORKERS, torch.get_num_threads())


def keep(dataset: Dataset, indices: Indices, form: Form, report: Report | None = None) -> Kept:
    """Decode the files of samples for a form, where they are not kept yet."""
    with closing(dataset.keep(indices, form)) as work:
        while True:
            try:
                done, total = next(work)
            except StopIteration as end:
                kept: Kept = end.value
                return kept
            if report:
                report(decoding(done, total), done / total)


def decoding(done: int, total: int) -> str:
    """What is told meanwhile."""
    return f"Decoding images: {done:,} of {total:,}"


def in_order(count: int, batch_size: int) -> list[Tensor]:
    """Positions 0 … count − 1 in batches, for ``Images.batches``."""
    return split(torch.arange(count), batch_size)


def fits_on_device(wanted: str, device: torch.device, samples: int, size: int) -> bool:
    """Whether the images live on the device: as the recipe says, or by the memory that is free ("auto")."""
    if wanted != "auto":
        return wanted == "device"
    return samples * size * size * 3 <= SHARE_OF_FREE_MEMORY.get(device.type, 0.25) * free_bytes(device)


def head_labels(dataset: Dataset, indices: Indices, class_names: tuple[str, ...]) -> Tensor:
    """(N,) int64 columns of the version's head for samples, matched by class name and range-checked on the CPU.

    Raises ``UserError`` for a sample whose class the version does not have: on a GPU such a label ends the process.
    """
    labels = dataset.labels[indices]
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(dataset.class_names)):
        raise UserError(
            f"The data have labels outside of their {len(dataset.class_names)} classes; check the data set."
        )
    column = {name: i for i, name in enumerate(class_names)}
    of_label = np.array([column.get(name, -1) for name in dataset.class_names], dtype=np.int64)
    found = of_label[labels]
    if (found < 0).any():
        name = dataset.class_names[int(labels[int(np.argmax(found < 0))])]
        raise UserError(f"The training data hold class {name!r}, which the version does not have; check its classes.")
    return torch.from_numpy(found)


def preprocessing(dataset: Dataset, indices: Indices, size: int, form: Form | None = None) -> Preprocessing:
    """Mean and standard deviation per channel of the training images (of at most 10,000, spread evenly).

    Of the squares that a version sees, or of another form that they are decoded to anyway. Summed in whole numbers: the
    same on every machine and for every placement of the data.
    """
    step = max(1, -(-len(indices) // STATISTICS_SAMPLES))
    counts_3V = np.zeros((3, 256), dtype=np.int64)
    for chunk in _chunks(indices[::step], size):
        for pixels in in_form(dataset, chunk, form or Fit(size)):
            counts_3V += [np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(3)]
    values, total = np.arange(256) / 255.0, counts_3V.sum(axis=1)
    mean = counts_3V @ values / total
    variance = counts_3V @ values**2 / total - mean**2
    std = np.sqrt(np.maximum(variance, 1e-4))
    return Preprocessing(image_size=size, mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def in_form(dataset: Dataset, chunk: Indices, form: Form) -> list[Images]:
    """Pixels of some samples in one array or several."""
    if isinstance(form, Whole):
        return dataset.wholes(chunk, form.shorter)
    return [dataset.batch(chunk, form.asked)]


def _read_all(dataset: Dataset, indices: Indices, fit: Fit, device: torch.device, report: Report | None) -> Tensor:
    held = torch.empty((len(indices), fit.size, fit.size, 3), dtype=torch.uint8, device=device)
    done = 0
    for chunk in _chunks(indices, fit.size):
        held[done : done + len(chunk)] = _tensor(dataset.batch(chunk, fit.asked))
        done += len(chunk)
        if report:
            report("Reading the images into memory", done / len(indices))
    return held


def _tensor(pixels: npt.NDArray[np.uint8]) -> Tensor:
    """A tensor over the array, or over a copy where torch could not own it (memory-mapped files are read-only)."""
    return torch.from_numpy(np.require(pixels, requirements=["C", "W"]))


def split(positions_N: Tensor, batch_size: int) -> list[Tensor]:
    return [positions_N[i : i + batch_size] for i in range(0, len(positions_N), batch_size)]


def _chunks(indices: Indices, size: int) -> Iterator[Indices]:
    length = max(1, CHUNK_BYTES // (size * size * 3))
    yield from (indices[i : i + length] for i in range(0, len(indices), length))
