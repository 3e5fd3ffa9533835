"""Reads the pickles that the CIFAR batches come in, without running anything that they name.

Of the names in a pickle only the five that a pickled array needs are let in. NumPy itself never sees the pickle's
arguments; arrays are made from their bytes after shape and size are checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.pickle_machine import Damaged, Global, interpret

MAX_BYTES = 1 << 29


def read(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle: text keys; values are arrays of bytes or integers, lists, text, numbers.

    Raises ``UserError`` where the file is damaged, holds something else, or names anything but plain arrays.
    """
    name = one_sentence(str(path))
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{name} is too large for a CIFAR batch; name the folder of the official python version.")
    try:
        found = interpret(path.read_bytes(), _ArraysOnly()).value
        if isinstance(found, dict):
            return {_text(key): _plain(value) for key, value in found.items()}
    except _RefusedError as refused:
        raise UserError(
            f"{name} is not safe to open: it asks for {one_sentence(str(refused), 80)}, which no CIFAR batch does; "
            "fetch the official python version again."
        ) from None
    except (Damaged, TypeError):
        pass
    raise UserError(f"{name} is damaged or no CIFAR batch; fetch the official python version again.")


class _RefusedError(Exception):
    """The pickle names something that is not a plain array."""


@dataclass(frozen=True)
class _Dtype:
    """Stands for ``numpy.dtype``: one of a few codes."""

    code: str


@dataclass
class _Array:
    """Stands for an array until its shape, type and bytes are known."""

    made: npt.NDArray[Any] | None = None


class _ArraysOnly:
    """The rules of a CIFAR batch: nothing but what plain arrays are made from."""

    most_text = MAX_BYTES

    def check_name(self, name: str) -> None:
        if name not in _FUNCTIONS and name != "numpy.ndarray":
            raise _RefusedError(name)

    def call(self, function: Any, arguments: Any) -> Any:
        return _FUNCTIONS[function.name if isinstance(function, Global) else ""](*arguments)

    def with_state(self, target: Any, state: Any) -> Any:
        if isinstance(target, _Dtype):
            if _text(state[1]) == ">":
                raise _RefusedError("an array of big-endian numbers")
        elif isinstance(target, _Array):
            _version, shape, dtype, is_fortran, content = state
            target.made = _made(content, dtype, shape, "F" if is_fortran else "C")
        else:
            raise TypeError("state")
        return target

    def outside(self, identity: Any) -> Any:
        raise _RefusedError("another file")

    def text(self, content: bytes) -> bytes:
        return content


def _dtype(code: Any, *_: Any) -> _Dtype:
    text = _text(code)
    if text.lstrip("<|=") not in ("u1", "b1", "i1", "i2", "i4", "i8", "u2", "u4", "u8"):
        raise _RefusedError(f"an array of type {text}")
    return _Dtype(text)


def _empty(*_: Any) -> _Array:
    """Stands for ``_reconstruct``: its type and its shape come with the state."""
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    """Stands for ``numpy._core.numeric._frombuffer`` (pickle protocol 5)."""
    return _Array(_made(content, dtype, shape, _text(order)))


def _made(content: Any, dtype: Any, shape: Any, order: str) -> npt.NDArray[Any]:
    if not (isinstance(dtype, _Dtype) and isinstance(content, bytes) and isinstance(shape, tuple)):
        raise _RefusedError("an array of objects")
    flat = np.frombuffer(content, dtype=dtype.code)
    if not all(isinstance(n, int) and n >= 0 for n in shape) or math.prod(shape) != flat.size:
        raise ValueError("shape")
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Stands for ``_codecs.encode``, by which Python 3 writes bytes into old protocols."""
    if not isinstance(text, str) or _text(encoding).replace("-", "") != "latin1":
        raise _RefusedError("another text encoding")
    return text.encode("latin1")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "numpy.dtype": _dtype,
    **{f"numpy.{core}.multiarray._reconstruct": _empty for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _from_buffer for core in ("core", "_core")},
}


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
