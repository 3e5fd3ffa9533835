"""transformers' image classifiers, under the names that timm's or torchvision's same architectures have.

Names are brought to timm's first, where query, key and value are one tensor, and from there to torchvision's, which
needs no extra package. What no shape shows (activation, where a bottleneck strides) is read from ``config.json``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise.dialects import Variant
from mpt_studio.engine.recognise.huggingface_names import COMMON, TO_TIMM, TO_TORCHVISION, Patterns
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.class_lists import whole_number

Tensors = dict[str, Tensor]


def translated(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Iterator[Variant]:
    """The tensors under torchvision's, then timm's names; nothing where ``config.json`` is not transformers'.

    Raises ``UserError`` where the configuration asks for a function that neither library has under these names.
    """
    kind = config.get("model_type")
    if kind == "timm_wrapper":
        note = "The folder is timm's, wrapped by transformers."
        yield Variant(tensors={n.removeprefix("timm_model."): t for n, t in tensors.items()}, notes=(note,))
    if not isinstance(kind, str) or kind not in TO_TIMM:
        return
    _check(kind, config)
    for_timm = _to_timm(kind, tensors, config)
    note = f"The folder is transformers' ({one_sentence(kind, 40)}); its tensors were renamed."
    if kind in TO_TORCHVISION:
        yield Variant(tensors=to_torchvision(kind, for_timm), notes=(note,))
    yield Variant(tensors=for_timm, notes=(note,))
    if kind in ("convnext", "convnextv2"):
        yield Variant(tensors=_as_convolutions(for_timm), notes=(note,))


def own_names(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, str]:
    """What the folder itself calls the tensors that ``translated`` gives other names; the first of those made one."""
    numbered = {name: torch.tensor([i]) for i, name in enumerate(tensors)}
    names = list(tensors)
    return {
        new: names[int(places.flatten()[0])]
        for variant in translated(numbered, config)
        for new, places in variant.tensors.items()
    }


def _check(kind: str, config: Mapping[str, Any]) -> None:
    wanted = {
        "resnet": (("downsample_in_bottleneck", False), ("hidden_act", "relu"), ("downsample_in_first_stage", False)),
        "regnet": (("hidden_act", "relu"),),
        "efficientnet": (("hidden_act", "swish"), ("pooling_type", "mean")),
        "beit": (("hidden_act", "gelu"), ("use_mean_pooling", True)),
    }
    for key, value in wanted.get(kind, (("hidden_act", "gelu"),)):
        if config.get(key, value) != value:
            raise UserError(
                f"config.json says {key} = {one_sentence(str(config[key]), 30)!r}, which no {kind} of "
                "torchvision or timm has; export it to ONNX to evaluate it."
            )


def agrees(config: Mapping[str, Any], arch: str, network: nn.Module) -> bool:
    """Whether an architecture has the attention heads, windows and padding that ``config.json`` says."""
    kind = config.get("model_type")
    if kind not in TO_TIMM:
        return True
    if kind in _ONLY and not re.search(_ONLY[kind], arch):
        return False
    return _windows_agree(config, arch) and _heads_agree(config, network)


_ONLY = {"efficientnet": r"^timm/tf_efficientnet_b\d$", "beit": r"^timm/beit_"}
"""transformers' EfficientNet was converted from Keras, which pads as TensorFlow does."""


def _windows_agree(config: Mapping[str, Any], arch: str) -> bool:
    """Swin V2 keeps no table whose shape would tell its window."""
    if config.get("model_type") != "swinv2":
        return True
    window, before = config.get("window_size", 7), config.get("pretrained_window_sizes") or [0]
    if not arch.startswith(timm_networks.PREFIX):
        return window == 8 and not any(before)
    named = f"window{before[0]}to{window}_" if any(before) else f"window{window}_"
    return named in arch


def _heads_agree(config: Mapping[str, Any], network: nn.Module) -> bool:
    wanted = config.get("num_attention_heads", config.get("num_heads"))
    if wanted is None:
        return True
    have = {m.num_heads for m in network.modules() if isinstance(getattr(m, "num_heads", None), int)}
    return have == set(wanted if isinstance(wanted, list) else [wanted])


