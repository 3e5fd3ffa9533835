"""Which file of a folder holds the weights, as Hugging Face lays folders out."""

from __future__ import annotations

from pathlib import Path

from mpt_studio.errors import UserError
from mpt_studio.files.kinds import WEIGHTS

_PREFERRED = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "model.onnx",
)  # fmt: skip
_SUFFIXES = tuple(suffix for suffix in WEIGHTS.suffixes if suffix != ".json")  # an index is no weights by itself
_MOST_LOOKED_AT = 10_000


def is_version_folder(folder: Path) -> bool:
    """Whether a path is a folder that holds weights, and not images or anything else; looks at few names."""
    if not folder.is_dir():
        return False
    if any((folder / name).is_file() for name in (*_PREFERRED, "pytorch_model.bin.index.json")):
        return True
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def weights_in(folder: Path) -> Path:
    """The folder's one file of weights. Raises ``UserError`` (the end of a sentence)."""
    for name in _PREFERRED:
        if (folder / name).is_file():
            return folder / name
    try:
        entries = [entry for _, entry in zip(range(_MOST_LOOKED_AT), folder.iterdir(), strict=False)]
    except OSError as error:
        raise UserError(f"cannot be listed ({error.strerror or error})") from None
    found = sorted(entry for entry in entries if entry.suffix.lower() in _SUFFIXES and entry.is_file())
    if len(found) == 1:
        return found[0]
    if (folder / "pytorch_model.bin.index.json").is_file():
        raise UserError("holds weights in several pickled files; save them as .safetensors with save_pretrained")
    if not found:
        raise UserError("is a folder without weights; name a file of weights or a folder with model.safetensors")
    raise UserError(f"is a folder with {len(found)} files of weights; name one of them")
