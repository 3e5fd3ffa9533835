"""Whether low precision changes what a training finds: accuracy and NFR of MPT_KL over seeds, in pairs.

    python tests/benchmarks/precision.py [--low bf16] [--epochs 0] [--limit 0] [--seeds 5] [--device auto]

Per seed the same old model and reference are teachers; the candidate is trained once in float32 and once in the other
precision, from the same weights, on the same batches. Told are means, and Student's 95 % interval of the difference.
Trained is as *Try it now* does; ``--epochs`` and ``--limit`` train shorter or on fewer images.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
from pathlib import Path

from mpt_studio import jobs
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.methods import method_named
from mpt_studio.recipe import Recipe, Training, preset
from mpt_studio.store import Run, Store

PRESET = preset("try-it-now").recipe
QUANTILE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""Student's t, 97.5 %, by degrees of freedom."""
FIGURES = {"accuracy, all": ("all", "accuracy_new"), "NFR, old classes": ("old_classes", "nfr")}


def trained(session: jobs.Session, dataset: Dataset, recipe: Recipe) -> Run:
    run = jobs.start_train(session.store, recipe, dataset)
    return jobs.train(session, run.id, dataset)


def pairs(
    session: jobs.Session, dataset: Dataset, training: Training, low: str
) -> dict[str, list[tuple[float, float]]]:
    """Figure → (float32, low precision) for each seed."""
    spec, half = dataset.spec, str(len(dataset.class_names) // 2)
    old = trained(session, dataset, Recipe(data=spec, role="old", old_classes=half, training=training))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FIGURES}
    for offset in range(1, 1 + ARGUMENTS.seeds):
        own = dataclasses.replace(training, seed=training.seed + offset)
        plain = trained(session, dataset, Recipe(data=spec, role="reference", old=str(old.checkpoint), training=own))
        ends = []
        for precision in ("fp32", low):
            how = dataclasses.replace(own, precision=precision)
            recipe = Recipe(data=spec, old=str(old.checkpoint), reference=str(plain.checkpoint),
                            method=method_named("mpt_kl", PRESET.logit_margin), training=how)  # fmt: skip
            ends.append(trained(session, dataset, recipe).figures["test"])
        for name, (subset, rate) in FIGURES.items():
            found[name].append(tuple(end[subset][rate] for end in ends))
        print(f"seed {own.seed}: " + ", ".join(f"{name} {pair[-1]}" for name, pair in found.items()), flush=True)
    return found


def told(name: str, low: str, values: list[tuple[float, float]]) -> str:
    """Means and the interval of the paired difference, in percent."""
    differences = [100 * (b - a) for a, b in values]
    mean, count = statistics.mean(differences), len(differences)
    half = QUANTILE[count - 1] * statistics.stdev(differences) / count**0.5
    full, other = (100 * statistics.mean(v[i] for v in values) for i in (0, 1))
    interval = f"{mean:+.2f} ({mean - half:+.2f} … {mean + half:+.2f})"
    return f"{name}: fp32 {full:.2f} %, {low} {other:.2f} %, difference {interval}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--low", default="bf16", choices=("bf16", "fp16"))
    parser.add_argument("--epochs", type=int, default=PRESET.training.epochs)
    parser.add_argument("--limit", type=int, default=PRESET.training.limit_train)
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 11))
    parser.add_argument("--device", default="auto")
    ARGUMENTS = parser.parse_args()
    given = {"epochs": ARGUMENTS.epochs, "limit_train": ARGUMENTS.limit, "device": ARGUMENTS.device}
    with tempfile.TemporaryDirectory() as folder:
        session = jobs.Session(Store(Path(folder)))
        training = dataclasses.replace(PRESET.training, **given, precision="fp32")
        values = pairs(session, open_dataset(PRESET.data), training, ARGUMENTS.low)
    for name, found in values.items():
        print(told(name, ARGUMENTS.low, found))
