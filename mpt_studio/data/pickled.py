"""Reads the pickles that the CIFAR batches come in, without running anything that they name.

An unpickler that hands out inert stand-ins for the five names that a pickled array needs and refuses every other name.
NumPy itself never sees the pickle's arguments; arrays are made from their bytes after shape and size are checked.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.errors import UserError, one_sentence

MAX_BYTES = 1 << 29
MAX_SLOTS = 1 << 22
"""Far above any CIFAR batch."""


def read(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle: text keys; values are arrays of bytes or integers, lists, text, numbers.

    Raises ``UserError`` where the file is damaged, holds something else, or names anything but plain arrays.
    """
    name = one_sentence(str(path))
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{name} is too large for a CIFAR batch; name the folder of the official python version.")
    try:
        content = path.read_bytes()
        _refuse_bombs(content)
        loaded = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
        return {_text(key): _plain(value) for key, value in dict(loaded).items()}
    except _RefusedError as refused:
        raise UserError(
            f"{name} is not safe to open: it asks for {one_sentence(str(refused), 80)}, which no CIFAR batch does; "
            "fetch the official python version again."
        ) from None
    except OSError:
        raise
    except Exception:  # a damaged pickle raises nearly every type
        raise UserError(f"{name} is damaged or no CIFAR batch; fetch the official python version again.") from None


def _refuse_bombs(content: bytes) -> None:
    """Walk over the opcodes without obeying them: lengths must be true, and memo slots few.

    The unpickler would set aside memory for a length or a slot before it finds the file too short.
    """
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > MAX_SLOTS:
            raise _RefusedError("a huge table")


class _RefusedError(Exception):
    """The pickle names something that is not a plain array."""


class _ArrayType:
    """Stands for ``numpy.ndarray``, which the pickle only passes on."""


class _Dtype:
    """Stands for ``numpy.dtype``: one of a few codes."""

    def __init__(self, code: str | bytes, *_: Any) -> None:
        self.code = _text(code)
        if self.code.lstrip("<|=") not in ("u1", "b1", "i1", "i2", "i4", "i8", "u2", "u4", "u8"):
            raise _RefusedError(f"an array of type {self.code}")

    def __setstate__(self, state: Any) -> None:
        order = _text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order == ">":
            raise _RefusedError("an array of big-endian numbers")


class _Array:
    """Stands for an array until its shape, type and bytes are known."""

    def __init__(self, *_: Any) -> None:
        self.made: npt.NDArray[Any] = np.empty(0, np.uint8)

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, is_fortran, content = state
        self.made = _array(content, dtype, shape, "F" if is_fortran else "C")


def _array(content: Any, dtype: Any, shape: Any, order: str) -> npt.NDArray[Any]:
    if not (isinstance(dtype, _Dtype) and isinstance(content, bytes | bytearray) and isinstance(shape, tuple)):
        raise _RefusedError("an array of objects")
    flat = np.frombuffer(bytes(content), dtype=dtype.code)
    if not all(isinstance(n, int) and n >= 0 for n in shape) or math.prod(shape) != flat.size:
        raise ValueError("shape")
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    """Stands for ``numpy._core.numeric._frombuffer`` (pickle protocol 5)."""
    array = _Array()
    array.made = _array(content, dtype, shape, _text(order))
    return array


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Stands for ``_codecs.encode``, by which Python 3 writes bytes into old protocols."""
    if not isinstance(text, str) or _text(encoding).replace("-", "") != "latin1":
        raise _RefusedError("another text encoding")
    return text.encode("latin1")


_ADMITTED: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _Dtype,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedError(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise _RefusedError("another file")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        raise TypeError("a name is not text")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, _Array):
        return value.made
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, list):
        return [_text(item) if isinstance(item, bytes) else item for item in value]
    return value
