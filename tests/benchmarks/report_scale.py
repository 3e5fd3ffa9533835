"""How large a report becomes: ``python tests/benchmarks/report_scale.py [SAMPLES] [CLASSES]``.

Answers are made up: the versions get 1,000,000 samples of 1,000 classes, a policy with sets and classes, notes on many
samples, and an image of noise for each of those that are shown.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from mpt_studio.compare import Comparison, compare  # noqa: E402
from mpt_studio.decide import IdSet, Policy, judge  # noqa: E402
from mpt_studio.flips import Mark  # noqa: E402
from mpt_studio.jobs import Handover  # noqa: E402
from mpt_studio.predictions import Predictions  # noqa: E402
from mpt_studio.report.handing_over import shown_ids  # noqa: E402
from mpt_studio.report.junit import junit  # noqa: E402
from mpt_studio.report.markdown import markdown  # noqa: E402
from mpt_studio.report.page import page  # noqa: E402
from mpt_studio.report.pictures import SIDE, data_uri  # noqa: E402
from mpt_studio.report.record import report_record  # noqa: E402
from mpt_studio.store.marks import Marked  # noqa: E402

LONG = "a name that somebody chose without thinking of tables "


def made_up(samples: int, classes: int, seed: int = 0) -> Handover:
    """Two versions by their answers alone, with all that somebody can have said of them."""
    rng = np.random.default_rng(seed)
    names = tuple(f"{LONG}{i}" for i in range(classes))
    known = names[: max(1, classes * 9 // 10)]
    labels = rng.integers(0, classes, samples)
    ids = np.char.add("photos/of/somewhere/", np.char.zfill(np.arange(samples).astype(str), 9))
    versions = [
        Predictions(
            ids, labels, names, np.empty((samples, 0), np.float32), of, version=label, scores="answers",
            answers=np.where(rng.random(samples) < right, labels, rng.integers(0, classes, samples)) % len(of),
        )
        for label, of, right in (("old", known, 0.8), ("new", names, 0.85))
    ]  # fmt: skip
    comparison = compare(*versions)
    marked = {str(name): Marked(Mark.BLOCKER, LONG * 40, 0.0) for name in ids[: samples // 10].tolist()}
    comparison.set_marks({name: each.mark for name, each in marked.items()})
    sets = tuple(IdSet(f"{LONG}{i}", tuple(ids[i:100_000:7].tolist())) for i in range(7))
    policy = Policy(max_nfr=0.01, max_class_nfr=0.05, min_accuracy_gain=0.0, must_not_flip=sets)
    return Handover(comparison, policy, judge(comparison, policy), marked=marked)


def noise(comparison: Comparison, ids: list[str]) -> dict[str, str]:
    """The images that take the most room."""
    rng = np.random.default_rng(0)
    return {name: data_uri(Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))) for name in ids}


def sizes(samples: int, classes: int) -> dict[str, int]:
    """Bytes of each file."""
    found = made_up(samples, classes)
    record = report_record(found)
    images = noise(found.comparison, shown_ids(record))
    texts = {"page": page(record, images), "markdown": markdown(record), "junit": junit(record)}
    return {name: len(text.encode()) for name, text in texts.items()} | {"images": len(images)}


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] or [1_000_000, 1_000]
    start = time.perf_counter()
    for what, size in sizes(*numbers).items():
        print(f"{what:10}{size:>14,}")
    print(f"{time.perf_counter() - start:.1f} s")
