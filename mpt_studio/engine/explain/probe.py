"""A loaded version that can be asked where it looks and what its features are.

Shape letters: B batch, C channels, D features, G side of the spatial map in places, K asked classes, S side in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.data.dataset import Dataset, Images, Indices, Progress
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import PIXELS_PER_BATCH, pixel_batches
from mpt_studio.engine.explain.layers import as_map, find_layers, watched
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import UserError

Floats = npt.NDArray[np.float32]
Features = npt.NDArray[np.float16] | npt.NDArray[np.float32]
Allocate = Callable[[tuple[int, int], np.dtype[np.floating]], Features]
"""Gives an array of a shape and type to fill, such as a memory-mapped file."""

PIXELS_PER_STEP = 128 * 32 * 32
"""On CPUs: shorter steps are as fast, and others are served and cancelling is heard between them."""
HALF_RANGE = 1e4
"""Features beyond this are kept as float32; float16 ends at 65,504."""


@dataclass(frozen=True)
class Saliency:
    """Where one image's evidence for some classes lies."""

    logits: Floats
    """(C,) of the version."""
    columns: tuple[int, ...]
    """(K,) columns of the head."""
    maps: Floats
    """(K, S, S) in 0…1, each scaled to its own maximum; all 0 where nothing speaks for the class."""


class Probe:
    """A version in memory, with the layers that explain it. Raises ``UserError`` for networks without them.

    ``network`` stands in for the checkpoint's weights on disk, where it is given.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", network: nn.Module | None = None) -> None:
        if checkpoint.architecture == ONNX:
            raise UserError(
                f"{Path(checkpoint.path).name} is an ONNX graph, which only answers: where it looks and what it finds "
                "alike need its weights; open the .pt or .safetensors file that it was exported from."
            )
        self.checkpoint = checkpoint
        self.device = devices.choose(device)
        devices.prepare(self.device, exact=True)
        self.version = FrozenVersion(checkpoint, self.device, network)
        self.fit = Fit.of(checkpoint.preprocessing)
        self.size = self.fit.size
        self.layers = find_layers(self.version.network, self.size, len(checkpoint.class_names))

    def saliency(self, image_SS3: Images, columns: Sequence[int], *, with_answer: bool = False) -> Saliency:
        """Evidence for the classes of some columns of the head in one uint8 image of the version's input size.

        With ``with_answer``, the column of the version's answer comes last where it is not among them.

        Grad-CAM (Selvaraju et al., ICCV 2017) in the form of HiResCAM (Draelos & Carin, arXiv 2011.08891):
        ReLU(Σ_c A_c ⊙ ∂z/∂A_c) on the spatial layer A, without averaging the gradient over places. Both are the same
        map where the head sees only the mean over places (ResNet, DenseNet, EfficientNet, …); where the head reads
        each place by itself ("small", VGG, AlexNet), averaging would show evidence in places that the class does not
        use: on "small" and the built-in characters, greying the fifth of the pixels with the most evidence lowered the
        answer's probability by 0.13, after averaging by 0.07, and for random pixels by 0.02.
        """
        image_1SS3 = torch.from_numpy(np.array(image_SS3)[None]).to(self.device)
        pixels = self.version.normalise(image_1SS3).requires_grad_()
        with watched(self.version.network, self.layers.spatial) as seen:
            logits_1C: Tensor = self.version.network(pixels)
        shown = dict.fromkeys([*columns, *([int(logits_1C.argmax())] if with_answer else [])])
        maps = [self._evidence(logits_1C[0, column], seen.outputs[0]) for column in shown]
        found = torch.cat(maps) if maps else torch.zeros(0, self.size, self.size)
        return Saliency(logits_1C[0].detach().float().cpu().numpy(), tuple(shown), found.cpu().numpy())

    def _evidence(self, logit: Tensor, output: Tensor) -> Tensor:
        """(1, S, S)."""
        (gradient,) = torch.autograd.grad(logit, output, retain_graph=True)
        activations, slopes = as_map(output.detach()), as_map(gradient)
        assert activations is not None
        assert slopes is not None
        coarse_1GG = F.relu((activations * slopes).sum(dim=1).float())
        fine = F.interpolate(coarse_1GG[None], size=self.size, mode="bilinear", align_corners=False)[0]
        return fine / fine.max() if fine.max() > 0 else fine

    def features(
        self, dataset: Dataset, indices: Indices, *, allocate: Allocate = np.empty, progress: Progress | None = None
    ) -> Features:
        """(N, D) penultimate features: what the head takes, averaged over places where the head is a convolution.

        In the order of ``indices``, as float16, or float32 where the first batch has values beyond 10,000. An
        exception from ``progress`` cancels.
        """
        found: Features | None = None
        done = 0
        at_once = PIXELS_PER_STEP if self.device.type == "cpu" else PIXELS_PER_BATCH
        for pixels in pixel_batches(dataset, indices, self.fit, self.device, at_once, progress):
            values = self._features(pixels)
            if found is None:
                kind = np.float16 if np.abs(values).max(initial=0) <= HALF_RANGE else np.float32
                found = allocate((len(indices), values.shape[1]), np.dtype(kind))
            limit = float(np.finfo(found.dtype).max)
            found[done : done + len(values)] = values.clip(-limit, limit)
            done += len(values)
            if progress:
                progress(f"Reading the features of {done:,} of {len(indices):,} images", done / len(indices))
        return allocate((0, 1), np.dtype(np.float16)) if found is None else found

    @torch.no_grad()
    def _features(self, images_BSS3: Tensor) -> Floats:
        """(B, D) float32."""
        with watched(self.version.network, self.layers.head) as seen:
            self.version.logits(images_BSS3)
        taken = seen.inputs[0].float()
        found: Floats = (taken.mean(dim=(2, 3)) if taken.ndim == 4 else taken).cpu().numpy()
        return found
