"""Make transformers.json: what the transformers package answers, for tests that run without it.

    python tests/engine/recognise/record_transformers.py        (in an environment that has transformers)

Of each small classifier: its config.json, the names and shapes that ``save_pretrained`` writes, and the logits of one
image. Weights and image are a function of their names (``numbers``), so that they need not be kept.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

FILE = Path(__file__).with_name("transformers.json")
CLASSES = {i: f"class {i}" for i in range(5)}


def numbers(name: str, shape: tuple[int, ...]) -> Tensor:
    """Weights that depend on the name alone, of a size that keeps signals alive."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    values = rng.standard_normal(shape).astype(np.float32)
    if name.endswith("running_var"):
        return torch.from_numpy(np.asarray(0.5 + values**2, dtype=np.float32))
    norm = len(shape) == 1 and name.endswith("weight")
    fan = max(1, int(np.prod(shape[1:])))
    return torch.from_numpy(np.asarray((1.0 if norm else 0.0) + values * (0.1 if len(shape) < 2 else fan**-0.5)))


def image(size: int) -> Tensor:
    """(1, 3, size, size) float32."""
    return numbers("image", (1, 3, size, size)) * (3 * size * size) ** 0.5 / size


def main() -> None:
    import transformers as hf

    names = {"id2label": CLASSES, "label2id": {v: k for k, v in CLASSES.items()}}
    tiny = {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768, **names}
    basic = {"hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "layer_type": "basic"}
    cells = {"embedding_size": 32, "depths": [1, 1, 4, 7], "hidden_sizes": [24, 56, 152, 368], "groups_width": 8}
    atto = {"hidden_sizes": [40, 80, 160, 320], "depths": [2, 2, 6, 2]}
    b0 = {"image_size": 224, "width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280}
    configs = {
        "resnet18": hf.ResNetConfig(**basic, **names),
        "timm/vit_tiny_patch16_224": hf.ViTConfig(**tiny),
        "timm/deit_tiny_distilled_patch16_224": hf.DeiTConfig(**tiny),
        "convnext_tiny": hf.ConvNextConfig(**names),
        "timm/convnextv2_atto": hf.ConvNextV2Config(**atto, **names),
        "swin_t": hf.SwinConfig(**names),
        "swin_v2_t": hf.Swinv2Config(image_size=256, window_size=8, **names),
        "timm/regnetx_002": hf.RegNetConfig(**cells, layer_type="x", **names),
        "timm/tf_efficientnet_b0": hf.EfficientNetConfig(**b0, **names),
    }
    FILE.write_text(json.dumps({arch: _recorded(config) for arch, config in configs.items()}, separators=(",", ":")))


def _recorded(config: Any) -> dict[str, object]:
    import transformers as hf

    kinds = hf.models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING
    kind = hf.DeiTForImageClassificationWithTeacher if config.model_type == "deit" else kinds[type(config)]
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, "model.safetensors")
        kind(config).save_pretrained(folder)
        own = load_file(weights)
        save_file({name: filled(name, tensor) for name, tensor in own.items()}, weights, {"format": "pt"})
        model = kind.from_pretrained(folder).eval()
        written = json.loads(Path(folder, "config.json").read_text())
    size = getattr(config, "image_size", 224)
    with torch.no_grad():
        logits = model(image(size)).logits[0].tolist()
    shapes = {name: list(tensor.shape) for name, tensor in own.items()}
    return {"config": written, "size": size, "logits": logits, "shapes": shapes}


def filled(name: str, tensor: Tensor) -> Tensor:
    """Weights as ``numbers``, whole numbers as they are."""
    return numbers(name, tuple(tensor.shape)) if tensor.is_floating_point() else tensor


if __name__ == "__main__":
    main()
