"""What a training run tells while it goes on: frozen records, one JSON line each.

The engine yields them, the store appends them to ``events.jsonl`` before anyone sees them, the terminal and the window
read them. Unknown kinds and fields are skipped on reading, so that an older program can follow a newer run.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Outcome = Literal["done", "stopped", "cancelled", "failed", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """A run began or was resumed."""

    kind: ClassVar[str] = "started"
    time: float = field(default_factory=time.time)
    device: str
    """What the run computes on, for people: "cpu (2 threads)", "NVIDIA H100"."""
    epochs: int
    steps: int
    """Optimizer steps of the whole run."""
    step: int = 0
    """Where it starts; above 0 when resumed."""
    train_samples: int
    validation_samples: int
    parameters: int
    settings: dict[str, Any] = field(default_factory=dict)
    """Every default that was decided from device and data: precision, memory format, where the data live, …"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Progress inside an epoch: a few per second at first, fewer in a long run; means over the steps since the last."""

    kind: ClassVar[str] = "step"
    time: float = field(default_factory=time.time)
    step: int
    epoch: float
    """Epochs done, with the fraction of the current one."""
    losses: dict[str, float]
    """"loss" (the total) and each named term."""
    learning_rate: float
    images_per_second: float
    eta_seconds: float
    epoch_eta_seconds: float = 0.0
    memory_bytes: int = 0
    """GPU memory allocated; 0 on the CPU."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch ended: figures on the training and validation parts."""

    kind: ClassVar[str] = "epoch"
    time: float = field(default_factory=time.time)
    step: int
    epoch: int
    """Epochs done, from 1."""
    losses: dict[str, float]
    train_accuracy: float
    """On varied training images, counted on logits without the margin; on mixed ones for the larger part's class."""
    train_images: int = 0
    """So many of them: the last, smaller batch of an epoch is left out."""
    validation: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Subset ("all", "old_classes", "new_classes") → ``flips.Rates.to_json()``; without an old model only "all" with
    "samples" and "accuracy_new". With new classes "all" has "accuracy_best_offset", over every logit offset."""
    flipped: tuple[str, ...] = ()
    """Ids of validation samples that are negative flips now (at most 48)."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence for the user."""

    kind: ClassVar[str] = "note"
    time: float = field(default_factory=time.time)
    text: str
    level: Literal["info", "warning", "error"] = "info"
    detail: str = ""
    """A trace or other detail, one click away."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an update or a search was asked for; the last one counts. Its record is made again from it."""

    kind: ClassVar[str] = "asked"
    time: float = field(default_factory=time.time)
    title: str
    recipe: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """An update or a search moved on to its next run; the run's own events are in the run's folder."""

    kind: ClassVar[str] = "stage"
    time: float = field(default_factory=time.time)
    run: str
    role: str
    method: str
    label: str
    index: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A search began a trial ("running") or judged it; ``store.Trial`` tells what the fields are."""

    kind: ClassVar[str] = "tried"
    time: float = field(default_factory=time.time)
    trial: dict[str, Any]
    """``store.Trial`` as JSON."""
    found: dict[str, Any] = field(default_factory=dict)
    """``store.Search.found`` after it; empty while it is running."""


@dataclass(frozen=True, kw_only=True)
class Paused:
    """Training was paused (``paused``) or went on (not ``paused``)."""

    kind: ClassVar[str] = "paused"
    time: float = field(default_factory=time.time)
    paused: bool
    by_disk: bool = False
    """Not by the user: the disk takes nothing, and training goes on by itself once it does."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The last event of a run, an update or a search."""

    kind: ClassVar[str] = "ended"
    time: float = field(default_factory=time.time)
    outcome: Outcome
    message: str = ""


Event = Started | Step | Epoch | Note | Asked | Stage | Tried | Paused | Ended
_KINDS: dict[str, type[Event]] = {c.kind: c for c in (Started, Step, Epoch, Note, Asked, Stage, Tried, Paused, Ended)}
_TYPES = {c: {f.name: str(f.type) for f in dataclasses.fields(c)} for c in _KINDS.values()}


def to_line(event: Event) -> str:
    """One line of JSON without the line break; not-a-number becomes null."""
    record = {"event": event.kind, **dataclasses.asdict(event)}
    return json.dumps(finite(record), ensure_ascii=False, separators=(",", ":"))


def from_line(line: str) -> Event | None:
    """The event in a line, or None for a torn line or a kind that this version does not know."""
    try:
        record = json.loads(line)
        cls = _KINDS[record["event"]]
        types = _TYPES[cls]
        known: dict[str, Any] = {k: _restored(v, types[k]) for k, v in record.items() if k in types}
        return cls(**known)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def is_whole_line(line: bytes) -> bool:
    """Whether a line of a log is an event, of a kind that is known or of a newer program."""
    try:
        record = json.loads(line)
        return record["event"] not in _KINDS or from_line(line.decode("utf-8")) is not None
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _restored(value: Any, annotation: str) -> Any:
    """Undo what JSON cannot say: tuples, and not-a-number where a float has to be."""
    if value is None and annotation == "float":
        return math.nan
    if annotation == "dict[str, float]" and isinstance(value, dict):
        return {name: math.nan if number is None else number for name, number in value.items()}
    return tuple(value) if isinstance(value, list) else value


def finite(value: Any) -> Any:
    """JSON values with null for what is not a number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return value
