"""ONNX files of ours: our description and seal in them, and the sentence about one that is refused. No torch here."""

from __future__ import annotations

from pathlib import Path

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint
from mpt_studio.engine.networks.onnx_graph import LARGEST
from mpt_studio.errors import UserError, one_sentence, shown_name
from mpt_studio.files import onnx_header

ARCHITECTURE = "onnx"
SENTENCE = 200


def normalise(source: Path, target: Path, checkpoint: Checkpoint) -> None:
    """Write an ONNX file with our description and seal. Write through ``paths.replace_file``."""
    target.write_bytes(onnx_header.sealed(content_of(source), checkpoint.header()[HEADER_KEY]))


def refusal(path: Path, error: UserError) -> UserError:
    """The whole sentence of a reason that begins with a verb, or the sentence itself."""
    name, text = shown_name(path), str(error)
    whole = f"{name} {text}" if text[:1].islower() else text
    return UserError(one_sentence(whole, SENTENCE - 1).rstrip(".") + ".")


def content_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise refusal(path, UserError("is larger than the 2 GB that one ONNX file can be"))
        return path.read_bytes()
    except OSError as error:
        raise refusal(path, UserError(f"cannot be read ({error.strerror or error})")) from None
