"""A graph of a few operators, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.engine.networks import onnx_file
from mpt_studio.engine.recognise.onnx import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

S = 16


NAMES = ("dog", "bee", "cat")


PLAIN = Preprocessing(image_size=S, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


class Tiny(nn.Module):
    """The network that the graphs below compute."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.convolution = nn.Conv2d(3, 4, 3, stride=4)
        self.head = nn.Linear(4, len(NAMES))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolution(images).relu().mean(dim=(2, 3)))


def tiny_graph(
    *, batch: int | str = "N", layout: str = "NCHW", softmax: bool = False, end: str = "Softmax",
    half: bool = False, size: int | str = S,
    metadata: dict[str, str] | None = None, network: Tiny | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """``Tiny`` written by hand, operator by operator."""
    dtype = np.float16 if half else np.float32
    weights = {name: value.detach().numpy().astype(dtype) for name, value in (network or Tiny()).state_dict().items()}
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    shape = [batch, 3, size, size] if layout == "NCHW" else [batch, size, size, 3]
    first = [helper.make_node("Transpose", ["images"], ["x"], perm=[0, 3, 1, 2])] if layout == "NHWC" else []
    nodes = [
        *first,
        helper.make_node("Conv", ["x" if first else "images", "convolution.weight", "convolution.bias"], ["a"],
                         strides=[4, 4]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "head.weight", "head.bias"], ["e" if softmax else "logits"], transB=1),
        *([helper.make_node(end, ["e"], ["logits"])] if softmax else []),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("logits", kind, [batch, len(NAMES)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="hand")
    helper.set_model_props(model, metadata or {})
    return model


CHOSEN = Choices(class_names=NAMES, preprocessing=PLAIN)


def normalised(path: Path, choices: Choices = CHOSEN) -> Checkpoint:
    reading = describe(path, choices)
    assert reading.checkpoint is not None
    target = path.with_name("version.onnx")
    onnx_file.normalise(path, target, reading.checkpoint)
    return read_checkpoint(target)


def refused(path: Path, choices: Choices = CHOSEN) -> str:
    with pytest.raises(UserError) as error:
        describe(path, choices)
    sentence = str(error.value)
    assert len(sentence) <= 200
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence
