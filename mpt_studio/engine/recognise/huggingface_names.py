"""Names of transformers' image classifiers as timm has them, and timm's as torchvision has them.

Patterns of one table are applied in their order, each to what the one before left.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Replacement = str | Callable[[re.Match[str]], str]
Patterns = tuple[tuple[str, Replacement], ...]


def _from_one(found: re.Match[str]) -> str:
    return f"s{int(found[1]) + 1}.b{int(found[2]) + 1}."


def _from_zero(found: re.Match[str]) -> str:
    return f"trunk_output.block{found[1]}.block{found[1]}-{int(found[2]) - 1}."


COMMON: Patterns = (
    (r"^encoder\.", ""),
    (r"^layer\.", "layers."),
    (r"attention\.(?:attention|self)\.", "attention."),
    (r"attention\.(?:query|q_proj)\.", "attn.q."),
    (r"attention\.(?:key|k_proj)\.", "attn.k."),
    (r"attention\.(?:value|v_proj)\.", "attn.v."),
    (r"attention\.(?:output\.dense|o_proj)\.", "attn.proj."),
    (r"intermediate\.dense\.", "mlp.fc1."),
    (r"(?<=\d\.)output\.dense\.", "mlp.fc2."),
    (r"\blayernorm_before\b", "norm1"),
    (r"\blayernorm_after\b", "norm2"),
)
"""What transformers' families share, in its versions 4 and 5."""

_TRANSFORMER: Patterns = (
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.distillation_token$", "dist_token"),
    (r"^embeddings\.", ""),
    (r"^layers\.", "blocks."),
    (r"^layernorm\.", "norm."),
    (r"^(?:cls_)?classifier\.", "head."),
    (r"^distillation_classifier\.", "head_dist."),
)

_SWIN: Patterns = (
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.norm\.", "patch_embed.norm."),
    *((rf"^layers\.{i}\.downsample\.", f"layers.{i + 1}.downsample.") for i in (2, 1, 0)),
    (r"\battention\.", "attn."),
    (r"\bcontinuous_position_bias_mlp\b", "cpb_mlp"),
    (r"^layernorm\.", "norm."),
    (r"^classifier\.", "head.fc."),
)

_CONVNEXT: Patterns = (
    (r"^embeddings\.patch_embeddings\.", "stem.0."),
    (r"^embeddings\.layernorm\.", "stem.1."),
    (r"\.downsampling_layer\.", ".downsample."),
    (r"\.layers\.(\d+)\.", r".blocks.\1."),
    (r"\.dwconv\.", ".conv_dw."),
    (r"(?<=\d)\.layernorm\.", ".norm."),
    (r"\.pwconv([12])\.", r".mlp.fc\1."),
    (r"\.layer_scale_parameter$", ".gamma"),
    (r"\.grn\.", ".mlp.grn."),
    (r"^layernorm\.", "head.norm."),
    (r"^classifier\.", "head.fc."),
)

_NORMALISED: Patterns = ((r"\.normalization\.", ".bn."), (r"\.convolution\.", ".conv."))

