"""Files that are no weights, weights of other programs, things that are no files, and names that lead elsewhere."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import socket
import zlib
from collections.abc import Callable
from pathlib import Path

from hostile import pickle_code as code
from hostile.case import Canary, Hostile, file
from hostile.headers import BODY, entry, one
from hostile.pickle_code import call, value, weights, whole
from hostile.zips import Entry, assemble, harm, sound

GROUP = "look-alike"


def cases() -> list[Hostile]:
    made = [file(GROUP, name, content, suffix) for name, (content, suffix) in CONTENTS.items()]
    made += [Hostile("no file", name, write) for name, write in NO_FILES.items()]
    made += [Hostile("leads elsewhere", name, write) for name, write in ELSEWHERE.items()]
    return made + [Hostile("odd names", name, write) for name, write in ODD_NAMES.items()]


LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 46830571\n"
)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"

CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ".pth"),
    "empty safetensors": (b"", ".safetensors"),
    "one byte": (b"\x80", ".pth"),
    "zeros": (b"\0" * 4096, ".pth"),
    "zeros safetensors": (b"\0" * 4096, ".safetensors"),
    "HTML": (b"<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>", ".pth"),
    "HTML after blanks": (b"\n\n  <html><body>Sign in</body></html>", ".safetensors"),
    "error as JSON": (b'{"error": "Repository not found"}', ".safetensors"),
    "LFS pointer": (LFS, ".pth"),
    "LFS pointer safetensors": (LFS, ".safetensors"),
    "PNG": (PNG, ".pth"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 100, ".ckpt"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 100, ".bin"),
    "text": ("Gewichte für das Modell\n".encode() * 9, ".pt"),
    "program": (b"\x7fELF\x02\x01\x01" + b"\0" * 500, ".bin"),
    "script": (b"#!/bin/sh\nexit 0\n", ".pth"),
    "sqlite": (b"SQLite format 3\0" + b"\0" * 500, ".pth"),
    "gzip of a pickle": (gzip.compress(pickle.dumps({"a": 1})), ".pth"),
    "joblib, compressed": (zlib.compress(pickle.dumps({"a": 1})), ".joblib"),
    "joblib": (whole(call("joblib.numpy_pickle", "NumpyArrayWrapper", (), 2), 2), ".joblib"),
    "HDF5 (Keras)": (b"\x89HDF\r\n\x1a\n" + b"\0" * 500, ".h5"),
    "numpy array": (
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128),
        ".npy",
    ),
    "TensorFlow": (b"\x0a\x0bsaved_model" + b"\0" * 100, ".pb"),
    "GGUF": (b"GGUF\x03\0\0\0" + b"\0" * 100, ".bin"),
    "Keras 3": (
        assemble(
            [
                Entry("metadata.json", b"{}"),
                Entry("config.json", b'{"class_name":"Lambda"}'),
                Entry("model.weights.h5", b"x"),
            ]
        ),
        ".keras",
    ),
    "exported program": (
        assemble([Entry("archive_format", b"pt2"), Entry("version", b"3"), Entry("models/model.json", b"{}")]),
        ".pt2",
    ),
    "exported program, old": (
        assemble([Entry("version", b"6"), Entry("serialized_exported_program.json", b"{}")]),
        ".pt2",
    ),
    "AOTInductor": (
        assemble([Entry("m/archive_format", b"pt2"), Entry("m/data/aotinductor/model/x.so", b"\x7fELF")]),
        ".pt2",
    ),
    "torch.package": (
        assemble(
            [Entry("p/.data/version", b"6"), Entry("p/.data/extern_modules", b"os\n"), Entry("p/model/model.pkl", b"x")]
        ),
        ".pt",
    ),
    "ONNX cut short": (b"\x08\x07\x12\x07pytorch\x1a\x032.1", ".onnx"),
    "ONNX of noise": (b"\x08\x07" + bytes(range(256)) * 4, ".onnx"),
}


def _harmful_package(folder: Path, canary: Canary) -> Path:
    """A torch.package whose module runs when it is imported."""
    path = folder / "package.pt"
    module, pickled = canary.python.encode(), whole(call("own", "Model", (), 2), 2)
    names = {
        "p/.data/version": b"6",
        "p/.data/extern_modules": b"os\n",
        "p/own.py": module,
        "p/model/model.pkl": pickled,
    }
    path.write_bytes(assemble([Entry(name, content) for name, content in names.items()]))
    return path


def _module_with_source(folder: Path, canary: Canary) -> Path:
    """A pickled module whose source lies beside it and would run on import."""
    (folder / "mine.py").write_text(canary.python)
    path = folder / "module.pth"
    path.write_bytes(code.zipped(whole(call("mine", "Model", (), 2), 2)))
    return path


def _folder(folder: Path, canary: Canary) -> Path:
    path = folder / "a folder.pth"
    path.mkdir()
    return path


def _fifo(folder: Path, canary: Canary) -> Path:
    path = folder / "fifo.pth"
    os.mkfifo(path)
    return path


def _socket(folder: Path, canary: Canary) -> Path:
    path = folder / "s.pth"
    here = os.getcwd()
    os.chdir(folder)  # a socket's path may have only 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
    return path


def _linked(target: str) -> Callable[[Path, Canary], Path]:
    def write(folder: Path, canary: Canary) -> Path:
        path = folder / "link.pth"
        path.symlink_to(target)
        return path

    return write


NO_FILES: dict[str, Callable[[Path, Canary], Path]] = {
    "folder": _folder,
    "FIFO": _fifo,
    "socket": _socket,
    "link to a device": _linked("/dev/zero"),
    "link to a terminal": _linked("/dev/tty"),
    "link to itself": _linked("link.pth"),
    "link to nothing": _linked("nothing.pth"),
    "missing": lambda folder, canary: folder / "missing.pth",
    "name too long": lambda folder, canary: folder / ("x" * 300 + ".pth"),
    "name with a zero byte": lambda folder, canary: folder / "a\0b.pth",
    "below a file": lambda folder, canary: canary.stays / "x.pth",
}


def _sharded(
    shards: dict[str, str], prepare: Callable[[Path, Canary], None] | None = None
) -> Callable[[Path, Canary], Path]:
    """A folder with an index that names the shards; one sound shard lies outside of it."""

    def write(folder: Path, canary: Canary) -> Path:
        (folder / "outside.safetensors").write_bytes(one(a=entry()))
        inside = folder / "model"
        inside.mkdir()
        if prepare:
            prepare(inside, canary)
        named = {name: shard.replace("FOLDER", str(folder)) for name, shard in shards.items()}
        path = inside / "model.safetensors.index.json"
        path.write_text(json.dumps({"metadata": {"total_size": 16}, "weight_map": named}))
        return path

    return write


def _index(content: str) -> Callable[[Path, Canary], Path]:
    def write(folder: Path, canary: Canary) -> Path:
        path = folder / "model.safetensors.index.json"
        path.write_text(content)
        return path

    return write


def _link_outside(inside: Path, canary: Canary) -> None:
    (inside / "a.safetensors").symlink_to(inside.parent / "outside.safetensors")


def _fifo_shard(inside: Path, canary: Canary) -> None:
    os.mkfifo(inside / "a.safetensors")


def _pickle_shard(inside: Path, canary: Canary) -> None:
    (inside / "a.safetensors").write_bytes(code.zipped(harm(canary)))


def _shard_of(**tensors: object) -> Callable[[Path, Canary], None]:
    return lambda inside, canary: (inside / "a.safetensors").write_bytes(one(**tensors)) and None


def _onnx_outside(place: str) -> Callable[[Path, Canary], Path]:
    """An ONNX graph whose weights lie in another file."""

    def write(folder: Path, canary: Canary) -> Path:
        import onnx
        from onnx import TensorProto, helper

        (folder / "weights.bin").write_bytes(BODY)
        raw = helper.make_tensor("w", TensorProto.FLOAT, [4], [1.0, 2, 3, 4])
        raw.ClearField("float_data")
        raw.data_location = TensorProto.EXTERNAL
        for key, text in (("location", place.replace("FOLDER", str(folder))), ("length", "16")):
            raw.external_data.add(key=key, value=text)
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
        graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [raw])
        (folder / "model").mkdir()
        path = folder / "model" / "graph.onnx"
        onnx.save(helper.make_model(graph), str(path))
        return path

    return write


ELSEWHERE: dict[str, Callable[[Path, Canary], Path]] = {
    "a package that runs": _harmful_package,
    "a module with its source": _module_with_source,
    "shard above": _sharded({"a": "../outside.safetensors"}),
    "shard by absolute path": _sharded({"a": "FOLDER/outside.safetensors"}),
    "shard in a folder below": _sharded({"a": "x/../../outside.safetensors"}),
    "shard with backslashes": _sharded({"a": "..\\outside.safetensors"}),
    "shard that is a link": _sharded({"a": "a.safetensors"}, _link_outside),
    "shard that is missing": _sharded({"a": "a.safetensors"}),
    "shard that is a FIFO": _sharded({"a": "a.safetensors"}, _fifo_shard),
    "shard that is a pickle": _sharded({"a": "a.safetensors"}, _pickle_shard),
    "shard that is the index": _sharded({"a": "model.safetensors.index.json"}),
    "shard with an empty name": _sharded({"a": ""}),
    "shard with a zero byte": _sharded({"a": "a\0.safetensors"}),
    "shard that lacks the tensor": _sharded({"a": "a.safetensors"}, _shard_of(b=entry())),
    "shard with one more tensor": _sharded(
        {"a": "a.safetensors"}, _shard_of(a=entry((2,), (0, 8)), b=entry((2,), (8, 16)))
    ),
    "100,000 shards": _sharded({str(i): f"{i}.safetensors" for i in range(100_000)}),
    "index that is no JSON": _index("{"),
    "index that is a list": _index("[]"),
    "index without a map": _index('{"metadata": {}}'),
    "index whose map is a list": _index('{"weight_map": ["a"]}'),
    "index whose shards are numbers": _index('{"weight_map": {"a": 7}}'),
    "index that is empty": _index('{"weight_map": {}}'),
    "index nested deeply": _index('{"weight_map":' * 100_000),
    "ONNX data above": _onnx_outside("../weights.bin"),
    "ONNX data by absolute path": _onnx_outside("FOLDER/weights.bin"),
    "ONNX data beside": _onnx_outside("weights.bin"),
    "ONNX data from a device": _onnx_outside("/dev/zero"),
}


def _named(file_name: str | bytes, content: bytes) -> Callable[[Path, Canary], Path]:
    def write(folder: Path, canary: Canary) -> Path:
        path = folder / os.fsdecode(file_name)
        path.write_bytes(content)
        return path

    return write


def _tensor_named(name: str) -> Callable[[Path, Canary], Path]:
    """Sound but for the tensor's name, and too short by one number, so that the name has a chance to be told."""
    return _named(
        "tensor.pth",
        assemble(sound(pickle={"content": whole(value(weights(name=name), 2), 2)}, record={"content": b"\0" * 12})),
    )


ODD_NAMES: dict[str, Callable[[Path, Canary], Path]] = {
    "escapes in the file's name": _named("\x1b[31mred\x1b[0m\x07\r\n.pth", b"x"),
    "bidirectional file name": _named("a\u202ehtp.pth", b"x"),
    "file name that is no UTF-8": _named(b"\xff\xfe.pth", b"x"),
    "a long file name": _named("n" * 250 + ".pth", b"x"),
    "HTML as file name": _named("<b>&amp;.pth", b"x"),
    "escapes in a tensor's name": _tensor_named("\x1b]0;title\x07\n\r\x00"),
    "a tensor's name of 1 MB": _tensor_named("n" * 1_000_000),
    "escapes in a global's name": _named("g.pth", whole(b"cos\x1b[31m\r\nsys\x07tem\n", 0)),
    "a global's name of 1 MB": _named("g.pth", whole(b"c" + b"m" * 1_000_000 + b"\nsystem\n", 0)),
    "escapes in safetensors": _named("s.safetensors", one(**{"\x1b[31m\n": entry((5,))})),
}
