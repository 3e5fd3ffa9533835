"""What an ONNX file holds, and whether it may be run: checked before ONNX Runtime sees it.

An ONNX graph can name other files as the place of its tensors (and addresses in memory), and operators of libraries
that are not there. Both are refused wherever they hide: in nested graphs, functions, attributes, sparse tensors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mpt_studio.errors import UserError, one_sentence

LARGEST = (2 << 30) - 1
"""Bytes of one protobuf message."""
MOST_NODES = 500_000
MOST_CLASSES = 1_000_000
INSTALL = 'ONNX files need two more packages; install them with: pip install "mpt-studio[onnx]"'

ONE_OUTPUT = (
    "has a head with one output, as for a sigmoid; give it one for each of two classes: "
    "zero for the first, and its own weights for the second"
)
"""The end of a sentence about a version of any kind."""

Layout = Literal["NCHW", "NHWC"]
Pixels = Literal["float32", "float16", "uint8"]
"""What a graph takes; whole pixels are the images as they are, so preprocessing is inside."""

_STANDARD = ("", "ai.onnx", "ai.onnx.ml")
_LAYERS = """
    Attention BiasAdd BiasGelu BiasSoftmax DequantizeLinear DynamicQuantizeMatMul FastGelu FusedConv FusedGemm
    FusedMatMul FusedMatMulActivation Gelu GroupNorm LayerNormalization MatMulInteger16 MatMulIntegerToFloat
    MatMulNBits MultiHeadAttention NhwcConv NhwcFusedConv NhwcMaxPool QAttention QGemm QLinearAdd QLinearAveragePool
    QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid
    QLinearSoftmax QLinearWhere QuantizeLinear QuickGelu SimplifiedLayerNormalization SkipGroupNorm
    SkipLayerNormalization SkipSimplifiedLayerNormalization
"""
_RUNTIMES_OWN = frozenset(_LAYERS.split())
"""What ONNX Runtime's optimiser and quantiser write, in its domain com.microsoft; other operators there read files."""
_FLOAT, _FLOAT16 = 1, 10
_TAKEN: dict[int, Pixels] = {_FLOAT: "float32", _FLOAT16: "float16", 2: "uint8"}
_PASSING = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Dropout")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """An image classifier's graph: one image input, one output."""

    input: str
    takes: Pixels
    layout: Layout
    image_size: int
    """0 where the graph takes any."""
    batch: int
    """Images at once; 0 where the graph takes any number."""
    output: str
    ends_in: Literal["Softmax", "Sigmoid", ""]
    metadata: dict[str, str]
    nodes: int
    tensors: int
    parameters: int
    producer: str


def read_graph(content: bytes) -> Graph:
    """Check an ONNX file and say what it takes and gives.

    Raises ``UserError`` with the end of a sentence that begins with the file's name.
    """
    model = parsed(content)
    check_parts(model)
    _check_by_onnx(content)
    given = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in given]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        counts = f"{len(inputs)} inputs and {len(model.graph.output)} outputs"
        raise UserError(f"has {counts}; export it with one input, the images, and one output, the logits")
    layout, size, batch = _image_shape(inputs[0])
    return Graph(
        input=inputs[0].name,
        takes=_TAKEN[_kind(inputs[0], "input")],
        layout=layout,
        image_size=size,
        batch=batch,
        output=_checked_output(model.graph.output[0]),
        ends_in=_ends_in(model.graph),
        metadata=_metadata(model),
        nodes=len(model.graph.node),
        tensors=len(model.graph.initializer),
        parameters=sum(_numbers(tensor) for tensor in model.graph.initializer if tensor.data_type in (1, 10, 11, 16)),
        producer=one_sentence(f"{model.producer_name} {model.producer_version}", 60),
    )


def _metadata(model: Any) -> dict[str, str]:
    """Entries that are text; protobuf gives bytes for what is no UTF-8."""
    entries = ((entry.key, entry.value) for entry in model.metadata_props)
    return {key: value for key, value in entries if isinstance(key, str) and isinstance(value, str)}


def parsed(content: bytes) -> Any:
    """The file as onnx's ``ModelProto``."""
    if len(content) > LARGEST:
        raise UserError("is larger than the 2 GB that one ONNX file can be")
    onnx = needed("onnx")
    try:
        model = onnx.load_model_from_string(content)
    except MemoryError:
        raise
    except Exception:  # protobuf's own errors have no common base
        raise UserError("is a damaged or incomplete ONNX file; export or download it again") from None
    if not model.graph.node:
        raise UserError("holds an ONNX file without a graph")
    return model


