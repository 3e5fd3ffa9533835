"""Which of a file's tensors are the network's, and what else the file tells.

Works on inert objects: nothing has been loaded yet. State dicts lie bare or under a well-known name, their names begin
with well-known prefixes, and modules keep theirs in ``_parameters``, ``_buffers`` and ``_modules``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mpt_studio.engine.intake.inert import Stub, TensorRecord
from mpt_studio.errors import UserError, one_sentence

WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "module", "model_state", "net_state_dict", "weights",
    "params", "state_dict_ema", "model_ema", "ema", "ema_model", "params_ema", "teacher", "student", "backbone",
)  # fmt: skip
"""Names under which checkpoints keep their weights, most telling first."""
PREFIXES = (
    "module.", "model.", "_orig_mod.", "backbone.", "net.", "network.", "ema_model.", "ema.", "student.", "teacher.",
    "encoder.", "classifier_model.", "_model.", "state_dict.", "shadow_params.",
)  # fmt: skip
_IGNORED = (
    "optim", "sched", "scaler", "loops", "callbacks", "rng", "random_state", "generator", "loss_scale",
)  # fmt: skip
MOST_TENSORS = 100_000
MOST_DEPTH = 100
MOST_VISITS = 1_000_000
MOST_NAME = 400
Path = tuple[Any, ...]


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
    path, place = _weights_in(value)
    wrapper = ".".join(str(key) for key in path)
    leaves = _named(dict(_leaves(place, path)), wrapper)
    if not leaves:
        raise UserError("holds no tensors; save model.state_dict() of the trained model")
    cleaned, prefixes = strip_prefixes(leaves)
    rest, notes = _rest(value, path)
    return Selection(cleaned, wrapper, prefixes, rest, notes)


def check_depth(value: Any) -> None:
    """Refuse what is nested so deeply that walking it could overflow a stack; linear in the number of objects."""
    seen: set[int] = set()
    level = [value]
    for _ in range(MOST_DEPTH):
        following = []
        for node in level:
            if isinstance(node, dict | list | tuple | Stub) and id(node) not in seen:
                seen.add(id(node))
                following.extend(_children(node))
        if not following:
            return
        level = following
    raise UserError(f"is nested more than {MOST_DEPTH} levels deep, which no checkpoint is")


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list | tuple):
        yield from node
    elif isinstance(node, Stub):
        yield from (node.arguments, node.state, node.items, node.values)


def _weights_in(value: Any) -> tuple[Path, Any]:
    """The objects that hold the weights, and how to get to them."""
    path: Path = ()
    for _ in range(4):
        entries = _entries(value)
        if _count(entries.values(), TensorRecord) * 2 > len(entries) or isinstance(value, Stub):
            return path, value
        key = _wrapper_key(entries)
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


def _wrapper_key(entries: dict[Any, Any]) -> Any:
    """The entry that holds the weights: a well-known name, else the one with the most tensors of all that could."""
    for key in WRAPPERS:
        if key in entries and any(True for _ in _leaves(entries[key], ())):
            return key
    nested = {
        key: value for key, value in entries.items() if not isinstance(value, TensorRecord) and not _is_ignored(key)
    }
    counts = {key: sum(1 for _ in _leaves(value, ())) for key, value in nested.items()}
    best = max(counts, key=lambda key: counts[key], default=None)
    direct = _count(entries.values(), TensorRecord)
    alone = best is not None and sum(1 for n in counts.values() if n) == 1
    return best if best is not None and alone and counts[best] > direct else None


def _is_ignored(key: Any) -> bool:
    return isinstance(key, str) and any(word in key.lower() for word in _IGNORED)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, TensorRecord]]:
    """Every tensor below ``value`` in the file's order, with an explicit stack."""
    stack: list[tuple[Path, Any, tuple[int, ...]]] = [(path, value, ())]
    found = 0
    for _ in range(MOST_VISITS):
        if not stack:
            return
        at, node, above = stack.pop()
        if isinstance(node, TensorRecord):
            found += 1
            if found > MOST_TENSORS:
                raise UserError(f"holds more than {MOST_TENSORS:,} tensors, which no checkpoint does")
            yield at, node
        elif id(node) not in above:
            below = [(key, child) for key, child in _parts(node) if not (len(at) == len(path) and _is_ignored(key))]
            stack.extend(((*at, key), child, (*above, id(node))) for key, child in reversed(below))
    raise UserError("refers to the same objects again and again, which no checkpoint does")


def _parts(node: Any) -> list[tuple[Any, Any]]:
    """Named parts of an object that may hold weights."""
    if isinstance(node, dict):
        return [(key, value) for key, value in node.items() if _may_hold(value)]
    if isinstance(node, list | tuple):
        return [(index, value) for index, value in enumerate(node) if _may_hold(value)]
    if not isinstance(node, Stub):
        return []
    state = node.state
    if isinstance(state, dict) and "_parameters" in state and "_modules" in state:
        return _module_parts(state)
    parts: dict[Any, Any] = dict(node.items)
    if isinstance(state, dict):
        parts |= state
    return [(key, value) for key, value in parts.items() if _may_hold(value)]


def _module_parts(state: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Of a pickled ``nn.Module``: parameters, persistent buffers, submodules."""
    passing = state.get("_non_persistent_buffers_set") or ()
    groups = [state.get(name) for name in ("_parameters", "_buffers", "_modules")]
    parts = [item for group in groups if isinstance(group, dict) for item in group.items()]
    return [(key, value) for key, value in parts if _may_hold(value) and key not in passing]


def _may_hold(value: Any) -> bool:
    return isinstance(value, TensorRecord | dict | list | tuple | Stub)


def _named(leaves: dict[Path, TensorRecord], wrapper: str) -> dict[str, Leaf]:
    """Dotted names without the wrapper. Raises ``UserError`` for names that are no names."""
    skipped = wrapper.count(".") + 1 if wrapper else 0
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
    """Take well-known prefixes off the names, again and again, where (nearly) all names have them.

    Up to five tensors without it, and at most a tenth, may be there besides, as losses and metrics of Lightning modules
    are; they are left out.
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
    without = sum(not name.startswith(prefix) for name in names)
    return without <= min(5, len(names) // 10) and without < len(names)


def _rest(value: Any, path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Entries beside the weights on the way to them, and notes on other weights that were not taken."""
    rest: dict[str, Any] = {}
    notes: list[str] = []
    node = value
    for key in path:
        entries = _entries(node)
        for name, other in entries.items():
            if name == key or _is_ignored(name) or not isinstance(name, str) or len(name) > MOST_NAME:
                continue
            if name in WRAPPERS and isinstance(other, dict | Stub) and any(True for _ in _leaves(other, ())):
                notes.append(f"It also holds weights under {name!r}, which were not taken.")
            else:
                rest.setdefault(name, other)
        node = entries[key]
    if isinstance(node, dict):
        rest |= {k: v for k, v in node.items() if isinstance(k, str) and not _may_hold(v)}
    return rest, tuple(notes)
