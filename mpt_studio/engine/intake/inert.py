"""What stands for tensors while nothing of a file is believed: records of where their numbers would lie."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Storage:
    """The bytes behind one or several tensors."""

    key: str
    dtype: str
    """As torch calls it ("float32"); "uint8" where the storage is of bytes."""
    count: int
    """Elements."""


@dataclass(frozen=True, eq=False)
class TensorRecord:
    """Where a tensor's numbers lie. Checked against its storage by those who made it."""

    storage: Storage
    offset: int
    """In elements, as ``stride``."""
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: str

    @property
    def count(self) -> int:
        """Elements of the tensor."""
        return product(self.size)


ITEM_BYTES = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16,
    "float8_e4m3fn": 1, "float8_e5m2": 1,
}  # fmt: skip
"""Bytes of one element, by torch's name of the type."""

STORAGE_TYPES = {
    "BoolStorage": "bool", "ByteStorage": "uint8", "CharStorage": "int8", "ShortStorage": "int16",
    "IntStorage": "int32", "LongStorage": "int64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32", "DoubleStorage": "float64", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "UntypedStorage": "uint8",
}  # fmt: skip


def product(size: tuple[int, ...]) -> int:
    """The number of elements of a shape."""
    count = 1
    for length in size:
        count *= length
    return count
