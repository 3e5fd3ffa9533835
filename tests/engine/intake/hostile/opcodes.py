"""Pickles that hide what they name, or that use opcodes which no checkpoint needs."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

from hostile import pickle_code as code
from hostile.case import Canary, Hostile, file
from hostile.pickle_code import Code, call, named, value, whole

GROUP = "opcodes"


def cases() -> list[Hostile]:
    made = [_obeying(name, build) for name, build in OBEYING.items()]
    made += [_obeying(f"{name} (zip)", build, code.zipped) for name, build in OBEYING.items()]
    return made + [file(GROUP, f"{name} (zip)", code.zipped(content)) for name, content in _fixed().items()]


def _obeying(name: str, build: Callable[[Canary], bytes], wrap: Callable[[bytes], bytes] = bytes) -> Hostile:
    """A case whose pickle, were it obeyed, would disturb the canary."""

    def write(folder: Path, canary: Canary) -> Path:
        path = folder / f"{name.replace('/', '_')}.pth"
        path.write_bytes(wrap(build(canary)))
        return path

    return Hostile(GROUP, name, write)


def _memo_pieces(canary: Canary) -> bytes:
    """STACK_GLOBAL whose two names are fetched from the memo, where harmless values were put over them before."""
    pieces = (
        value("collections", 4)
        + b"\x94"
        + b"0"
        + value("os", 4)
        + b"q\x00"
        + b"0"
        + value("system", 4)
        + b"q\x01"
        + b"0"
    )
    return whole(Code(pieces + b"h\x00h\x01\x93" + value((canary.shell,), 4) + b"R"), 4)


def _inst(canary: Canary) -> bytes:
    return whole(b"(" + value(canary.shell, 0) + b"ios\nsystem\n", 0)


def _obj(canary: Canary) -> bytes:
    return whole(b"(" + named("os", "system", 1) + value(canary.shell, 1) + b"o", 1)


def _newobj(canary: Canary) -> bytes:
    return whole(named("subprocess", "Popen", 2) + value((canary.argv,), 2) + b"\x81", 2)


def _newobj_ex(canary: Canary) -> bytes:
    return whole(named("subprocess", "Popen", 4) + value((), 4) + value({"args": canary.argv}, 4) + b"\x92", 4)


def _build_setstate(canary: Canary) -> bytes:
    """BUILD calls what was put in as the object's own __setstate__."""
    plain = call("torch.nn.modules.linear", "Identity", (), 2)
    state = Code(plain + value({"__setstate__": named("os", "system", 2)}, 2) + b"b")
    return whole(state + value(canary.shell, 2) + b"b", 2)


def _build_on_class(canary: Canary) -> bytes:
    """BUILD on a class that is admitted, giving it a method from elsewhere."""
    changed = named("collections", "OrderedDict", 2) + value({"__reduce__": named("os", "system", 2)}, 2) + b"b"
    return whole(changed + b"0" + call("os", "system", (canary.shell,), 2), 2)


def _dotted(module: str, path: str) -> Callable[[Canary], bytes]:
    """A name with dots leads from an admitted module to another one."""
    return lambda canary: whole(call(module, path, (canary.shell,), 4), 4)


def _hooks(canary: Canary) -> bytes:
    harm = call("os", "system", (canary.shell,), 2)
    return whole(value({"a": code.tensor(code.storage("0", 4), (2, 2), (2, 1), hooks=harm)}, 2), 2)


def _from_type(canary: Canary) -> bytes:
    """A function that torch's own safe unpickler admits and that calls what it is given."""
    arguments = (named("os", "system", 2), named("torch", "Tensor", 2), (canary.shell,), {})
    return whole(call("torch._tensor", "_rebuild_from_type_v2", arguments, 2), 2)


def _second_pickle(canary: Canary) -> bytes:
    return pickle.dumps({"epoch": 3}, 2) + whole(call("os", "system", (canary.shell,), 2), 2)


def _in_storage_type(canary: Canary) -> bytes:
    identity = ("storage", call("os", "system", (canary.shell,), 2), "0", "cpu", 4)
    return whole(value({"a": code.tensor(Code(value(identity, 2) + b"Q"), (2, 2), (2, 1))}, 2), 2)


def _as_key(canary: Canary) -> bytes:
    return whole(b"(" + call("os", "system", (canary.shell,), 2) + value(1, 2) + b"d", 2)


