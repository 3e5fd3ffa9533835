"""What a file is, by its first bytes. Its name says nothing."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Literal

from mpt_studio.errors import UserError
from mpt_studio.files.opened import Opened, opened, refusals

WeightsKind = Literal["zip", "legacy", "safetensors", "index", "onnx"]

LEGACY_MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")
"""The number that files of torch before 1.6 begin with, little end first."""

_RESAVE = "load it where it was made and save model.state_dict() with torch.save"
_NOT_WEIGHTS = (
    (b"\x89PNG\r\n", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"), (b"II*\0", "a TIFF image"), (b"MM\0*", "a TIFF image"),
    (b"%PDF", "a PDF"), (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"#!", "a script"),
    (b"PAR1", "a Parquet table"),
    (b"SQLite format", "a database"),
)  # fmt: skip
_PACKED = (
    (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"7z\xbc\xaf", "7z"), (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!", "rar"), (b"\x78\x9c", "zlib"), (b"\x78\x01", "zlib"), (b"\x78\xda", "zlib"),
)  # fmt: skip


def check_looks(path: Path) -> None:
    """Refuse at once what its first bytes tell to be no weights. Raises ``UserError``."""
    with refusals(path), opened(path) as file:
        weights_kind(file)


def weights_kind(file: Opened) -> WeightsKind:
    """The container. Raises ``UserError`` (the end of a sentence that begins with the file's name) for all others."""
    head = file.at(0, 1024)
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if LEGACY_MAGIC in head[:40]:
        return "legacy"
    if _is_safetensors(head, file.size):
        return "safetensors"
    _refuse_known(head)
    if head.lstrip()[:1] == b"{" and b'"weight_map"' in file.at(0, 1 << 20):
        return "index"
    if _is_onnx(head):
        return "onnx"
    raise UserError(_unknown(head, file))


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 9 or head[8:9] != b"{":
        return False
    length = struct.unpack("<Q", head[:8])[0]
    return head[:1] != b"\x80" or bool(length + 8 <= size)


def _refuse_known(head: bytes) -> None:
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise UserError("is a web page, not weights; download it again from the file's own link")
    if head.startswith(b"version https://git-lfs"):
        raise UserError("is a Git LFS pointer, not the weights; run 'git lfs pull' beside it")
    for magic, what in _NOT_WEIGHTS:
        if head.startswith(magic):
            raise UserError(f"is {what}, not weights")
    for magic, what in _PACKED:
        if head.startswith(magic):
            raise UserError(f"is packed with {what}; unpack it first")
    if head[257:262] == b"ustar":
        raise UserError(f"is a tar archive; unpack it, or if torch before 0.4 wrote it, {_RESAVE}")
    if head.startswith(b"\x89HDF\r\n"):
        raise UserError("is an HDF5 file (Keras); export the model as ONNX with tf2onnx, and open that")
    if head.startswith(b"\x93NUMPY"):
        raise UserError("is a single NumPy array; save all weights with their names as .safetensors")
    if head[4:8] == b"TFL3" or head.startswith(b"GGUF"):
        raise UserError("is made for another runtime; export the model as ONNX or .safetensors")
    if head.startswith(b"PK"):
        raise UserError("is an empty or damaged zip archive; copy or download it again")


def _is_onnx(head: bytes) -> bool:
    """An ONNX file is a protobuf whose first field is the version of the format, a small number."""
    return (
        len(head) > 4
        and head[0] == 0x08
        and 1 <= head[1] <= 40
        and head[2] in (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42)
    )


def _unknown(head: bytes, file: Opened) -> str:
    if head[:1] == b"\x80" and len(head) > 1 and 2 <= head[1] <= 5:
        return f"is a plain Python pickle, which could run code when it is loaded; {_RESAVE}"
    if head[:1] in b"(]}c)I" and file.at(file.size - 1, 1) == b".":
        return f"is an old plain Python pickle, which could run code when it is loaded; {_RESAVE}"
    if not any(head):
        return "begins with zeros only: a copy or download did not finish; get it again"
    if head.lstrip()[:1] in b"{[":
        return "is JSON text, not weights; name the weights or their folder" if _is_json(head, file) else "is cut short"
    if head.isascii() and b"\0" not in head:
        return "is a text file, not weights"
    return "is no kind of weights that is known; use .pt, .pth, .ckpt, .safetensors or .onnx"


def _is_json(head: bytes, file: Opened) -> bool:
    if file.size > 1 << 20:
        return True
    try:
        json.loads(file.at(0, 1 << 20))
    except (ValueError, RecursionError):
        return False
    return True
