"""Images per second from photographs in JPEG files: decoded each time, decoded once and kept, read from what is kept.

    python tests/benchmarks/decoded_once.py [--images 3000] [--size 224] [--rounds 3] [--workers 2] [--json]

Epochs are read in random order in batches of 32 as training reads them, and nothing is computed on them; whole images
by loader processes, which would crop them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from jpegs import make_jpegs
from torch.utils import data as torch_data

from mpt_studio.data import Dataset, decode, open_dataset, room
from mpt_studio.data.dataset import Indices
from mpt_studio.data.fit import Fit, Form, Whole
from mpt_studio.data.verdicts import in_threads
from mpt_studio.engine.images import ImageFeed, keep, split

BATCH = 32


class Wholes(torch_data.Dataset[int]):
    """Batches of whole images, as a loader that crops would ask for them; only their sizes leave the process."""

    def __init__(self, dataset: Dataset, shorter: int) -> None:
        self.dataset, self.shorter = dataset, shorter

    def __getitem__(self, pick: Indices) -> int:
        return sum(image.copy().nbytes for image in self.dataset.wholes(pick, self.shorter))


def rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def epoch(dataset: Dataset, form: Form) -> None:
    picks = split(torch.randperm(len(dataset.train)), BATCH)
    if isinstance(form, Fit):
        feed = ImageFeed(dataset, dataset.train, form, torch.device("cpu"), on_device=False)
        batches: Iterable[object] = feed.batches(picks)
    else:
        batches = torch_data.DataLoader(
            Wholes(dataset, form.shorter), sampler=[dataset.train[pick.numpy()] for pick in picks], batch_size=None,
            num_workers=ARGUMENTS.workers, multiprocessing_context="fork",
        )  # fmt: skip
    for _ in batches:
        pass


def measured(spec: str, form: Form) -> dict[str, int]:
    """Medians of images per second; all kinds of reading take turns, so that other programs slow all of them."""
    rounds = [one_round(open_dataset(spec), form) for _ in range(ARGUMENTS.rounds)]
    return {name: round(statistics.median(found[name] for found in rounds)) for name in rounds[0]}


def one_round(dataset: Dataset, form: Form) -> dict[str, float]:
    chosen = dataset.train
    contents = [dataset.file_of(int(i)).read_bytes() for i in chosen]
    room.empty()
    os.environ[room.LIMIT] = "0"
    found = {
        "decoding alone": rate(len(chosen), lambda: list(in_threads(lambda c: decode.decode(c, form), contents))),
        "an epoch, nothing kept": rate(len(chosen), lambda: epoch(dataset, form)),
    }
    os.environ[room.LIMIT] = "100%"
    found["decoding and keeping"] = rate(len(chosen), lambda: keep(dataset, chosen, form))
    found["an epoch from what is kept"] = rate(len(chosen), lambda: epoch(dataset, form))
    if isinstance(form, Whole):
        for _ in dataset.keep(chosen, form, stored="jpeg"):
            pass
        found["an epoch from JPEG files of that size"] = rate(len(chosen), lambda: epoch(dataset, form))
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["MPT_STUDIO_CACHE"] = f"{place}/cache"
        spec = make_jpegs(Path(place) / "images", ARGUMENTS.images, size=(500, 375))
        began = time.perf_counter()
        open_dataset(spec)
        found = {"opening": {"looking through all files": round(ARGUMENTS.images / (time.perf_counter() - began))}}
        for form in (Fit(ARGUMENTS.size), Fit(ARGUMENTS.size, 256, "bilinear"), Whole.of(ARGUMENTS.size)):
            found[form.name] = measured(spec, form)
    if ARGUMENTS.json:
        print(json.dumps(found))
        return
    for form, rates in found.items():
        for name, images in rates.items():
            print(f"| {form} | {name} | {images:,} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    ARGUMENTS = parser.parse_args()
    main()
