"""The files of the published training script, and of the CIFAR script that it was made from.

Both save {"net", "acc", "epoch"}, and both normalise with CIFAR-10's mean and standard deviation whatever the data are
(arXiv 2511.08322's script uses them for CIFAR-100; method.md, faults). The old model knows CIFAR-100's first classes.
"""

from __future__ import annotations

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.recognise.evidence import Evidence

PREPROCESSING = Preprocessing(image_size=32, mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))

_CIFAR_100 = ("apple", "worm", 100)
"""First and last class in the data's own order, and how many there are."""


def is_published(evidence: Evidence) -> bool:
    """Whether the file has exactly the layout that the scripts save."""
    return evidence.wrapper == "net" and {"acc", "epoch"} <= set(evidence.extras) and len(evidence.extras) <= 3


def old_classes(evidence: Evidence, count: int, data: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of the published old model, where this is one and the data are CIFAR-100; else none."""
    if not is_published(evidence) or not data or count >= len(data):
        return ()
    return data[:count] if (data[0], data[-1], len(data)) == _CIFAR_100 else ()
