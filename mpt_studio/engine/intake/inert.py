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
    negative: bool = False
    """Whether its numbers are those of the storage with the other sign, as of a view on an imaginary part."""

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


REFUSED_TYPES = {
    "quantised": ("qint8", "quint8", "qint32", "quint4x2", "quint2x4"),
    "of a type that is not read": (
        "complex32", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2",
        *(f"{sign}{bits}" for sign in ("int", "uint") for bits in range(1, 8)),
        "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2",
    ),
}  # fmt: skip
"""Types of torch whose numbers are not the weights, or not computed with here."""
CONSTANTS = (
    "strided", "sparse_coo", "contiguous_format", "channels_last", "channels_last_3d", "preserve_format",
    "per_tensor_affine", "per_channel_affine", "per_tensor_symmetric", "per_channel_symmetric",
    "per_channel_affine_float_qparams",
)  # fmt: skip
"""What torch names beside types to say how a tensor is kept."""


def product(size: tuple[int, ...]) -> int:
    """The number of elements of a shape."""
    count = 1
    for length in size:
        count *= length
    return count
