"""Comparisons of any size that look like real ones: ten classes, six of them old, some errors of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mpt_studio.predictions import Predictions, write_predictions

CLASSES, KNOWN = 10, 6
NAMES = tuple(f"class {i}" for i in range(CLASSES))
_CHUNK = 500_000


def pair(samples: int, seed: int = 0) -> tuple[Predictions, Predictions]:
    """An old version and an update; ids come in no order, as file names do."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, samples)
    ids = np.char.add("test/", np.char.zfill(rng.permutation(samples).astype(str), 8))
    old = Predictions(ids, labels, NAMES, _logits(rng, labels, KNOWN), NAMES[:KNOWN], version="old")
    return old, Predictions(ids, labels, NAMES, _logits(rng, labels, CLASSES), NAMES, version="update")


def saved_pair(samples: int, folder: Path) -> tuple[Path, Path]:
    """The same on disk, to be opened as the program does."""
    found = []
    for name, version in zip(("old", "new"), pair(samples), strict=True):
        write_predictions(version, folder / name)
        found.append(folder / name)
    return found[0], found[1]


def _logits(rng: np.random.Generator, labels: np.ndarray, classes: int) -> np.ndarray:
    logits = np.empty((len(labels), classes), dtype=np.float32)
    for start in range(0, len(labels), _CHUNK):
        part = logits[start : start + _CHUNK]
        rng.standard_normal(out=part, dtype=np.float32)
        here = labels[start : start + _CHUNK]
        known = np.flatnonzero(here < classes)
        part[known, here[known]] += 3.5
    return logits
