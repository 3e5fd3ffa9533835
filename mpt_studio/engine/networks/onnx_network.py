"""ONNX graphs as versions: a module's face for the limited process that runs them.

Such a version answers and nothing more: it can be the old model, a teacher, one side of a comparison. It has no weights
that could be trained on, interpolated, or asked where they look.

Shape letters: B batch, C classes, S side of the square images in pixels.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.engine.machine.device import threads
from mpt_studio.engine.networks.onnx_child import OnnxChild


class OnnxNetwork(nn.Module):
    """(B, 3, S, S) float → (B, C) float32 logits, on the device of the images.

    Raises ``UserError`` where the file is damaged, or its graph cannot be run within its limits.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device | None = None) -> None:
        super().__init__()
        self._child = OnnxChild(Path(checkpoint.path), threads(), gpu=device is not None and device.type == "cuda")

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        return torch.from_numpy(self._child.logits(images.float().cpu().contiguous().numpy())).to(images.device)
