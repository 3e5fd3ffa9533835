"""Sound files cut off at many places, as an interrupted download leaves them."""

from __future__ import annotations

import io
import pickle

import torch
from safetensors.torch import save

from hostile.case import Hostile, file

GROUP = "truncated"
PLACES = 8


def state_dict() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "conv.weight": torch.randn(8, 3, 3, 3, generator=generator),
        "fc.weight": torch.randn(4, 8, generator=generator),
        "fc.bias": torch.zeros(4),
    }


def sound_files() -> dict[str, tuple[bytes, str]]:
    """One sound file per container, with its suffix."""
    return {
        "zip": (saved(state_dict()), ".pth"),
        "legacy": (saved(state_dict(), old=True), ".pth"),
        "safetensors": (save(state_dict()), ".safetensors"),
    }


def saved(content: object, old: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def cases() -> list[Hostile]:
    made = []
    for container, (content, suffix) in sound_files().items():
        cuts = sorted({1, 7, 8, 9, 64, *(len(content) * i // PLACES for i in range(1, PLACES)), len(content) - 1})
        made += [file(GROUP, f"{container} after {cut} bytes", content[:cut], suffix) for cut in cuts]
    pickled = pickle.dumps({"epoch": 3, "text": "x" * 100}, 4)
    return made + [file(GROUP, f"pickle after {cut} bytes", pickled[:cut]) for cut in (1, 2, 3, 10, 11, 30, 100)]
