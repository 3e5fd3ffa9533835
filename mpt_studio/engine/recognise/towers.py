"""Networks whose authors name, order or lay out tensors otherwise than timm does: ConvNeXt, Swin, DINOv2, CLIP.

For each, patterns as in ``dialects`` (of one table the first that matches a name is used), and what is done besides.
"""

from __future__ import annotations

from torch import Tensor

Tensors = dict[str, Tensor]
Patterns = tuple[tuple[str, str], ...]

_BLOCK = r"^stages\.(\d+)\.(\d+)\."
CONVNEXT: Patterns = (
    (r"^downsample_layers\.0\.", "stem."),
    (r"^downsample_layers\.(\d)\.", r"stages.\1.downsample."),
    (_BLOCK + r"(?:dw|depthwise_)conv\.", r"stages.\1.blocks.\2.conv_dw."),
    (_BLOCK + r"(?:pw|pointwise_)conv([12])\.", r"stages.\1.blocks.\2.mlp.fc\3."),
    (_BLOCK + r"grn\.gamma$", r"stages.\1.blocks.\2.mlp.grn.weight"),
    (_BLOCK + r"grn\.beta$", r"stages.\1.blocks.\2.mlp.grn.bias"),
    (_BLOCK, r"stages.\1.blocks.\2."),
    (r"^norm3?\.", "head.norm."),
    (r"^head\.(?:fc\.)?(?=weight|bias)", "head.fc."),
)
"""Also mmpretrain's."""


def flat(tensors: Tensors) -> Tensors:
    """The second version's responses, which its authors keep as images of one pixel."""
    return {name: tensor.flatten() if ".grn." in name else tensor for name, tensor in tensors.items()}


SWIN: Patterns = (
    *((rf"^layers\.{i}\.downsample\.", f"layers.{i + 1}.downsample.") for i in (0, 1, 2)),
    (r"^head\.(?=weight|bias)", "head.fc."),
)

OPENMMLAB_SWIN: Patterns = (
    (r"^patch_embed\.projection\.", "patch_embed.proj."),
    *((rf"^stages\.{i}\.downsample\.", f"layers.{i + 1}.downsample.") for i in (0, 1, 2)),
    (r"^stages\.(\d)\.blocks\.(\d+)\.attn\.w_msa\.", r"layers.\1.blocks.\2.attn."),
    (r"^stages\.(\d)\.blocks\.(\d+)\.ffn\.layers\.0\.0\.", r"layers.\1.blocks.\2.mlp.fc1."),
    (r"^stages\.(\d)\.blocks\.(\d+)\.ffn\.layers\.1\.", r"layers.\1.blocks.\2.mlp.fc2."),
    (r"^stages\.(\d)\.", r"layers.\1."),
    (r"^norm3\.", "norm."),
)


def in_swins_order(tensors: Tensors) -> Tensors:
    """Where patches merge, mmpretrain unfolds an image, channel by channel; Swin lays its four corners side by side."""
    return {name: _by_corner(tensor) if ".downsample." in name else tensor for name, tensor in tensors.items()}


def _by_corner(tensor: Tensor) -> Tensor:
    if not tensor.ndim or tensor.shape[-1] % 4:
        return tensor
    corners = tensor.reshape(*tensor.shape[:-1], -1, 4).transpose(-1, -2)  # upper left and right, lower left and right
    return corners[..., [0, 2, 1, 3], :].reshape(tensor.shape)


DINOV2: Patterns = (
    (r"^blocks\.\d+\.(\d+)\.", r"blocks.\1."),  # in chunks, as they are trained
    (r"^blocks\.(\d+)\.mlp\.w12\.", r"blocks.\1.mlp.fc1."),
    (r"^blocks\.(\d+)\.mlp\.w3\.", r"blocks.\1.mlp.fc2."),
    (r"^register_tokens$", "reg_token"),
    (r"^mask_token$", "unused.mask_token"),
)


def from_dinov2(tensors: Tensors) -> Tensors:
    """Without the mask token; beside registers, timm adds the class token's position to the token itself."""
    made = {name: tensor for name, tensor in tensors.items() if name != "unused.mask_token"}
    token, table = made.get("cls_token"), made.get("pos_embed")
    if token is not None and table is not None and "reg_token" in made and token.shape == table[:, :1].shape:
        made |= {"cls_token": token + table[:, :1], "pos_embed": table[:, 1:]}
    return made


CLIP: Patterns = (
    (r"^class_embedding$", "cls_token"),
    (r"^positional_embedding$", "pos_embed"),
    (r"^conv1\.", "patch_embed.proj."),
    (r"^ln_pre\.", "norm_pre."),
    (r"^ln_post\.", "norm."),
    (r"^transformer\.resblocks\.(\d+)\.ln_([12])\.", r"blocks.\1.norm\2."),
    (r"^transformer\.resblocks\.(\d+)\.attn\.in_proj_", r"blocks.\1.attn.qkv."),
    (r"^transformer\.resblocks\.(\d+)\.attn\.out_proj\.", r"blocks.\1.attn.proj."),
    (r"^transformer\.resblocks\.(\d+)\.mlp\.c_fc\.", r"blocks.\1.mlp.fc1."),
    (r"^transformer\.resblocks\.(\d+)\.mlp\.c_proj\.", r"blocks.\1.mlp.fc2."),
)


def from_clip(tensors: Tensors) -> Tensors:
    """Without the projection to the space that texts share, and with tokens for a batch."""
    made = {name: tensor for name, tensor in tensors.items() if name != "proj"}
    for name, axes in (("cls_token", 1), ("pos_embed", 2)):
        if name in made and made[name].ndim == axes:
            made[name] = made[name].reshape(1, -1, made[name].shape[-1])
    return made
