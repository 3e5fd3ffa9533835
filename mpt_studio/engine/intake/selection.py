"""Which of a file's tensors are the network's, and what else the file tells.

Works on inert objects: nothing has been loaded yet. State dicts lie bare or under a well-known name, their names begin
with well-known prefixes, and modules keep theirs in ``_parameters``, ``_buffers`` and ``_modules``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mpt_studio.engine.intake import averaged, normaliser
from mpt_studio.engine.intake.averaged import Which
from mpt_studio.engine.intake.inert import TensorRecord
from mpt_studio.engine.intake.walk import Path, Walker, check_depth, is_ignored, may_hold
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.pickle_machine import Stub

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
    r"^n_averaged$|^(train|val|valid|test)_|loss|criterion|metric|accuracy|confmat|confusion|auroc|normali[sz]"
)
"""Tensors beside a network that are none of it."""
_QUANTISED = re.compile(
    r"_packed_params|(?:^|[._])(?:SCB|qweight|qzeros|g_idx|weight_scale|weight_scale_inv|quant_map|quant_state|absmax"
    r"|zero_point|weight_zero_point|weight_format)(?:$|\.)"
)
"""Names that only quantised networks have."""
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
    has_both: bool = False
    """Whether the network is there twice, as it was trained last and averaged; one of them was taken."""


def select(value: Any, which: Which = "") -> Selection:
    """Find the network's tensors. Raises ``UserError`` (the end of a sentence) where there are none.

    ``which`` says whether the averaged ones are wanted, where the file holds both.
    """
    check_depth(value)
    walker = Walker(value)
    path, place, has_both = _weights_in(value, walker, which)
    wrapper = ".".join(str(key) for key in path)
    leaves = _named(dict(walker.leaves(place, path)), len(path))
    if not leaves:
        raise UserError("holds no tensors; save model.state_dict() of the trained model")
    prefixes = averaged.by_prefix(leaves)
    if prefixes is not None:
        has_both, prefix = True, prefixes[which == "ema"]
        leaves = {name.removeprefix(prefix): leaf for name, leaf in leaves.items() if _is_of(name, prefix, prefixes)}
    if which and not has_both:
        raise UserError("does not hold both raw and averaged weights, so there is none to choose; leave --weights out")
    leaves, inside = normaliser.split(leaves)
    _refuse_quantised(leaves)
    cleaned, taken = strip_prefixes(leaves)
    rest, notes = _rest(value, path, walker)
    rest |= {f"{name or 'the network'} (its buffers)": _records(pair) for name, pair in inside.items()}
    attributes = normaliser.attributes(place) if isinstance(place, Stub) else {}
    rest |= {f"{name or 'the network'} (its attributes)": pair for name, pair in attributes.items()}
    notes += tuple(_inside(name, pair) for found in (inside, attributes) for name, pair in found.items())
    notes += _left_out(leaves, cleaned, taken)
    if which:
        notes += (f"Of its two sets of weights, the {'averaged' if which == 'ema' else 'last'} ones were taken.",)
    return Selection(cleaned, wrapper, taken, rest, notes, has_both)


def _is_of(name: str, prefix: str, prefixes: tuple[str, str]) -> bool:
    """Whether a tensor is of the network with this prefix: of one without, what is not of the other."""
    return name.startswith(prefix) if prefix else not name.startswith(prefixes[1])


def _records(pair: dict[str, Leaf]) -> dict[str, TensorRecord]:
    return {name: leaf.record for name, leaf in pair.items()}


def _inside(module: str, pair: dict[str, Any]) -> str:
    names = one_sentence(" and ".join(f"{module}.{name}".lstrip(".") for name in pair), 100)
    return f"The network normalises images itself, by its {names}: they are a part of the preprocessing."


def _refuse_quantised(names: dict[str, Leaf]) -> None:
    odd = next((name for name in names if _QUANTISED.search(name)), None)
    if odd is not None:
        name = one_sentence(odd, 50)
        raise UserError(f"is quantised ({name}); save the float32 weights that it was made from, or export it to ONNX")


def _left_out(leaves: dict[str, Leaf], cleaned: dict[str, Leaf], prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """A note on tensors that were dropped with the prefix that they lack."""
    begin = "".join(prefixes)
    out = [name for name in leaves if name != "n_averaged" and name.removeprefix(begin) not in cleaned]
    if not out:
        return ()
    more = f" and {len(out) - 1} more" if len(out) > 1 else ""
    return (f"Left out, since it lies beside the network: {one_sentence(out[0], 80)}{more}.",)


def _weights_in(value: Any, walker: Walker, which: Which) -> tuple[Path, Any, bool]:
    """How to get to the objects that hold the weights, these, and whether others hold them averaged."""
    path: Path = ()
    has_both = False
    for _ in range(4):
        entries = _entries(value)
        if _is_state_dict(entries, walker) or isinstance(value, Stub):
            break
        means = {key: part for key, part in entries.items() if averaged.is_averaged(key) and walker.has_tensors(part)}
        raw = {key: part for key, part in entries.items() if key not in means}
        key = _wrapper_key(raw, walker)
        mean = _wrapper_key(means, walker) or next(iter(means), None)
        if key is not None and mean is not None and walker.count(means[mean]) * 2 >= walker.count(raw[key]):
            has_both = True
            key = mean if which == "ema" else key
        elif key is None:
            key = mean
        if key is None:
            break
        path, value = (*path, key), entries[key]
    return path, value, has_both


def _is_state_dict(entries: dict[Any, Any], walker: Walker) -> bool:
    """Whether most entries are tensors, and none of a usual name holds more of them."""
    direct = _count(entries.values(), TensorRecord)
    held = (walker.count(entries[key]) for key in WRAPPERS if isinstance(entries.get(key), dict | Stub))
    return direct * 2 > len(entries) and max(held, default=0) <= direct


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
        prefix = next((p for p in (*PREFIXES, *_numbered(leaves)) if _is_common(p, leaves)), None)
        if prefix is None:
            break
        leaves = {name.removeprefix(prefix): leaf for name, leaf in leaves.items() if name.startswith(prefix)}
        taken.append(prefix)
    return leaves, tuple(taken)


def _numbered(names: dict[str, Any]) -> list[str]:
    """ "1.", where the network is a part of a sequence that begins with its preprocessing."""
    return re.findall(r"^\d+\.", next(iter(names)))


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
            if isinstance(other, dict | Stub) and walker.has_tensors(other) and not _is_small(other, walker):
                notes.append(f"It also holds tensors under {one_sentence(name, 40)!r}, which were not taken.")
                continue
            rest.setdefault(name, other)
            if not normaliser.is_normaliser(name) and _is_no_number(other):
                notes.append(f"It also holds the tensor {one_sentence(name, 40)!r}, which was not taken.")
        node = entries[key]
    if isinstance(node, dict):
        rest |= {k: v for k, v in node.items() if isinstance(k, str) and not (may_hold(v) and walker.has_tensors(v))}
    return rest, tuple(notes)


def _is_no_number(value: Any) -> bool:
    return isinstance(value, TensorRecord) and value.count > 1


def _is_small(value: Any, walker: Walker) -> bool:
    """Whether its tensors are a few numbers, such as a mean and a standard deviation."""
    whole = isinstance(value, dict) and normaliser.is_whole(value)
    return whole and all(record.count <= 3 for _, record in walker.leaves(value))