def needed(name: Literal["onnx", "onnxruntime"]) -> Any:
    """An optional package. Raises ``UserError`` where it is not installed."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise UserError(f"cannot be read yet: {INSTALL}") from None


def check_parts(model: Any) -> None:
    """Refuse tensors that lie elsewhere, operators of unknown libraries, and more nodes than any network has."""
    own = {function.domain for function in model.functions}
    count = 0
    for graph in _graphs(model):
        for tensor in _tensors(graph):
            if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
                raise UserError("keeps its weights in other files, which are not read; save it as one file")
        for node in graph.node:
            count += 1
            if count > MOST_NODES:
                raise UserError(f"has more than {MOST_NODES:,} operators; no image classifier needs so many")
            _check_operator(node, own)


def _check_operator(node: Any, own: set[str]) -> None:
    runtimes_own = node.domain == "com.microsoft" and node.op_type in _RUNTIMES_OWN
    if node.domain not in _STANDARD and node.domain not in own and not runtimes_own:
        name = one_sentence(f"{node.domain}.{node.op_type}", 60)
        raise UserError(f"uses the operator {name}, which is not part of ONNX; export it without custom operators")


def _graphs(model: Any) -> Iterator[Any]:
    """The graph, the bodies of functions, and every graph inside a node, without recursion."""
    waiting = [model.graph, *model.functions]
    waiting += [part for info in model.training_info for part in (info.initialization, info.algorithm)]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that a graph or a function brings along."""
    for name in ("initializer", "sparse_initializer"):
        for tensor in getattr(graph, name, ()):
            yield from _dense(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from _dense(sparse)


def _dense(tensor: Any) -> Iterator[Any]:
    is_sparse = hasattr(tensor, "indices")
    yield from (tensor.values, tensor.indices) if is_sparse else (tensor,)


def _check_by_onnx(content: bytes) -> None:
    onnx = needed("onnx")
    try:
        onnx.checker.check_model(content)
    except MemoryError:
        raise
    except Exception as error:
        reason = one_sentence(str(error).split("==>")[0], 90)
        raise UserError(f"is no valid ONNX file ({reason}); export it again") from None


def _image_shape(value: Any) -> tuple[Layout, int, int]:
    """Layout, side and batch of the input; 0 where the graph leaves it open."""
    if _kind(value, "input") not in _TAKEN:
        raise UserError("takes neither floating-point images nor whole pixels; export it with a float32 or uint8 input")
    sides = [max(0, dimension.dim_value) for dimension in value.type.tensor_type.shape.dim]  # -1 stands for any
    if len(sides) != 4:
        raise UserError(f"takes an input of {len(sides)} dimensions; image classifiers take (N, 3, S, S)")
    layout: Layout = "NHWC" if sides[3] == 3 and sides[1] != 3 else "NCHW"
    channels, height, width = (sides[3], *sides[1:3]) if layout == "NHWC" else (sides[1], *sides[2:])
    if channels not in (0, 3):
        raise UserError(f"takes images of {channels} channels; only colour images of 3 can be given to it")
    if height != width:
        raise UserError(f"takes images of {height} × {width} pixels; only square ones can be given to it")
    return layout, height, sides[0]


def _checked_output(value: Any) -> str:
    if _kind(value, "output") not in (_FLOAT, _FLOAT16):
        raise UserError("gives no floating-point logits; export it with the logits as its output")
    name: str = value.name
    return name


def _kind(value: Any, which: str) -> int:
    if not value.type.HasField("tensor_type"):
        raise UserError(f"has an {which} that is no tensor; export it with images in and logits out")
    kind: int = value.type.tensor_type.elem_type
    return kind


def _ends_in(graph: Any) -> Literal["Softmax", "Sigmoid", ""]:
    """What makes probabilities of the logits at the end, maybe behind operators that change no number."""
    maker = {name: node for node in graph.node for name in node.output}
    wanted = graph.output[0].name
    for _ in range(8):
        node = maker.get(wanted)
        if node is None or not node.input or node.op_type not in _PASSING:
            break
        wanted = node.input[0]
    node = maker.get(wanted)
    if node is None or node.op_type not in ("Softmax", "Sigmoid"):
        return ""
    return "Softmax" if node.op_type == "Softmax" else "Sigmoid"


def _numbers(tensor: Any) -> int:
    count = 1
    for side in tensor.dims:
        count *= side
    return max(0, min(count, 1 << 62))


def with_offset(content: bytes, offset: tuple[float, ...]) -> bytes:
    """The graph with an offset subtracted from each logit; one that ends in softmax or sigmoid does so again."""
    model, onnx = parsed(content), needed("onnx")
    graph = read_graph(content)
    kind = model.graph.output[0].type.tensor_type.elem_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
    fresh = [
        _unused(model.graph, name) for name in ("rows", "flat", "logs", "offset", "less", "decided", "one", "rest")
    ]
    rows, flat, logs, less_by, less, decided, one, rest = fresh
    model.graph.initializer.extend(
        [
            onnx.numpy_helper.from_array(np.array([0, -1], np.int64), rows),
            onnx.numpy_helper.from_array(np.array(offset).astype(dtype), less_by),
            onnx.numpy_helper.from_array(np.ones(1, dtype), one),
        ]
    )
    make = onnx.helper.make_node
    nodes = [make("Reshape", [graph.output, rows], [flat])]
    if graph.ends_in:
        odds = [make("Sub", [one, flat], [rest]), make("Div", [flat, rest], [f"{rest}_odds"])]
        is_softmax = graph.ends_in == "Softmax"
        nodes += [
            *([] if is_softmax else odds),
            make("Log", [flat if is_softmax else f"{rest}_odds"], [logs]),
            make("Sub", [logs, less_by], [less]),
            make(graph.ends_in, [less], [decided], **({"axis": -1} if is_softmax else {})),
        ]
    else:
        nodes += [make("Sub", [flat, less_by], [decided])]
    model.graph.node.extend(nodes)
    before = model.graph.output[0].type.tensor_type.shape.dim
    batch = (before[0].dim_param or before[0].dim_value or None) if before else None
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info(decided, kind, [batch, len(offset)]))
    found: bytes = model.SerializeToString()
    return found


def _unused(graph: Any, name: str) -> str:
    taken = {given for node in graph.node for given in (*node.input, *node.output)}
    taken |= {tensor.name for tensor in graph.initializer}
    return next(made for i in itertools.count() if (made := f"{name}_{i}") not in taken)