def _to_timm(kind: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Tensors:
    renamed = {_renamed(name.removeprefix(f"{kind}."), COMMON): tensor for name, tensor in tensors.items()}
    named = {_renamed(name, TO_TIMM[kind]): tensor for name, tensor in _merged(renamed).items()}
    special: dict[str, Callable[[Tensors, Mapping[str, Any]], Tensors]] = {
        "efficientnet": _efficientnet,
        "convnextv2": _flat_responses,
        "regnet": _regnet,
        "vit": _without_extras,
        "beit": _without_extras,
    }
    return special[kind](named, config) if kind in special else named


def _renamed(name: str, patterns: Patterns) -> str:
    for pattern, replacement in patterns:
        name = re.sub(pattern, replacement, name)
    return name


def _merged(tensors: Mapping[str, Tensor]) -> Tensors:
    """Query, key and value as one tensor; where the key has no bias, the other two keep theirs (BEiT, Swin V2)."""
    merged: Tensors = {}
    for name, tensor in tensors.items():
        base, part, kind = name.rpartition(".attn.")[0], name.rpartition(".attn.")[2], name.rpartition(".")[2]
        if not re.fullmatch(r"[qkv]\.(weight|bias)", part):
            merged[name] = tensor
        elif kind == "bias" and f"{base}.attn.k.bias" not in tensors:
            merged[f"{base}.attn.{part[0]}_bias"] = tensor
        elif part[0] == "q" and all(f"{base}.attn.{p}.{kind}" in tensors for p in "kv"):
            merged[f"{base}.attn.qkv.{kind}"] = torch.cat([tensors[f"{base}.attn.{p}.{kind}"] for p in "qkv"])
    return merged


def _without_extras(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Without the mask token and the pooler, which the classifier does not use."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(("mask_token", "pooler."))}


def _flat_responses(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    return {name: tensor.flatten() if ".grn." in name else tensor for name, tensor in tensors.items()}


def _as_convolutions(tensors: Tensors) -> Tensors:
    """timm's smallest ConvNeXts have 1×1 convolutions for the linear layers in their blocks."""
    return {n: t[..., None, None] if ".mlp.fc" in n and t.ndim == 2 else t for n, t in tensors.items()}


def _regnet(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """Blocks with squeeze and excitation have it as their third part, the others their last convolution."""
    last = 3 if any(".layer.2.attention." in name for name in tensors) else 2
    parts: Patterns = (
        (rf"\.layer\.{last}\.", ".conv3."),
        (r"\.layer\.0\.", ".conv1."),
        (r"\.layer\.1\.", ".conv2."),
        (r"\.layer\.2\.attention\.0\.", ".se.fc1."),
        (r"\.layer\.2\.attention\.2\.", ".se.fc2."),
    )
    return {_renamed(name, parts): tensor for name, tensor in tensors.items()}


def _efficientnet(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    """transformers counts all blocks in one row, timm per stage; blocks that do not expand number their norms lower."""
    repeats, depth = config.get("num_block_repeats", ()), config.get("depth_coefficient", 1.0)
    places = [(s, b) for s, n in enumerate(repeats) for b in range(math.ceil(float(depth) * (whole_number(n) or 0)))]
    expanding = {name.split(".")[1] for name in tensors if name.startswith("blocks.") and ".conv_pw." in name}
    renamed: Tensors = {}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"blocks\.(\d+)\.(.*)", name)
        if not found or int(found[1]) >= len(places):
            renamed[name] = tensor
            continue
        stage, block = places[int(found[1])]
        part = found[2] if found[1] in expanding else _renamed(found[2], _NOT_EXPANDING)
        renamed[f"blocks.{stage}.{block}.{part}"] = tensor
    return renamed


_NOT_EXPANDING: Patterns = ((r"^conv_pwl\.", "conv_pw."), (r"^bn2\.", "bn1."), (r"^bn3\.", "bn2."))


def to_torchvision(kind: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """timm's names of one of the families that both have, as torchvision's."""
    renamed = {_renamed(name, TO_TORCHVISION[kind]): tensor for name, tensor in tensors.items()}
    if kind == "convnext":  # torchvision keeps the scale as an image of one pixel
        return {n: t.reshape(-1, 1, 1) if n.endswith(".layer_scale") else t for n, t in renamed.items()}
    return _whole_biases(renamed) if kind == "swinv2" else renamed


def _whole_biases(tensors: Tensors) -> Tensors:
    """torchvision keeps the key's bias, which is zero, within one bias of query, key and value."""
    whole: Tensors = {}
    for name, tensor in tensors.items():
        if name.endswith(".q_bias"):
            base = name.removesuffix("q_bias")
            whole[f"{base}qkv.bias"] = torch.cat([tensor, torch.zeros_like(tensor), tensors[f"{base}v_bias"]])
        elif not name.endswith(".v_bias"):
            whole[name] = tensor
    return whole
