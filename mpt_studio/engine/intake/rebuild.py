"""The rules of torch's pickles: the few functions that they name are carried out on records, others become stubs."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from mpt_studio.engine.intake.globals import is_dangerous
from mpt_studio.engine.intake.inert import ITEM_BYTES, STORAGE_TYPES, Storage, TensorRecord, product
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.pickle_machine import Damaged, Global, Scan, Stub, checked_key

MOST_DIMENSIONS = 32
MOST_ELEMENTS = 1 << 48
MOST_STORAGES = 200_000
_TORCH_READS = frozenset(b"\x80.c(tlhqrUX)]}aseubRKMJGNQ\x85\x86\x87\x88\x89\x8aj\x81")
"""Operations that torch's own weights-only reader knows."""


def is_plain(scan: Scan) -> bool:
    """Whether torch's weights-only reader knows every operation in it."""
    return scan.protocol == 2 and scan.operations <= _TORCH_READS


class TorchRules:
    """What a checkpoint's pickle may hold. Storages are checked against the bytes that are really there later."""

    most_text = 16 << 20

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}

    def check_name(self, name: str) -> None:
        if is_dangerous(name):
            raise UserError(f"names {one_sentence(name, 60)}, which could run code")

    def call(self, function: Any, arguments: Any) -> Any:
        return _called(function, arguments)

    def with_state(self, target: Any, state: Any) -> Any:
        if isinstance(target, Stub):
            if target.name == "numpy.dtype" and isinstance(state, tuple) and len(state) > 1:
                target.items["order"] = state[1]
            target.state = state
        return target  # an OrderedDict's or a tensor's attributes hold nothing that is wanted

    def text(self, content: bytes) -> str:
        return content.decode("latin-1")

    def outside(self, identity: Any) -> Any:
        """A storage: torch names its type, key, device and number of elements."""
        if not isinstance(identity, tuple) or not identity:
            raise Damaged("it refers to something that is no storage")
        if identity[0] == "module" and len(identity) >= 2:  # legacy: a class with its source, which is not read
            return identity[1]
        if identity[0] != "storage" or len(identity) < 5 or not isinstance(identity[1], Global):
            raise Damaged("it refers to something that is no storage")
        found = _storage(identity[1].name, identity[2], identity[4])
        known = self.storages.setdefault(found.key, found)
        if len(self.storages) > MOST_STORAGES:
            raise Damaged(f"it has more than {MOST_STORAGES:,} storages")
        if (known.dtype, known.count) != (found.dtype, found.count):
            raise Damaged(f"it describes the storage {one_sentence(found.key, 20)} in two ways")
        if len(identity) > 5 and identity[5] is not None:  # very old files: a storage that is a part of another
            raise UserError("holds storages that are views of others; save it again with a current PyTorch")
        return known


def _storage(kind: str, key: Any, count: Any) -> Storage:
    dtype = STORAGE_TYPES.get(kind.rpartition(".")[2])
    if dtype is None:
        raise UserError(f"holds tensors of the type {kind[:40]}, which is not read; save it as float32")
    if not isinstance(count, int) or not 0 <= count < MOST_ELEMENTS or not isinstance(key, str | int):
        raise ValueError("storage")
    return Storage(str(key), dtype, count)


def _called(function: Any, arguments: Any) -> Any:
    if not isinstance(arguments, tuple):
        raise TypeError("arguments")
    if not isinstance(function, Global):
        return Stub("an object's result", arguments)
    known = _FUNCTIONS.get(function.name)
    return known(*arguments) if known else Stub(function.name, arguments)


def _tensor(base: Any, offset: Any, size: Any, stride: Any, *more: Any, dtype: Any = None) -> TensorRecord:
    if isinstance(base, Stub) and base.name == "torch.storage.TypedStorage" and base.arguments:
        base = base.arguments[0]
    if not isinstance(base, Storage):
        raise TypeError("storage")
    size, stride = _numbers(size), _numbers(stride)
    if len(size) != len(stride):
        raise ValueError("stride")
    kind = _dtype_name(dtype) if dtype is not None else base.dtype
    made = TensorRecord(base, _number(offset), size, stride, kind)
    _check_within(made)
    return made