TO_TIMM: dict[str, Patterns] = {
    "vit": _TRANSFORMER,
    "deit": _TRANSFORMER,
    "beit": (
        *_TRANSFORMER,
        (r"\battention\.relative_position_bias\.", "attn."),
        (r"\blambda_([12])$", r"gamma_\1"),
        (r"^pooler\.layernorm\.", "fc_norm."),
    ),
    "swin": _SWIN,
    "swinv2": _SWIN,
    "convnext": _CONVNEXT,
    "convnextv2": _CONVNEXT,
    "resnet": (
        (r"^embedder\.embedder\.convolution\.", "conv1."),
        (r"^embedder\.embedder\.normalization\.", "bn1."),
        *((rf"^stages\.{i}\.layers\.(\d+)\.", rf"layer{i + 1}.\1.") for i in range(4)),
        (r"\.shortcut\.convolution\.", ".downsample.0."),
        (r"\.shortcut\.normalization\.", ".downsample.1."),
        *((rf"\.layer\.{i}\.convolution\.", f".conv{i + 1}.") for i in range(3)),
        *((rf"\.layer\.{i}\.normalization\.", f".bn{i + 1}.") for i in range(3)),
        (r"^classifier\.1\.", "fc."),
    ),
    "regnet": (
        *_NORMALISED,
        (r"^embedder\.embedder\.", "stem."),
        (r"^stages\.(\d+)\.layers\.(\d+)\.", _from_one),
        (r"\.shortcut\.", ".downsample."),
        (r"^classifier\.1\.", "head.fc."),
    ),
    "efficientnet": (
        (r"^embeddings\.convolution\.", "conv_stem."),
        (r"^embeddings\.batchnorm\.", "bn1."),
        (r"^top_conv\.", "conv_head."),
        (r"^top_bn\.", "bn2."),
        (r"\.expansion\.expand_conv\.", ".conv_pw."),
        (r"\.expansion\.expand_bn\.", ".bn1."),
        (r"\.depthwise_conv\.depthwise_conv\.", ".conv_dw."),
        (r"\.depthwise_conv\.depthwise_norm\.", ".bn2."),
        (r"\.squeeze_excite\.(reduce|expand)\.", r".se.conv_\1."),
        (r"\.projection\.project_conv\.", ".conv_pwl."),
        (r"\.projection\.project_bn\.", ".bn3."),
    ),
}
"""By transformers' ``model_type``."""

_TRANSFORMER_BLOCKS: Patterns = (
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.3."),
)

TO_TORCHVISION: dict[str, Patterns] = {
    "vit": (
        *_TRANSFORMER_BLOCKS,
        (r"^cls_token$", "class_token"),
        (r"^pos_embed$", "encoder.pos_embedding"),
        (r"^patch_embed\.proj\.", "conv_proj."),
        (r"^blocks\.(\d+)\.", r"encoder.layers.encoder_layer_\1."),
        (r"\.norm([12])\.", r".ln_\1."),
        (r"\.attn\.qkv\.", ".self_attention.in_proj_"),
        (r"\.attn\.proj\.", ".self_attention.out_proj."),
        (r"^norm\.", "encoder.ln."),
        (r"^head\.", "heads.head."),
    ),
    "swin": (
        *_TRANSFORMER_BLOCKS,
        (r"^patch_embed\.proj\.", "features.0.0."),
        (r"^patch_embed\.norm\.", "features.0.2."),
        *((rf"^layers\.{i}\.downsample\.", f"features.{2 * i}.") for i in (1, 2, 3)),
        *((rf"^layers\.{i}\.blocks\.", f"features.{2 * i + 1}.") for i in range(4)),
        (r"^head\.fc\.", "head."),
    ),
    "convnext": (
        *((rf"^stages\.{i}\.downsample\.", f"features.{2 * i}.") for i in (1, 2, 3)),
        *((rf"^stages\.{i}\.blocks\.(\d+)\.", rf"features.{2 * i + 1}.\1.") for i in range(4)),
        (r"^stem\.", "features.0."),
        (r"\.conv_dw\.", ".block.0."),
        (r"(?<=\d)\.norm\.", ".block.2."),
        (r"\.mlp\.fc1\.", ".block.3."),
        (r"\.mlp\.fc2\.", ".block.5."),
        (r"\.gamma$", ".layer_scale"),
        (r"^head\.norm\.", "classifier.0."),
        (r"^head\.fc\.", "classifier.2."),
    ),
    "regnet": (
        (r"^stem\.conv\.", "stem.0."),
        (r"^stem\.bn\.", "stem.1."),
        (r"^s(\d+)\.b(\d+)\.", _from_zero),
        (r"\.downsample\.conv\.", ".proj.0."),
        (r"\.downsample\.bn\.", ".proj.1."),
        *((rf"\.conv{i}\.conv\.", f".f.{part}.0.") for i, part in ((1, "a"), (2, "b"), (3, "c"))),
        *((rf"\.conv{i}\.bn\.", f".f.{part}.1.") for i, part in ((1, "a"), (2, "b"), (3, "c"))),
        (r"\.se\.", ".f.se."),
        (r"^head\.fc\.", "fc."),
    ),
}
"""By the same, for the families that torchvision has. ``resnet`` has torchvision's names already."""
TO_TORCHVISION["swinv2"] = TO_TORCHVISION["swin"]
