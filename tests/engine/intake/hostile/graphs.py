"""ONNX graphs that classify images and, besides, ask for memory, for time, for other files or for other libraries."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.case import Canary, Hostile

GROUP = "ONNX"
Nodes = list[Any]


def cases() -> list[Hostile]:
    return [_case(name, more) for name, more in MORE.items()]


def endless() -> Hostile:
    """Sound in itself, and never done: only a clock can tell."""
    return _case("a loop of 2^62 turns", _time)


def _case(name: str, more: Callable[[Path], Nodes]) -> Hostile:
    def write(folder: Path, canary: Canary) -> Path:
        (folder / "secret.bin").write_bytes(struct.pack("<4f", 1, 2, 3, 4))
        (folder / "model").mkdir()
        path = folder / "model" / f"{name}.onnx"
        path.write_bytes(_classifier(more(folder)))
        return path

    return Hostile(GROUP, name, write)


def _classifier(more: Nodes) -> bytes:
    """Mean colour → four logits; the first output of the last of ``more`` is added to them, so that it is needed."""
    from onnx import TensorProto, helper

    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [3, 4], [0.1] * 12)
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["plain"]),
        *more,
        helper.make_node("Add", ["plain", more[-1].output[0]], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "g", [image], [logits], [weight])
    domains = {node.domain for node in nodes} - {""}
    imports = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    content: bytes = helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()
    return content


def _constant(name: str, kind: str, values: list[Any], shape: list[int]) -> Any:
    from onnx import TensorProto, helper

    tensor = helper.make_tensor(f"{name}_value", getattr(TensorProto, kind), shape, values)
    return helper.make_node("Constant", [], [name], value=tensor)


def _memory(folder: Path) -> Nodes:
    """400 GB of zeros, and their sum."""
    from onnx import helper

    return [
        _constant("size", "INT64", [100_000, 1_000_000], [2]),
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
    ]


def _doubling(folder: Path) -> Nodes:
    """A tensor put behind itself forty times."""
    from onnx import helper

    nodes = [_constant("t0", "FLOAT", [0.0], [1])]
    nodes += [helper.make_node("Concat", [f"t{i}", f"t{i}"], [f"t{i + 1}"], axis=0) for i in range(40)]
    return [*nodes, helper.make_node("ReduceSum", ["t40"], ["sum"], keepdims=0)]


def _time(folder: Path) -> Nodes:
    """A loop of 2^62 turns."""
    from onnx import TensorProto, helper

    ends = {"turn": (TensorProto.INT64, []), "go_in": (TensorProto.BOOL, []), "x_in": (TensorProto.FLOAT, [1])}
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in ends.items()]
    outputs = [
        helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x_out", TensorProto.FLOAT, [1]),
    ]
    turns = [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Sin", ["x_in"], ["x_out"])]
    body = helper.make_graph(turns, "body", inputs, outputs)
    start = [
        _constant("turns", "INT64", [1 << 62], []),
        _constant("go", "BOOL", [True], []),
        _constant("x", "FLOAT", [1.0], [1]),
    ]
    return [*start, helper.make_node("Loop", ["turns", "go", "x"], ["x_end"], body=body)]


def _hidden_file(folder: Path) -> Nodes:
    """Data in another file, named by a constant and not by a weight."""
    from onnx import TensorProto

    node = _constant("c", "FLOAT", [1.0, 2.0, 3.0, 4.0], [4])
    tensor = node.attribute[0].t
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", "../secret.bin"), ("length", "16")):
        tensor.external_data.add(key=key, value=text)
    return [node]


def _other_library(folder: Path) -> Nodes:
    from onnx import helper

    return [helper.make_node("PyOp", ["plain"], ["own"], domain="ai.onnx.contrib", module="os", compute="system")]


def _lying_shape(folder: Path) -> Nodes:
    """A constant of 10^12 numbers that holds four."""
    node = _constant("c", "FLOAT", [1.0, 2.0, 3.0, 4.0], [4])
    node.attribute[0].t.dims[0] = 10**12
    return [node]


MORE: dict[str, Callable[[Path], Nodes]] = {
    "400 GB of zeros": _memory,
    "a tensor that doubles": _doubling,
    "a constant from another file": _hidden_file,
    "an operator of another library": _other_library,
    "a shape that lies": _lying_shape,
}
