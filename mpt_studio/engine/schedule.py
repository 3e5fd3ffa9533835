"""The learning rate as a pure function of the step."""

from __future__ import annotations

import math

from mpt_studio.recipe import Training


def learning_rate(training: Training, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step (counted from 0).

    Linear warm-up per step, then cosine to zero (Loshchilov and Hutter, ICLR 2017), a tenth at 50 % and at 75 % of the
    whole run, or constant; moved at every step or, as the published script does, at every epoch.
    """
    warmup_steps = training.warmup_epochs * steps_per_epoch
    if step < warmup_steps:
        return training.learning_rate * min(1.0, (step + 1) / warmup_steps)
    epoch = step / steps_per_epoch if training.schedule_per == "step" else float(step // steps_per_epoch)
    return training.learning_rate * _factor(training, epoch)


def _factor(training: Training, epoch: float) -> float:
    if training.schedule == "constant":
        return 1.0
    if training.schedule == "step":
        done = epoch / training.epochs
        return 0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0
    span = training.epochs - training.warmup_epochs
    done = min(1.0, max(0.0, (epoch - training.warmup_epochs) / span)) if span > 0 else 0.0
    return 0.5 * (1.0 + math.cos(math.pi * done))