def _check_within(tensor: TensorRecord) -> None:
    """A tensor lies within its storage and no element of it is there twice, as expanded ones are."""
    if tensor.count == 0:
        return
    base, item = tensor.storage, ITEM_BYTES[tensor.dtype]
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.size, tensor.stride, strict=True))
    room = base.count * ITEM_BYTES[base.dtype]
    if (last + 1) * item > room:
        raise UserError("holds a tensor that is larger than its data")
    if tensor.count * item > max(room, 1):
        raise UserError("holds a tensor whose elements share memory; save a contiguous copy of it")


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_ELEMENTS:
        raise ValueError("number")
    return value


def _numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or len(values) > MOST_DIMENSIONS:
        raise ValueError("shape")
    found = tuple(_number(value) for value in values)
    if product(found) >= MOST_ELEMENTS:
        raise ValueError("shape")
    return found


def _dtype_name(value: Any) -> str:
    name = value.name.removeprefix("torch.") if isinstance(value, Global) else ""
    if name not in ITEM_BYTES:
        raise UserError("holds tensors of a type that is not read; save it as float32")
    return name


def _tensor_v3(base: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *more: Any) -> Any:
    return _tensor(base, offset, size, stride, dtype=dtype)


def _first(value: Any, *more: Any) -> Any:
    return value


def _from_type(function: Any, kind: Any, arguments: Any, state: Any = None) -> Any:
    if isinstance(function, Global) and function.name == "torch._tensor._rebuild_from_type_v2":
        raise ValueError("function")  # it could be nested without end
    made = _called(function, arguments)
    return made if isinstance(made, TensorRecord) else Stub("a tensor of a class of its own", (made,))


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    if isinstance(pairs, dict):
        return dict(pairs)
    return {checked_key(name): value for name, value in pairs}


def _default_dict(factory: Any = None, pairs: Any = ()) -> dict[Any, Any]:
    return _ordered(pairs)


def _sequence(values: Any = (), *more: Any) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise TypeError("values")
    return list(values)


def _path(*parts: Any) -> str:
    return "/".join(str(part) for part in parts if isinstance(part, str))


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str):
        raise TypeError("text")
    return text.encode("latin-1" if encoding in ("latin1", "latin-1") else "utf-8", "replace")


def _scalar(kind: Any, content: Any = b"") -> Any:
    """A NumPy number from its dtype's code and its bytes."""
    code = kind.arguments[0] if isinstance(kind, Stub) and kind.arguments else ""
    form = _NUMPY_FORMS.get(code) if isinstance(code, str) else None
    if form is None or not isinstance(content, bytes) or len(content) != struct.calcsize(form):
        return Stub("a NumPy value")
    order = ">" if isinstance(kind, Stub) and kind.items.get("order") == ">" else "<"
    return struct.unpack(order + form, content)[0]


def _number_of(value: Any = 0, *more: Any) -> Any:
    return value if isinstance(value, int | float | str | bytes) else Stub("a number")


def _refused(what: str) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        raise UserError(f"holds {what}; save plain float tensors")

    return refuse


_NUMPY_FORMS = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch._utils._rebuild_qtensor": _refused("quantised tensors"),
    "torch._utils._rebuild_sparse_tensor": _refused("sparse tensors"),
    "torch._utils._rebuild_sparse_csr_tensor": _refused("sparse tensors"),
    "torch._utils._rebuild_nested_tensor": _refused("nested tensors"),
    "torch._utils._rebuild_meta_tensor_no_storage": _refused("tensors without data"),
    "torch.nn.parameter.Parameter": _first,
    "torch.Size": lambda values=(): tuple(_sequence(values)),
    "torch.device": lambda *parts: ":".join(str(part) for part in parts if isinstance(part, str | int)),
    "torch.serialization._get_layout": str,
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": _default_dict,
    "collections.Counter": _ordered,
    "_codecs.encode": _encoded,
    **{f"torch.jit._pickle.build_{kind}list": _sequence for kind in ("int", "double", "bool", "tensor")},
    "torch.jit._pickle.restore_type_tag": _first,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    **{f"{m}.{n}": _sequence for m in ("builtins", "__builtin__") for n in ("set", "frozenset", "list", "tuple")},
    **{f"{m}.{n}": _number_of for m in ("builtins", "__builtin__") for n in ("int", "float", "bool", "str", "bytes")},
    **{
        f"{module}.{name}": _path
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
    },
}  # fmt: skip
