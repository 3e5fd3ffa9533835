"""What of a long event log is worth reading: every event but steps, and of the steps those that a curve shows.

A day of training leaves a million steps, some hundred megabytes. A curve on a screen shows a few thousand of them: of
each stretch of the run the least and the greatest total loss. Finding these needs no JSON: every step line that
``events.to_line`` writes has its total loss after its second opening brace, so that whole blocks are searched at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

MOST_STEPS = 4000
"""Of a run, for curves: more than a plot has columns of pixels."""
_LINE_BREAK, _BRACE = ord("\n"), ord("{")
_HEAD = np.frombuffer(b'{"event":"step"', dtype=np.uint8)
_LOSS = np.frombuffer(b'{"loss":', dtype=np.uint8)
_DIGITS = 26
"""More than any float64 has as text."""
_BLOCK = 1 << 20
"""Bytes searched at once; what lies between stays in a core's own cache."""
_STEP_BYTES = 300
"""About what a step takes in a log."""


def stretch_for(size: int, most_steps: int) -> int:
    """How many steps become two, so that about ``most_steps`` of ``size`` bytes of steps are read."""
    return 2 * size // (_STEP_BYTES * most_steps) if most_steps else 0


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, with their ends, from where ``stream`` stands; a torn last line is left out."""
    rest = b""
    while block := stream.read(_BLOCK):
        whole, line_break, torn = block.rpartition(b"\n")
        if line_break:
            yield rest + whole + line_break
        rest = torn if line_break else rest + torn


def worth_reading(block: bytes, stretch: int) -> Iterator[bytes]:
    """Lines of ``block`` in order, without their ends; of each ``stretch`` successive steps at most two.

    ``block`` ends with a line break. A step whose loss is not found where we write it counts as the greatest, as does
    one that is not a number: such a step is kept.
    """
    content = np.frombuffer(block + bytes(_DIGITS), dtype=np.uint8)
    ends = np.flatnonzero(content == _LINE_BREAK)
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_step = _starts_with(content, starts, _HEAD)
    steps = np.flatnonzero(is_step)
    kept = ~is_step
    kept[steps[extremes(_losses(content, starts[steps], ends[steps]), stretch)]] = True
    for line in np.flatnonzero(kept).tolist():
        if ends[line] > starts[line]:
            yield block[starts[line] : ends[line]]


def extremes(values: npt.NDArray[np.float64], stretch: int) -> Places:
    """(N,) → ascending places of the least and the greatest value of each ``stretch`` successive ones.

    Not-a-number is greater than all. Without at least two in a stretch all are taken.
    """
    if stretch < 3:
        return np.arange(len(values))
    whole = len(values) // stretch * stretch
    rows = np.where(np.isnan(values), np.inf, values)[:whole].reshape(-1, stretch)
    first = np.arange(0, whole, stretch)
    found = [first + rows.argmin(axis=1), first + rows.argmax(axis=1)]
    if whole < len(values):
        rest = np.where(np.isnan(values[whole:]), np.inf, values[whole:])
        found.append(np.array([whole + rest.argmin(), whole + rest.argmax()]))
    return np.unique(np.concatenate(found))


def _starts_with(content: Bytes, places: Places, text: Bytes) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (_windows(content, places, len(text)) == text).all(axis=1)
    return found


def _windows(content: Bytes, places: Places, length: int) -> Bytes:
    """(P, length) bytes from each place on."""
    found: Bytes = np.lib.stride_tricks.sliding_window_view(content, length)[places]
    return found


def _losses(content: Bytes, starts: Places, ends: Places) -> npt.NDArray[np.float64]:
    """The total loss in each line; not a number where there is none."""
    found = np.full(len(starts), np.nan)
    braces = np.flatnonzero(content == _BRACE)
    second = np.searchsorted(braces, starts) + 1
    at = braces[np.minimum(second, len(braces) - 1)] if len(braces) else starts
    usual = (at > starts) & (at < ends) & _starts_with(content, at, _LOSS)
    found[usual] = _numbers(_windows(content, at[usual] + len(_LOSS), _DIGITS))
    return found


def _numbers(texts: Bytes) -> npt.NDArray[np.float64]:
    """(P, digits) texts, each ending before its first comma or brace → (P,); not a number for anything else."""
    over = np.logical_or.accumulate((texts == ord(",")) | (texts == ord("}")), axis=1)
    words = np.where(over, np.uint8(0), texts).view(f"S{texts.shape[1]}").ravel()
    try:
        return words.astype(np.float64)
    except ValueError:  # some are "null", or not ours
        return np.array([_number(word) for word in words.tolist()])


def _number(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")
