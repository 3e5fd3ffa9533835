"""Tensors of a file whose structure has been checked. The only module here that gives bytes to torch."""

from __future__ import annotations

import io
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mpt_studio.engine.intake.inert import ITEM_BYTES, TensorRecord
from mpt_studio.engine.intake.limits import Forbidden
from mpt_studio.engine.intake.parsed import Parsed
from mpt_studio.engine.intake.selection import Leaf
from mpt_studio.errors import UserError, one_sentence

Tensors = dict[str, Tensor]
_PIECE = 4 << 20


def warm_up() -> None:
    """Let torch import what its reader needs, while importing is allowed."""
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(1)}, buffer)
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=True, map_location="cpu")


def load(parsed: Parsed, leaves: dict[str, Leaf]) -> Tensors:
    """The tensors of the leaves by name, as they are in the file. Raises ``UserError`` (the end of a sentence)."""
    return _through_torch(parsed, leaves) if parsed.is_plain else _inertly(parsed, leaves)


def _through_torch(parsed: Parsed, leaves: dict[str, Leaf]) -> Tensors:
    mapped = parsed.container == "PyTorch zip" and parsed.byte_order == sys.byteorder
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(str(parsed.files[0]), weights_only=True, map_location="cpu", mmap=mapped)
    except (MemoryError, Forbidden):
        raise
    except Exception as error:  # torch has a dozen types for what it cannot read
        raise UserError(f"cannot be read by torch ({one_sentence(str(error), 60)})") from None
    return {name: _checked(_at(loaded, leaf), leaf.record) for name, leaf in leaves.items()}


def _at(loaded: Any, leaf: Leaf) -> Any:
    node = loaded
    for key in leaf.path:
        node = node[key]
    return node


def _checked(found: Any, record: TensorRecord) -> Tensor:
    """What torch has read is what the record says; else one of the two was deceived."""
    if not isinstance(found, Tensor) or tuple(found.shape) != record.size or _name(found.dtype) != record.dtype:
        raise UserError("is understood differently by torch; it is damaged or made to deceive")
    return found.detach().resolve_neg()


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _inertly(parsed: Parsed, leaves: dict[str, Leaf]) -> Tensors:
    files: list[Any] = [torch.UntypedStorage.from_file(str(p), False, p.stat().st_size) for p in parsed.files]
    storages: dict[str, Any] = {}
    made = {}
    for name, leaf in leaves.items():
        key = leaf.record.storage.key
        if key not in storages:
            storages[key] = _storage(files, parsed, leaf.record)
        made[name] = _view(storages[key], leaf.record)
    return made


def _storage(files: list[Any], parsed: Parsed, record: TensorRecord) -> Any:
    """A storage's bytes; copied where they are not aligned or in the other byte order."""
    file, start, length = parsed.places[record.storage.key]
    part = files[file][start : start + length]
    swapped = parsed.byte_order != sys.byteorder
    if start % ITEM_BYTES[record.dtype] or swapped:
        part = part.clone()
    if swapped and ITEM_BYTES[record.storage.dtype] > 1:
        part.byteswap(getattr(torch, record.storage.dtype))
    return part


def _view(storage: Any, record: TensorRecord) -> Tensor:
    empty = torch.empty(0, dtype=getattr(torch, record.dtype))
    found: Tensor = empty.set_(storage, record.offset, record.size, record.stride)
    return found.neg() if record.negative else found


def numbers(parsed: Parsed, record: TensorRecord) -> list[Any]:
    """The numbers of a small tensor that is not the network's, one after the other."""
    found = _inertly(parsed, {"": Leaf((), record)})[""].reshape(-1)
    values = found.float() if found.element_size() == 1 and found.is_floating_point() else found
    return values.tolist() if not found.is_complex() else [str(value) for value in found.tolist()]


def notes_on(tensors: Tensors) -> tuple[str, ...]:
    """What is odd about the numbers: types that will be converted, values that are none, tensors that are empty."""
    kinds = Counter(_name(t.dtype) for n, t in tensors.items() if t.dtype != torch.float32 and not _is_count(n, t))
    notes = [
        f"{_tensors(n)} in {kind}{_hint(kind)}; they are computed with as float32." for kind, n in sorted(kinds.items())
    ]
    broken = [name for name, tensor in tensors.items() if not _is_finite(tensor)]
    if broken:
        first = one_sentence(broken[0], 60)
        notes.append(f"{_tensors(len(broken))} with NaN or infinite values, {first} first: the answers may be useless.")
    empty = sum(tensor.numel() == 0 for tensor in tensors.values())
    if empty:
        notes.append(f"{_tensors(empty)} without any values.")
    return tuple(notes)


def _hint(kind: str) -> str:
    return "" if "float" in kind else ", as quantised weights are"


def _is_count(name: str, tensor: Tensor) -> bool:
    """Counters and tables of places are whole numbers; weights that are may be quantised, and are told."""
    return tensor.dtype == torch.int64 and not name.endswith(("weight", "bias"))


def _tensors(count: int) -> str:
    return "1 tensor is" if count == 1 else f"{count:,} tensors are"


def _is_finite(tensor: Tensor) -> bool:
    """Looked at in pieces, so that it takes no memory to speak of."""
    if not tensor.numel() or not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    flat = tensor.reshape(-1) if tensor.is_contiguous() else tensor.flatten()
    return all(bool(torch.isfinite(part).all()) for part in _converted(flat))


def _converted(flat: Tensor) -> Iterator[Tensor]:
    for part in torch.split(flat, _PIECE):
        yield part.float() if part.element_size() == 1 else part  # 8-bit floats know no arithmetic
