"""What the README beside exported weights tells of input and output."""

from __future__ import annotations

import pytest

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.compare import Decision
from mpt_studio.jobs.deployment import readme

WAY = Preprocessing(image_size=224, resize=256, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.25,) * 3)
RECORD = {
    "path": "deployed.pth", "format": "pth", "sha256": "ab", "made_from_sha256": "cd", "notes": [], "check": None,
    "latency": None, "opset": None,
}  # fmt: skip


def told(way: Preprocessing = WAY, arch: str = "resnet18", notes: tuple[str, ...] = (), **record) -> str:
    made = Checkpoint(
        architecture=arch, small_stem=False, class_names=("cat", "dog"), preprocessing=way, notes=notes, run="r"
    )
    return readme({**RECORD, **record}, made, Decision("w"), inside=False)


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (WAY, "Resize the shorter side to 256 pixels and cut the centred square of 224 (bilinear, with antialiasing"),
        (Preprocessing(**{**vars(WAY), "resize": 0}), "Cut the largest centred square and resize it to 224 pixels"),
        (Preprocessing(**{**vars(WAY), "crop": "squash"}), "Resize both sides to 224 pixels"),
    ],
)
def test_how_images_are_resized(way, sentence) -> None:
    text = told(way)
    assert sentence in text
    assert "float32 (N, 3, 224, 224), channels first." in text
    assert "subtract the mean 0.485, 0.456, 0.406, divide by the standard deviation 0.25, 0.25, 0.25" in text
    assert "Nothing but the weights" in text


def test_that_a_copied_graph_s_input_is_what_was_found_in_it() -> None:
    text = told(arch="onnx", notes=("It takes images with channels last.", "It has a note."), format="onnx")
    assert "It takes images with channels last." in text
    assert "float32 (N" not in text
    assert "It has a note." not in text
