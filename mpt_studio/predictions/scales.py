"""What people may say that scores are. Imports next to nothing: the command line names them in its help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Scale = Literal["logits", "probabilities", "percent", "sigmoid", "log_probabilities", "negative_log", "distances"]
SCALES: tuple[Scale, ...] = get_args(Scale)
WORDS: Mapping[Scale, str] = {
    "logits": "logits: the network's outputs as they are",
    "probabilities": "probabilities, 0 to 1, that add up to 1 over all classes (softmax)",
    "percent": "probabilities in percent, 0 to 100",
    "sigmoid": "a probability of each class by itself, 0 to 1 or in percent (sigmoid)",
    "log_probabilities": "logarithms of probabilities, 0 or less",
    "negative_log": "negative logarithms of probabilities, the smallest for the answer",
    "distances": "distances or losses, the smallest for the answer",
}
"""What a person may say that scores are."""
