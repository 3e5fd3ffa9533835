"""Files that hold a network twice: its weights as they were trained last, and their average over the training."""

from __future__ import annotations

import re
from typing import Any, Literal

Which = Literal["", "raw", "ema"]
"""The weights that a person chose; "" where nobody did."""
_AVERAGED = re.compile(r"(?:^|[._])(?:ema|swa|avg|averaged?|shadow)(?:$|[._])")


def is_averaged(key: Any) -> bool:
    """Whether a name says that what it stands for is an average."""
    return isinstance(key, str) and _AVERAGED.search(key.lower()) is not None


def by_prefix(leaves: dict[str, Any]) -> tuple[str, str] | None:
    """The prefixes of two networks with the same tensors among the names, as ("model.", "ema_model.module.")."""
    averaged = _common([name for name in leaves if is_averaged(name.partition(".")[0])])
    if not averaged:
        return None
    inner = {name.removeprefix(averaged) for name in leaves if name.startswith(averaged)}
    others = [name for name in leaves if not is_averaged(name.partition(".")[0])]
    for raw in _prefixes(others):
        if inner & {name.removeprefix(raw) for name in others if name.startswith(raw)} >= _weights(inner):
            return raw, averaged
    return None


def _weights(names: set[str]) -> set[str]:
    return {name for name in names if name.endswith("weight")} or names


def _common(names: list[str]) -> str:
    """The parts that all names begin with, a dot at their end."""
    parts = [name.split(".") for name in names]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "".join(f"{part}." for part in shared)


def _prefixes(names: list[str]) -> list[str]:
    firsts = dict.fromkeys(name.partition(".")[0] + "." for name in names)
    return ["", *firsts] if len(firsts) < 8 else [""]
