"""A trainer's state on disk: everything that random draws, data and recipe do not determine. Safetensors, no pickle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from mpt_studio.engine.networks.weights import load_tensors, save_tensors
from mpt_studio.errors import UserError

FORMAT = 1
KEY = "mpt_studio_state"


@dataclass
class State:
    """Groups of tensors and plain values."""

    values: dict[str, Any]
    """Plain JSON values: counters, names, figures, the recipe."""
    groups: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """"network", "best", "optimizer", "sums" → name → tensor."""

    def save(self, path: Path) -> None:
        """Write to ``path``. Not atomic by itself: write through ``paths.replace_file``."""
        tensors = {f"{group}/{name}": v for group, named in self.groups.items() for name, v in named.items()}
        save_tensors(path, tensors, KEY, {"format": FORMAT, **self.values})

    @classmethod
    def load(cls, path: Path) -> State:
        """Raises ``UserError`` where the file is missing, damaged, foreign or of a newer program."""
        tensors, values = load_tensors(path, KEY, "resume state")
        newer = int(values.pop("format", 0)) > FORMAT
        if newer:
            raise UserError(f"{path} was written by a newer MPT Studio; update the program to resume.")
        groups: dict[str, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            group, _, name = key.partition("/")
            groups.setdefault(group, {})[name] = value
        return cls(values, groups)