def _dead_branch(canary: Canary) -> bytes:
    """The harmful value is thrown away before the file ends; it would have run all the same."""
    return whole(call("os", "system", (canary.shell,), 2) + b"0" + value(dict(code.weights()), 2), 2)


def _default_factory(canary: Canary) -> bytes:
    return whole(call("collections", "defaultdict", (call("os", "system", (canary.shell,), 2),), 2), 2)


OBEYING: dict[str, Callable[[Canary], bytes]] = {
    "INST": _inst,
    "OBJ": _obj,
    "NEWOBJ": _newobj,
    "NEWOBJ_EX": _newobj_ex,
    "BUILD with __setstate__": _build_setstate,
    "BUILD on a class": _build_on_class,
    "STACK_GLOBAL from memo": _memo_pieces,
    "dots through torch": _dotted("torch", "os.system"),
    "dots through torch.serialization": _dotted("torch.serialization", "os.system"),
    "dots through torch._utils": _dotted("torch._utils", "sys.modules.get"),
    "dots through collections": _dotted("collections", "_sys.exit"),
    "dots through numpy": _dotted("numpy", "testing._private.utils.runstring"),
    "hooks of a tensor": _hooks,
    "_rebuild_from_type_v2": _from_type,
    "a second pickle": _second_pickle,
    "type of a storage": _in_storage_type,
    "a key": _as_key,
    "thrown away": _dead_branch,
    "defaultdict": _default_factory,
}


def _fixed() -> dict[str, bytes]:
    """Pickles that are malformed in themselves."""
    return {
        "EXT1": whole(b"\x82\x01)R", 2),
        "EXT2": whole(b"\x83\x01\x00)R", 2),
        "EXT4": whole(b"\x84\x01\x00\x00\x00)R", 2),
        "EXT1 code 0": whole(b"\x82\x00", 2),
        "PERSID": whole(b"P0; import os\n", 0),
        "BINPERSID of a list": whole(value(["storage"], 2) + b"Q", 2),
        "BINPERSID of text": whole(value("storage", 2) + b"Q", 2),
        "BINPERSID, module": whole(value(("module", named("torch", "Tensor", 2), "x.py", "import os"), 2) + b"Q", 2),
        "NEXT_BUFFER": whole(b"\x97", 5),
        "READONLY_BUFFER": whole(value([], 5) + b"\x98", 5),
        "protocol 6": b"\x80\x06N.",
        "protocol 255": b"\x80\xffN.",
        "no STOP": b"\x80\x02]",
        "STOP alone": b"\x80\x02.",
        "stack underflow": b"\x80\x02R.",
        "MARK alone": b"\x80\x02(t(.",
        "POP too much": b"\x80\x020000.",
        "memo never put": b"\x80\x02h\x07.",
        "unknown opcode": b"\x80\x02\xff.",
        "APPEND to a number": b"\x80\x02K\x01K\x02a.",
        "SETITEM on text": whole(value("x", 2) + value("a", 2) + value("b", 2) + b"s", 2),
        "list as key": whole(b"(" + value([], 2) + value(1, 2) + b"d", 2),
        "global without a name": whole(b"c\n\n", 2),
        "global with a zero byte": whole(b"cos\x00\nsystem\n", 2),
        "STACK_GLOBAL of numbers": whole(value(1, 4) + value(2, 4) + b"\x93", 4),
        "surrogates": whole(b"X\x03\x00\x00\x00\xed\xa0\x80", 2),
        "text that is no UTF-8": whole(b"X\x02\x00\x00\x00\xff\xfe", 2),
        "LONG1 of 255 bytes": whole(b"\x8a\xff" + b"\x7f" * 255, 2),
        "number that is none": whole(b"Ione\n", 0),
        "number of 6,000 digits": whole(b"L" + b"9" * 6000 + b"L\n", 0),
        "string without quotes": whole(b"Sabc\n", 0),
        "STRING with escapes": whole(b"S'\\x1b[31m\\u0000'\n", 0),
        "FRAME in FRAME": b"\x80\x04\x95" + struct.pack("<Q", 20) + b"\x95" + struct.pack("<Q", 9) + b"N" * 9 + b".",
        "a number": pickle.dumps(7, 2),
        "None": pickle.dumps(None, 2),
        "a list of text": pickle.dumps(["fc.weight"], 2),
        "no tensors": pickle.dumps({"state_dict": {}, "epoch": 7}, 2),
        "keys that are numbers": whole(value({7: next(iter(code.weights().values()))}, 2), 2),
    }
