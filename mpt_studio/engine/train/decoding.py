"""The first thing a run does: decode its images once, which tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from mpt_studio.data.dataset import Dataset, Indices
from mpt_studio.data.decoded import Stored
from mpt_studio.data.fit import Form
from mpt_studio.engine.images import decoding
from mpt_studio.engine.train.parts import Parts
from mpt_studio.events import Note

_FIRST, _MOST = 2.0, 30.0
"""Seconds before the first sentence, and at most between two of them."""


def decode_images(
    parts: Parts, trained_on: Form, seen: Form, leave_if_asked: Callable[[], None], stored: Stored | None = None
) -> Iterator[Note]:
    """Decode what a run trains on and what it validates on, each in its form, where no earlier one has done it.

    ``leave_if_asked`` may raise. ``stored`` is how a run that goes on had its training images, to see the same pixels.
    """
    if trained_on == seen:
        yield from _decode(parts.dataset, np.concatenate([parts.train, parts.validation]), seen, leave_if_asked)
    else:
        yield from _decode(parts.dataset, parts.train, trained_on, leave_if_asked, stored)
        yield from _decode(parts.dataset, parts.validation, seen, leave_if_asked)


def _decode(
    dataset: Dataset, indices: Indices, form: Form, leave_if_asked: Callable[[], None], stored: Stored | None = None
) -> Iterator[Note]:
    began = time.monotonic()
    due = began + _FIRST
    work = dataset.keep(indices, form, stored)
    try:
        while True:
            done, total = next(work)
            leave_if_asked()
            now = time.monotonic()
            if now >= due:
                due = now + min(_MOST, now - began)
                yield Note(text=f"{decoding(done, total)}.")
    except StopIteration as end:
        if end.value.note:
            yield Note(text=end.value.note, level="warning")
    finally:
        work.close()
