"""Runs as long as a day: events that look like real ones, as records and on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from mpt_studio.events import Epoch, Started, Step, to_line
from mpt_studio.flips import Rates
from mpt_studio.recipe import Recipe
from mpt_studio.store import Store

EPOCH = 1000
"""Steps of an epoch."""


def steps(start: int, stop: int) -> Iterator[Step]:
    """Losses that fall and scatter; a day has about 2.9 s from event to event."""
    rng = np.random.default_rng(start)
    noise = rng.random(stop - start)
    for number, chance in zip(range(start, stop), noise.tolist(), strict=True):
        loss = 4 / (1 + number / 20_000) + chance
        yield Step(
            time=1.7e9 + 2.88 * number,
            step=number,
            epoch=number / EPOCH,
            losses={"loss": loss, "cross_entropy": 0.5 * loss, "old_model": 0.3 * chance, "reference": 0.2 * chance},
            learning_rate=0.1 / (1 + number / 1e6),
            images_per_second=2000 + 100 * chance,
            eta_seconds=3600 * chance,
            epoch_eta_seconds=60 * chance,
        )


def epoch(step: int) -> Epoch:
    """Figures of a validation pass."""
    rates = Rates(
        both_right=800, negative_flips=40, positive_flips=60, both_wrong=100, answers_changed=160, intrusions=9
    )
    figures = dict.fromkeys(("all", "old_classes", "new_classes"), rates.to_json())
    at = 1.7e9 + 2.88 * step
    return Epoch(time=at, step=step, epoch=step // EPOCH, losses={"loss": 1.0}, train_accuracy=0.8, validation=figures)


def record(store: Store, count: int) -> str:
    """A run of ``count`` steps in the store, ended; its id. Written as text, as a million records take a minute."""
    started = Started(
        device="cpu", epochs=count // EPOCH, steps=count, train_samples=1, validation_samples=1, parameters=1
    )
    with store.create_run(Recipe(data="builtin"), label="A day") as writer:
        writer.append(started)
        with writer.run.events_path.open("a") as stream:
            for start in range(0, count, EPOCH):
                stream.writelines(_lines(start, min(start + EPOCH, count)))
                stream.write(to_line(epoch(start + EPOCH)) + "\n")
        writer.finish("done")
        return writer.id


def _lines(start: int, stop: int) -> Iterator[str]:
    """One record as a pattern for its successors, with numbers of their own."""
    pattern = json.loads(to_line(next(steps(start, start + 1))))
    chances = np.random.default_rng(start).random(stop - start).tolist()
    for number, chance in zip(range(start, stop), chances, strict=True):
        loss = 4 / (1 + number / 20_000) + chance
        pattern |= {"time": 1.7e9 + 2.88 * number, "step": number, "epoch": number / EPOCH}
        pattern["losses"] = {"loss": loss, "cross_entropy": loss / 2, "old_model": chance / 3, "reference": chance / 5}
        yield json.dumps(pattern, separators=(",", ":")) + "\n"
