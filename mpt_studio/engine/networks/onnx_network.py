"""ONNX graphs as versions, run by ONNX Runtime behind a module's face (``recognise.onnx`` says what one is).

Such a version answers and nothing more: it can be the old model, a teacher, one side of a comparison. It has no weights
that could be trained on, interpolated, or asked where they look.

Shape letters: B batch, C classes, S side of the square images in pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpt_studio import onnx_header
from mpt_studio.checkpoint import HEADER_KEY, Checkpoint
from mpt_studio.engine.machine.device import threads
from mpt_studio.engine.networks.onnx_graph import LARGEST, Graph, needed, read_graph
from mpt_studio.errors import UserError, one_sentence, shown_name

Array = npt.NDArray[Any]
ARCHITECTURE = "onnx"
SENTENCE = 200
SMALLEST = 1e-37
"""Probabilities are not taken as less before the logarithm: float32 ends there."""


class OnnxNetwork(nn.Module):
    """(B, 3, S, S) float → (B, C) float32 logits, on the device of the images.

    Probabilities become their logarithm, which differs from the logits by one number per image: margins, softmax and
    answers are the same. Raises ``UserError`` (the end of a sentence) where ONNX Runtime refuses the graph.
    """

    def __init__(self, content: bytes, graph: Graph, device: torch.device, *, most_threads: int = 0) -> None:
        super().__init__()
        self.graph = graph
        self._session = session(content, device, most_threads or threads())

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        pixels = images.half() if self.graph.half else images.float()
        if self.graph.layout == "NHWC":
            pixels = pixels.permute(0, 2, 3, 1)
        given = np.ascontiguousarray(pixels.cpu().numpy())
        at_once = self.graph.batch or len(given)
        answers = [self._answers(given[i : i + at_once]) for i in range(0, len(given), at_once)]
        found = torch.from_numpy(np.concatenate(answers).astype(np.float32)).to(images.device)
        return found.clamp_min(SMALLEST).log() if self.graph.ends_in_softmax else found

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


def _why_not(error: Exception, side: int) -> str:
    if "allocate memory" in str(error) or "bad_alloc" in str(error):
        return f"asks for too much memory on images of {side} pixels; it was not run"
    reason = one_sentence(str(error).rsplit(":", 1)[-1], 60)
    return f"cannot be run by ONNX Runtime on images of {side} pixels ({reason})"


def _side(images: Array) -> int:
    return int(sorted(images.shape[1:])[1])


def session(content: bytes, device: torch.device, most_threads: int) -> Any:
    onnxruntime = needed("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = most_threads, 1
    options.log_severity_level = 4  # what it has to say comes as an exception
    there = onnxruntime.get_available_providers()
    wanted = [*(["CUDAExecutionProvider"] if device.type == "cuda" else []), "CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(content, options, providers=[name for name in wanted if name in there])
    except MemoryError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no common base
        raise UserError(f"is refused by ONNX Runtime ({one_sentence(str(error), 90)})") from None


def load(checkpoint: Checkpoint, device: torch.device | None = None) -> OnnxNetwork:
    """The network of a normalised ONNX file. Raises ``UserError`` where it is damaged or cannot be run."""
    path = Path(checkpoint.path)
    content = content_of(path)
    if not onnx_header.is_sealed(content):
        raise UserError(
            f"{path} does not match its checksum: it is damaged, or another program wrote it anew; use another copy."
        )
    try:
        return OnnxNetwork(content, read_graph(content), device or torch.device("cpu"))
    except UserError as error:
        raise refusal(path, error) from None


def normalise(source: Path, target: Path, checkpoint: Checkpoint) -> None:
    """Write an ONNX file with our description and seal. Write through ``paths.replace_file``."""
    target.write_bytes(onnx_header.sealed(content_of(source), checkpoint.header()[HEADER_KEY]))


def refusal(path: Path, error: UserError) -> UserError:
    """The whole sentence of a reason that begins with a verb, or the sentence itself."""
    name, text = shown_name(path), str(error)
    whole = f"{name} {text}" if text[:1].islower() else text
    return UserError(one_sentence(whole, SENTENCE - 1).rstrip(".") + ".")


def content_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise refusal(path, UserError("is larger than the 2 GB that one ONNX file can be"))
        return path.read_bytes()
    except OSError as error:
        raise refusal(path, UserError(f"cannot be read ({error.strerror or error})")) from None
