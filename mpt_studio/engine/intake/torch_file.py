"""Files of ``torch.save`` and ``torch.jit.save``: their pickle as inert objects, and where each storage's bytes lie."""

from __future__ import annotations

import struct
import sys

from mpt_studio.engine.intake.archive import ZipEntry, read_archive
from mpt_studio.engine.intake.globals import WEIGHTS_ONLY
from mpt_studio.engine.intake.inert import ITEM_BYTES, Storage
from mpt_studio.engine.intake.parsed import ByteOrder, Parsed, Place
from mpt_studio.engine.intake.rebuild import TorchRules, is_plain
from mpt_studio.errors import UserError
from mpt_studio.files.opened import Opened
from mpt_studio.files.pickle_machine import Damaged, Scan, interpret

MOST_PICKLE = 128 << 20
_AGAIN = "copy or download it again"
_RESAVE = "load it where it was made and save model.state_dict() with torch.save"


def parse_zip(file: Opened) -> Parsed:
    """A zip of torch. Raises ``UserError`` for other zips."""
    entries = read_archive(file)
    tops = {name.partition("/")[0] for name in entries}
    inner = {name.partition("/")[2]: entry for name, entry in entries.items()}
    _refuse_other_zips(entries, inner)
    if len(tops) != 1 or len(inner) != len(entries):
        raise UserError("is a zip archive, but not a checkpoint; unpack it and open what is inside")
    data = inner["data.pkl"]
    if data.size > MOST_PICKLE:
        raise UserError(f"describes its tensors in {data.size >> 20} MB, far more than a checkpoint needs")
    script = "constants.pkl" in inner or any(name.startswith("code/") for name in inner)
    rules = TorchRules()
    scan = _interpreted(file, data.start, data.start + data.size, rules)
    if scan.end != data.start + data.size:
        raise UserError(f"is damaged: something follows its description; {_AGAIN}")
    places = {}
    for key, storage in rules.storages.items():
        entry = inner.get(f"data/{key}")
        places[key] = _place(storage, entry)
    plain = is_plain(scan) and scan.names <= WEIGHTS_ONLY and not script
    container = (
        "TorchScript" if script else "PyTorch zip" if plain else "pickled module" if _is_module(scan) else "PyTorch zip"
    )
    return Parsed(scan.value, container, plain, _byte_order(file, inner.get("byteorder")), (file.path,), places)


def _is_module(scan: Scan) -> bool:
    return any(name.startswith("torch.nn.modules.") for name in scan.names)


def _place(storage: Storage, entry: ZipEntry | None) -> Place:
    if entry is None or entry.method:
        raise UserError(f"is damaged: the numbers of a tensor are missing; {_AGAIN}")
    if entry.size != storage.count * ITEM_BYTES[storage.dtype]:
        raise UserError("announces a tensor of another size than its data; it is damaged or made to deceive")
    return Place(0, entry.start, entry.size)


def _byte_order(file: Opened, entry: ZipEntry | None) -> ByteOrder:
    text = file.at(entry.start, min(entry.size, 16)) if entry else b"little"
    if text not in (b"little", b"big"):
        raise UserError(f"is damaged: its byte order is unknown; {_AGAIN}")
    return "little" if text == b"little" else "big"


def _refuse_other_zips(entries: dict[str, ZipEntry], inner: dict[str, ZipEntry]) -> None:
    names = set(entries)
    if any("extern_modules" in name for name in names):
        raise UserError(f"is a torch.package, which can run code when it is loaded; {_RESAVE}")
    exported = (
        "serialized_exported_program.json",
        "archive_format",
        "models/model.json",
        "data/weights/model_weights_config.json",
    )
    if any(name.endswith(exported) for name in names) or "serialized_state_dict.pt" in names:
        raise UserError(
            "is a .pt2 of torch.export, which can run code when it is loaded; save its state_dict where it was made"
        )
    if "model.weights.h5" in names or {"config.json", "metadata.json"} <= names:
        raise UserError("is a Keras file; export the model as ONNX with tf2onnx, and open that")
    if all(name.endswith(".npy") for name in names):
        raise UserError("is a NumPy .npz; save the weights as .safetensors, or open it as predictions")
    if "data.pkl" not in inner:
        raise UserError("is a zip archive, but not a checkpoint; unpack it and open what is inside")


def parse_legacy(file: Opened) -> Parsed:
    """The format before torch 1.6: five pickles, then every storage's length and bytes."""
    at, scans, rules = 0, [], [TorchRules() for _ in range(5)]
    for of_one in rules:
        scans.append(_interpreted(file, at, file.size, of_one))
        at = scans[-1].end
    _, _, system, scan, keys = scans
    storages = rules[3].storages
    order: ByteOrder = "little"
    if isinstance(system.value, dict) and system.value.get("little_endian") is False:
        order = "big"
    if not isinstance(keys.value, list) or not all(isinstance(key, str) for key in keys.value):
        raise UserError(f"is damaged: its list of storages cannot be read; {_AGAIN}")
    if len(set(keys.value)) != len(keys.value) or set(keys.value) != set(storages):
        raise UserError(f"is damaged: its list of storages does not fit; {_AGAIN}")
    places = _legacy_places(file, at, [storages[key] for key in keys.value], order)
    plain = scan.names <= WEIGHTS_ONLY and all(is_plain(s) for s in scans) and order == sys.byteorder
    kind = "PyTorch legacy" if plain or not _is_module(scan) else "pickled module"
    return Parsed(scan.value, kind, plain, order, (file.path,), places)


def _legacy_places(file: Opened, at: int, storages: list[Storage], order: str) -> dict[str, Place]:
    places = {}
    for storage in storages:
        raw = file.at(at, 8)
        if len(raw) < 8 or struct.unpack("<q" if order == "little" else ">q", raw)[0] != storage.count:
            raise UserError("announces a tensor of another size than its data; it is damaged or made to deceive")
        length = storage.count * ITEM_BYTES[storage.dtype]
        places[storage.key] = Place(0, at + 8, length)
        at += 8 + length
        if at > file.size:
            raise UserError(f"is cut short; {_AGAIN}")
    if at != file.size:
        raise UserError(f"is damaged: something follows its last tensor; {_AGAIN}")
    return places


def _interpreted(file: Opened, start: int, end: int, rules: TorchRules) -> Scan:
    try:
        return interpret(file.data[:end], rules, start)
    except Damaged as error:
        raise UserError(f"is damaged: its description cannot be read ({error}); {_AGAIN}") from None
