"""Which of a file's tensors are the network's, and what else the file tells.

Works on inert objects: nothing has been loaded yet. State dicts lie bare or under a well-known name, their names begin
with well-known prefixes, and modules keep theirs in ``_parameters``, ``_buffers`` and ``_modules``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mpt_studio.engine.intake.inert import TensorRecord
from mpt_studio.engine.intake.walk import Path, Walker, check_depth, is_ignored, may_hold
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.pickle_machine import Stub

WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "module", "model_state", "net_state_dict", "weights",
    "params", "state_dict_ema", "model_ema", "ema", "ema_model", "params_ema", "teacher", "student",
)  # fmt: skip
"""Names under which checkpoints keep their weights, most telling first."""
PREFIXES = (
    "module.", "model.", "_orig_mod.", "backbone.", "net.", "network.", "ema_model.", "ema.", "student.", "teacher.",
    "classifier_model.", "_model.", "state_dict.", "shadow_params.",
)  # fmt: skip
_ACCESSORY = re.compile(
    r"^(n_averaged|mean|std)$|^(train|val|valid|test)_|loss|criterion|metric|accuracy|confmat|confusion|auroc|normali[sz]"
)
"""Tensors beside a network that are none of it."""
MOST_NAME = 400


@dataclass(frozen=True)
class Leaf:
    """A tensor, where it lies in the file's objects, and how the path begins."""

    path: Path
    record: TensorRecord


@dataclass(frozen=True)
class Selection:
    """The network's tensors under clean names, and the rest."""

    leaves: dict[str, Leaf]
    wrapper: str = ""
    prefixes: tuple[str, ...] = ()
    rest: dict[str, Any] = field(default_factory=dict)
    """The file's other entries, still inert."""
    notes: tuple[str, ...] = ()


def select(value: Any) -> Selection:
    """Find the network's tensors. Raises ``UserError`` (the end of a sentence) where there are none."""
    check_depth(value)
    walker = Walker(value)
    path, place = _weights_in(value, walker)
    wrapper = ".".join(str(key) for key in path)
    leaves = _named(dict(walker.leaves(place, path)), len(path))
    if not leaves:
        raise UserError("holds no tensors; save model.state_dict() of the trained model")
    cleaned, prefixes = strip_prefixes(leaves)
    rest, notes = _rest(value, path, walker)
    return Selection(cleaned, wrapper, prefixes, rest, notes)


def _weights_in(value: Any, walker: Walker) -> tuple[Path, Any]:
    """The objects that hold the weights, and how to get to them."""
    path: Path = ()
    for _ in range(4):
        entries = _entries(value)
        if _count(entries.values(), TensorRecord) * 2 > len(entries) or isinstance(value, Stub):
            return path, value
        key = _wrapper_key(entries, walker)
        if key is None:
            return path, value
        path, value = (*path, key), entries[key]
    return path, value


def _entries(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Stub) and value.items:
        return value.items
    return {}


def _count(values: Any, kind: type) -> int:
    return sum(isinstance(value, kind) for value in values)


def _wrapper_key(entries: dict[Any, Any], walker: Walker) -> Any:
    """The entry that holds the weights: a well-known name, else the one with the most tensors of all that could."""
    for key in WRAPPERS:
        if key in entries and walker.has_tensors(entries[key]):
            return key
    nested = {
        key: value for key, value in entries.items() if not isinstance(value, TensorRecord) and not is_ignored(key)
    }
    counts = {key: walker.count(value) for key, value in nested.items()}
    best = max(counts, key=lambda key: counts[key], default=None)
    direct = _count(entries.values(), TensorRecord)
    alone = best is not None and sum(1 for n in counts.values() if n) == 1
    return best if best is not None and alone and counts[best] > direct else None


def _named(leaves: dict[Path, TensorRecord], skipped: int) -> dict[str, Leaf]:
    """Dotted names without the wrapper's parts. Raises ``UserError`` for names that are no names."""
    made: dict[str, Leaf] = {}
    for path, record in leaves.items():
        name = ".".join(str(key) for key in path[skipped:] if isinstance(key, str | int))
        check_name(name)
        if name in made:
            raise UserError(f"has two tensors of the name {one_sentence(name, 40)}")
        made[name] = Leaf(path, record)
    return made


def check_name(name: str) -> None:
    """Refuse what cannot be a tensor's name. Raises ``UserError``."""
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise UserError(f"has a tensor with the odd name {one_sentence(repr(name), 40)}, which no network has")


def strip_prefixes(leaves: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Take well-known prefixes off the names, again and again, where all names have them.

    What Lightning and weight averaging put beside a network (losses, metrics, counters) may lack it and is left out, as
    far as it is at most a tenth.
    """
    taken: list[str] = []
    while len(taken) < 8:
        prefix = next((p for p in PREFIXES if _is_common(p, leaves)), None)
        if prefix is None:
            break
        leaves = {name.removeprefix(prefix): leaf for name, leaf in leaves.items() if name.startswith(prefix)}
        taken.append(prefix)
    return leaves, tuple(taken)


def _is_common(prefix: str, names: dict[str, Any]) -> bool:
    without = [name for name in names if not name.startswith(prefix)]
    return len(without) * 10 <= len(names) and all(_ACCESSORY.search(name) for name in without)


def _rest(value: Any, path: Path, walker: Walker) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Entries beside the weights on the way to them, and notes on other weights that were not taken."""
    rest: dict[str, Any] = {}
    notes: list[str] = []
    node = value
    for key in path:
        entries = _entries(node)
        for name, other in entries.items():
            if name == key or is_ignored(name) or not isinstance(name, str) or len(name) > MOST_NAME:
                continue
            if isinstance(other, dict | Stub) and walker.has_tensors(other):
                notes.append(f"It also holds tensors under {one_sentence(name, 40)!r}, which were not taken.")
            else:
                rest.setdefault(name, other)
        node = entries[key]
    if isinstance(node, dict):
        rest |= {k: v for k, v in node.items() if isinstance(k, str) and not may_hold(v)}
    return rest, tuple(notes)
