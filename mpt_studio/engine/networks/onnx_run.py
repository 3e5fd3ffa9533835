"""An ONNX graph and ONNX Runtime, in NumPy: in the limited processes only (``onnx_child``, ``recognise.onnx``).

Shape letters: B batch, C classes, S side of the square images in pixels.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.engine.networks.onnx_graph import Graph, needed
from mpt_studio.errors import UserError, one_sentence

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
SMALLEST = np.float32(1e-37)
"""Probabilities are not taken as less before the logarithm: float32 ends there."""
NEAREST = np.float32(1e-7)
"""Nor are sigmoids taken as nearer to 0 or 1 than this."""
PIXELS_AT_ONCE, LEAST_AT_ONCE = 512 * 32 * 32, 8
"""Images that a graph is given at once, whatever is asked: so its memory does not depend on who asks."""


class OnnxRun:
    """(B, 3, S, S) float32 → (B, C) float32 logits.

    Sigmoids become their logits, probabilities of a softmax their logarithm, which differs from the logits by one
    number per image: margins, softmax and answers are the same. Raises ``UserError`` (the end of a sentence) where
    ONNX Runtime refuses the graph.
    """

    def __init__(self, content: bytes, graph: Graph, *, threads: int = 1, gpu: bool = False, most: int = 0) -> None:
        self.graph = graph
        self._most = most
        self._session = session(content, threads, gpu=gpu)

    def logits(self, images: Floats) -> Floats:
        found: Floats = np.concatenate(self._in_steps(self._taken(images))).astype(np.float32)
        if self.graph.ends_in == "Sigmoid":
            share = np.clip(found, NEAREST, 1 - NEAREST)
            found = np.log(share / (1 - share))
            return found
        return np.log(np.maximum(found, SMALLEST)) if self.graph.ends_in == "Softmax" else found

    def seconds(self, images: int, side: int) -> float:
        """How long the graph takes for images that lie there as it takes them."""
        shades = np.linspace(0, 1, 1021, dtype=np.float32)  # the process imports no generator of noise any more
        pixels = self._taken(np.resize(shades, (images, 3, side, side)))
        begin = time.perf_counter()
        self._in_steps(pixels)
        return time.perf_counter() - begin

    def _taken(self, images: Floats) -> Array:
        """In the numbers and the layout that the graph takes; whole pixels were divided by 255."""
        pixels: Array = images
        if self.graph.takes == "uint8":
            pixels = np.clip(np.rint(images * np.float32(255)), 0, 255).astype(np.uint8)
        elif self.graph.takes == "float16":
            pixels = images.astype(np.float16)
        return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)) if self.graph.layout == "NHWC" else pixels

    def _in_steps(self, pixels: Array) -> list[Array]:
        step = self.graph.batch or at_once(_side(pixels), self._most)
        return [self._answers(pixels[i : i + step]) for i in range(0, len(pixels), step)]

    def _answers(self, images: Array) -> Array:
        """One row per image; a graph that takes a fixed number of images gets black ones for those that lack."""
        lacking = max(0, self.graph.batch - len(images))
        filled = np.concatenate([images, np.zeros((lacking, *images.shape[1:]), images.dtype)]) if lacking else images
        try:
            answer = np.asarray(self._session.run([self.graph.output], {self.graph.input: filled})[0])
        except MemoryError:
            raise
        except Exception as error:  # ONNX Runtime's errors have no common base
            raise UserError(_why_not(error, _side(images))) from None
        if answer.ndim < 2 or len(answer) != len(filled) or answer.size != answer.shape[0] * answer.shape[1]:
            raise UserError(f"gives an output of shape {answer.shape} for {len(filled)} images; logits are (N, C)")
        return answer.reshape(answer.shape[:2])[: len(images)]


def at_once(side: int, most: int = 0) -> int:
    return max(most, LEAST_AT_ONCE, PIXELS_AT_ONCE // side**2)


def _why_not(error: Exception, side: int) -> str:
    if "allocate memory" in str(error) or "bad_alloc" in str(error):
        return f"asks for too much memory on images of {side} pixels; it was not run"
    reason = one_sentence(str(error).rsplit(":", 1)[-1], 60)
    return f"cannot be run by ONNX Runtime on images of {side} pixels ({reason})"


def _side(images: Array) -> int:
    return int(sorted(images.shape[1:])[1])


def session(content: bytes, threads: int, *, gpu: bool = False) -> Any:
    onnxruntime = needed("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # what it has to say comes as an exception
    there = onnxruntime.get_available_providers()
    wanted = [*(["CUDAExecutionProvider"] if gpu else []), "CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(content, options, providers=[name for name in wanted if name in there])
    except MemoryError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no common base
        raise UserError(f"is refused by ONNX Runtime ({one_sentence(str(error), 90)})") from None


def warm_up() -> None:
    """Import and start all that a run needs, while importing is allowed and memory is not counted."""
    onnx = needed("onnx")
    shapes = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3, 2, 2]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", shapes[:1], shapes[1:])
    content = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)])
    onnx.checker.check_model(content.SerializeToString())
    session(content.SerializeToString(), 1).run(None, {"x": np.zeros((1, 3, 2, 2), np.float32)})
