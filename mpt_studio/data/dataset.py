"""A labelled set of images: ids, labels, class names, parts, a fingerprint; pixels are fetched by index.

Shape letters: N samples, H W pixels.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mpt_studio.data.decoded import Stored
    from mpt_studio.data.fit import Fit, Form

Part = Literal["train", "validation", "test"]
Images = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
Progress = Callable[[str, float | None], None]
"""Told a sentence and the fraction done (None where unknown); an exception it raises cancels the work cleanly."""
_AT_ONCE = 1 << 16
SHOWN_SKIPPED = 1000
"""Skipped files in a description; all of them are in ``Dataset.skipped`` and in the list on disk."""


def tell_nobody(sentence: str, fraction: float | None) -> None:
    """The ``Progress`` of work that nobody watches."""


@dataclass(frozen=True)
class Skipped:
    """A sample that is left out of every version's figures, and why."""

    sample_id: str
    reason: str


@dataclass(frozen=True)
class Kept:
    """What became of the wish to keep decoded images."""

    all: bool
    """Whether reading them costs next to nothing from now on."""
    note: str = ""
    """A sentence where the user should know."""


class Dataset(ABC):
    """All samples of a data set, all parts. Sample i is the same image for every version and every run."""

    spec: str
    """The spec string that opens it again, with absolute paths."""
    class_names: tuple[str, ...]
    sample_ids: npt.NDArray[np.str_]
    """(N,) stable unique ids such as "test/00042" or "test/cat/IMG_7.jpg"."""
    labels: npt.NDArray[np.int64]
    """(N,) index into ``class_names``."""
    train: Indices
    """Samples of the training part, ascending."""
    test: Indices
    """Samples of the test part, ascending."""
    validation: Indices = np.empty(0, np.int64)
    """Samples of a validation part of its own, never trained on; empty where training keeps a share of ``train``."""
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    """What the user should know about how the data were read, one sentence each."""
    metadata: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Further columns by name, N texts each, "" where there is none."""
    image_size: int
    """Side of the square images in pixels; 0 where they differ in size."""
    flips_horizontally: bool = True
    """Whether a mirrored image still shows its class (not so for characters)."""
    default_old_classes: tuple[str, ...] = ()
    """Classes that an example's old model knows; empty where the user has to say."""
    content: str = ""
    """Hash of the pixels or of the image files, part of the fingerprint; empty where unknown."""

    def __len__(self) -> int:
        return len(self.sample_ids)

    @abstractmethod
    def image(self, index: int) -> Images:
        """(H, W, 3) uint8, RGB. Raises ``UserError`` where the file has vanished or changed."""

    @abstractmethod
    def batch(self, indices: Sequence[int] | Indices, size: int | Fit) -> Images:
        """(len(indices), size, size, 3) uint8, RGB; a size alone cuts and resizes as versions trained here see it."""

    def wholes(self, indices: Sequence[int] | Indices, shorter: int) -> list[Images]:
        """(H, W, 3) uint8 each, not to be changed: whole images with a shorter side of at most so many pixels.

        What random crops are cut from. Quick where ``keep`` went before, in any process; else each file is decoded.
        """
        from mpt_studio.data import decode
        from mpt_studio.data.fit import Whole

        return [decode.fit(self.image(int(i)), Whole(shorter)) for i in indices]

    def keep(
        self, indices: Sequence[int] | Indices, form: Form, stored: Stored | None = None
    ) -> Generator[tuple[int, int], None, Kept]:
        """Decode images once and for all for ``batch`` (a fit) or ``wholes`` (a whole), where they are not kept yet.

        Yields (done, total) now and then and can be closed at any time: what was decoded stays. Everything works
        without what cannot be kept, more slowly. What ``batch`` gives is the same bits in any case; what ``wholes``
        gives as well, for the same ``stored``. Raises ``UserError`` where a file has vanished or changed.
        """
        yield from ()
        return Kept(all=False)

    def stored(self, form: Form) -> Stored:
        """As what images of a form are kept: for "jpeg" they differ a little from those of "pixels"."""
        return "pixels"

    def small_image(self, index: int, at_least: int) -> Images:
        """``image``, or for speed a smaller copy of it with sides of ``at_least`` pixels or more: to look at only."""
        return self.image(index)

    def sides(self, index: int) -> tuple[int, int]:
        """Width and height of one sample's image."""
        height, width = self.image(index).shape[:2]
        return width, height

    def file_of(self, index: int) -> Path | None:
        """The file that holds one sample's image alone; None where there is none."""
        return None

    def part(self, name: Part) -> Indices:
        """Sample indices of "train", "validation" or "test"."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def part_fingerprint(self, name: Part) -> str:
        """32 hex digits like ``fingerprint``, of one part alone: more training images leave the test part's as it is.

        Classes that the part has no samples of do not count. Where the content is known only as a whole (data sets
        that come as one file), it stands for each part.
        """
        return self.fingerprint_of(self.part(name))

    def fingerprint_of(self, chosen: Indices) -> str:
        """As ``part_fingerprint``, of any samples."""
        used, labels = np.unique(self.labels[chosen], return_inverse=True)
        names = [self.class_names[label] for label in used]
        return fingerprint(self.sample_ids[chosen], labels, names, self._content_of(chosen))

    def _content_of(self, chosen: Indices) -> str:
        """Hash of the content of some samples."""
        return self.content

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits of ids, labels, class names and content: same fingerprint, same images with the same truth."""
        return fingerprint(self.sample_ids, self.labels, self.class_names, self.content)

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Sample id → index."""
        return {str(name): i for i, name in enumerate(self.sample_ids)}


def fingerprint(
    sample_ids: npt.NDArray[np.str_], labels: npt.NDArray[np.int64], class_names: Sequence[str], content: str = ""
) -> str:
    """Hash of what the samples are, independent of array item sizes."""
    digest = hashlib.sha256(json.dumps([*class_names, content] if content else [*class_names]).encode())
    for start in range(0, len(sample_ids), _AT_ONCE):
        digest.update(("\n" * (start > 0) + "\n".join(sample_ids[start : start + _AT_ONCE].tolist())).encode())
    digest.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return digest.hexdigest()[:32]


def describe(dataset: Dataset) -> dict[str, Any]:
    """What the data are, as plain JSON values: counts per part and class, image size, the first skipped files."""
    classes = len(dataset.class_names)
    parts: tuple[Part, ...] = ("train", "validation", "test")
    counts = [np.bincount(dataset.labels[dataset.part(part)], minlength=classes).tolist() for part in parts]
    rows = zip(dataset.class_names, *counts, strict=True)
    return {
        "spec": dataset.spec,
        "fingerprint": dataset.fingerprint,
        "samples": len(dataset),
        "train": len(dataset.train),
        "validation": len(dataset.validation),
        "test": len(dataset.test),
        "image_size": dataset.image_size,
        "flips_horizontally": dataset.flips_horizontally,
        "classes": [{"name": name, "train": a, "validation": b, "test": c} for name, a, b, c in rows],
        "default_old_classes": list(dataset.default_old_classes),
        "notes": list(dataset.notes),
        "metadata": list(dataset.metadata),
        "skipped_count": len(dataset.skipped),
        "skipped": [{"id": s.sample_id, "reason": s.reason} for s in dataset.skipped[:SHOWN_SKIPPED]],
    }
