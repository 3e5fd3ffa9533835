"""The rules of torch's pickles: the few functions that they name are carried out on records, others become stubs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpt_studio.engine.intake.arrays import array, array_from_buffer, scalar
from mpt_studio.engine.intake.globals import is_dangerous
from mpt_studio.engine.intake.inert import (
    ITEM_BYTES,
    REFUSED_TYPES,
    STORAGE_TYPES,
    Storage,
    TensorRecord,
    product,
)
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.pickle_machine import Damaged, Global, Scan, Stub, Unordered, checked_key

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
            if target.name.endswith("multiarray._reconstruct"):
                target.values = array(state)
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
    if dtype is None and kind.startswith("torch.Q"):
        raise UserError(_QUANTISED)
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


def _tensor(
    base: Any, offset: Any, size: Any, stride: Any, grad: Any = None, hooks: Any = None, metadata: Any = None,
    *, dtype: Any = None,
) -> TensorRecord:  # fmt: skip
    if isinstance(base, Stub) and base.name == "torch.storage.TypedStorage" and base.arguments:
        base = base.arguments[0]
    if not isinstance(base, Storage):
        raise TypeError("storage")
    size, stride = _numbers(size), _numbers(stride)
    if len(size) != len(stride):
        raise ValueError("stride")
    kind = _dtype_name(dtype) if dtype is not None else base.dtype
    made = TensorRecord(base, _number(offset), size, stride, kind, _is_negative(metadata))
    _check_within(made)
    return made


def _is_negative(metadata: Any) -> bool:
    """torch's own entries beside a tensor say that its numbers are to be read with the other sign, or conjugated."""
    known = metadata if isinstance(metadata, dict) else {"": metadata} if metadata else {}
    odd = [name for name, value in known.items() if name not in ("neg", "conj") or not isinstance(value, bool)]
    if odd:
        raise UserError(f"holds a tensor with the unknown mark {one_sentence(str(odd[0]), 40)!r}; save plain tensors")
    if known.get("conj"):
        raise UserError("holds a view of complex numbers, which are no weights; save its real part with .clone()")
    return bool(known.get("neg"))


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
    if name in REFUSED_TYPES["quantised"]:
        raise UserError(_QUANTISED)
    if name not in ITEM_BYTES:
        raise UserError(f"holds tensors of the type {one_sentence(name, 40)}, which is not read; save it as float32")
    return name


def _tensor_v3(
    base: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, metadata: Any = None
) -> Any:
    return _tensor(base, offset, size, stride, grad, hooks, metadata, dtype=dtype)


def _first(value: Any, *more: Any) -> Any:
    return value


def _from_type(function: Any, kind: Any, arguments: Any, state: Any = None) -> Any:
    if isinstance(function, Global) and function.name == "torch._tensor._rebuild_from_type_v2":
        raise ValueError("function")  # it could be nested without end
    made = _called(function, arguments)
    if not isinstance(made, TensorRecord):
        raise UserError(f"holds {_OF_A_CLASS}; save plain tensors")
    return made


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


def _set(values: Any = (), *more: Any) -> Unordered:
    return Unordered(_sequence(values))


def _path(*parts: Any) -> str:
    return "/".join(str(part) for part in parts if isinstance(part, str))


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str):
        raise TypeError("text")
    return text.encode("latin-1" if encoding in ("latin1", "latin-1") else "utf-8", "replace")


def _number_of(value: Any = 0, *more: Any) -> Any:
    return value if isinstance(value, int | float | str | bytes) else Stub("a number")


def _refused(sentence: str) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        raise UserError(sentence)

    return refuse


_QUANTISED = "holds quantised tensors; save the float32 weights that they were made from"
_OF_A_CLASS = "tensors of a class of its own"
_ARRAYS = ("numpy.core.", "numpy._core.")

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch._utils._rebuild_qtensor": _refused(_QUANTISED),
    "torch._utils._rebuild_wrapper_subclass": _refused(f"holds {_OF_A_CLASS}; save plain tensors"),
    "torch._utils._rebuild_sparse_tensor": _refused("holds sparse tensors; save plain float tensors"),
    "torch._utils._rebuild_sparse_csr_tensor": _refused("holds sparse tensors; save plain float tensors"),
    "torch._utils._rebuild_nested_tensor": _refused("holds nested tensors; save plain float tensors"),
    "torch._utils._rebuild_meta_tensor_no_storage": _refused("holds tensors without data; save plain float tensors"),
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
    **{f"{core}multiarray.scalar": scalar for core in _ARRAYS},
    **{f"{core}numeric._frombuffer": array_from_buffer for core in _ARRAYS},
    **{f"{m}.{n}": _set for m in ("builtins", "__builtin__") for n in ("set", "frozenset")},
    **{f"{m}.{n}": _sequence for m in ("builtins", "__builtin__") for n in ("list", "tuple")},
    **{f"{m}.{n}": _number_of for m in ("builtins", "__builtin__") for n in ("int", "float", "bool", "str", "bytes")},
    **{
        f"{module}.{name}": _path
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
    },
}  # fmt: skip
