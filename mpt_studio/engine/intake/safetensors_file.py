"""``.safetensors`` files, one or several behind an index, as records of tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mpt_studio.engine.intake.inert import Storage, TensorRecord, product
from mpt_studio.engine.intake.parsed import Parsed, Place
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import tensor_header
from mpt_studio.files.onnx_header import KEY
from mpt_studio.files.opened import Opened, opened
from mpt_studio.files.tensor_header import Header, Unreadable

MOST_INDEX = 32 << 20
MOST_SHARDS = 1000


def parse_safetensors(file: Opened) -> Parsed:
    """One file. Raises ``UserError``."""
    header = _header(file)
    _refuse_ours(header)
    records, places = _records(header, 0)
    return Parsed(records, "safetensors", files=(file.path,), places=places, told=header.metadata)


def _header(file: Opened) -> Header:
    length = int.from_bytes(file.at(0, 8), "little")
    try:
        tensor_header.check_length(length, file.size)
        return tensor_header.parse_header(file.at(8, length), file.size)
    except Unreadable as error:
        raise UserError(str(error)) from None


def _refuse_ours(header: Header) -> None:
    """Files of this program that are no versions; and in one that is, a flipped bit may hide the header's name."""
    if other := next((name for name in header.metadata if name.startswith(f"{KEY}_")), ""):
        kind = "resume state" if other.endswith("_state") else one_sentence(other.removeprefix(f"{KEY}_"), 20)
        raise UserError(f"is a {kind} of MPT Studio, not a version; take weights from a run's checkpoints instead")
    if KEY not in header.metadata and any("content_sha256" in text for text in header.metadata.values()):
        raise UserError("was written by MPT Studio, but its header is damaged; use another copy")


def _records(header: Header, index: int) -> tuple[dict[str, TensorRecord], dict[str, Place]]:
    records, places = {}, {}
    for name, place in header.places.items():
        dtype, key = tensor_header.TORCH_NAMES[place.dtype], f"{index}:{name}"
        records[name] = TensorRecord(
            Storage(key, dtype, product(place.shape)), 0, place.shape, contiguous(place.shape), dtype
        )
        places[key] = Place(index, place.start, place.end - place.start)
    return records, places


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a tensor whose elements lie one after the other."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def parse_index(file: Opened) -> Parsed:
    """Several files behind a ``*.index.json``. Raises ``UserError``."""
    shards = _shards(file)
    folder = file.path.parent
    records: dict[str, TensorRecord] = {}
    places: dict[str, Place] = {}
    for index, name in enumerate(sorted(set(shards.values()))):
        try:
            with opened(folder / name) as shard:
                found, where = _records(_header(shard), index)
        except UserError as error:
            raise UserError(f"names {one_sentence(name, 60)}, which {error}") from None
        if records.keys() & found.keys():
            raise UserError("is damaged: two of its files hold the same tensor")
        records |= found
        places |= where
    if records.keys() != shards.keys():
        odd = one_sentence(min(records.keys() ^ shards.keys()), 50)
        raise UserError(f"does not fit its files: it and they do not agree on {odd}; get all of them again")
    files = tuple(folder / name for name in sorted(set(shards.values())))
    return Parsed(records, "sharded safetensors", files=files, places=places)


def _shards(file: Opened) -> dict[str, str]:
    """File by tensor name; every file is a plain name in the same folder."""
    weight_map = _index(file).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise UserError("is an index without a list of tensors; get it again")
    if len(weight_map) > tensor_header.MOST_TENSORS:
        raise UserError(f"lists more than {tensor_header.MOST_TENSORS:,} tensors, which no checkpoint has")
    for name in weight_map.values():
        _check_shard(file.path.parent, name)
    if len(set(weight_map.values())) > MOST_SHARDS:
        raise UserError(f"names more than {MOST_SHARDS:,} files, which no checkpoint has")
    return weight_map


def _check_shard(folder: Path, name: Any) -> None:
    plain = isinstance(name, str) and name.isprintable() and not set(name) & set("/\\:") and name not in ("", ".", "..")
    if not plain or len(name) > 255:
        raise UserError(f"names the file {one_sentence(repr(name), 60)}, which does not lie in its own folder")
    if not name.endswith(".safetensors"):
        raise UserError("names files that are not .safetensors; convert them, as pickled shards are not read")
    if (folder / name).is_symlink() and not _stays_near(folder, folder / name):
        raise UserError(f"names {one_sentence(name, 60)}, a link that leads out of its folder")


def _stays_near(folder: Path, link: Path) -> bool:
    """Links within the folder are fine, and so are those of a download cache, which keeps contents in ``blobs``."""
    target, home = link.resolve(), folder.resolve()
    return target.parent == home or (home.parent.name == "snapshots" and target.parent == home.parents[1] / "blobs")


def _index(file: Opened) -> dict[str, Any]:
    if file.size > MOST_INDEX:
        raise UserError(f"is an index of {file.size >> 20} MB, far more than one needs")
    try:
        found = json.loads(file.at(0, file.size))
    except (ValueError, RecursionError):
        raise UserError("is a damaged index; get it again") from None
    return found if isinstance(found, dict) else {}
