"""transformers' ``preprocessor_config.json`` as our preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpt_studio.checkpoint import Crop, Preprocessing
from mpt_studio.engine.recognise.colours import in_unit_range, quoted
from mpt_studio.engine.recognise.values import FoundPreprocessing, Three, interpolation, side, three

_SOURCE = "preprocessor_config.json"
_WHOLE_FROM = 384
"""transformers' ConvNeXt processor crops only below this size."""

_SHARES = {"ConvNext": 224 / 256, "PoolFormer": 0.9, "LeViT": 224 / 256, "Levit": 224 / 256}
"""What the crop keeps where the file does not say it, by how the processor's name begins."""


def read(values: Mapping[str, Any]) -> FoundPreprocessing:
    """What the image processor does; nothing, and a note, where our preprocessing cannot do the same."""
    size, resize, crop = _geometry(values)
    colours = _colours(values)
    kind = interpolation(values.get("resample", 2))
    if not size or colours is None or kind is None:
        keys = _KEYS["size" if not size else "colours" if colours is None else "kind"]
        said = ", ".join(f"{key} = {quoted(values[key])}" for key in keys if key in values)
        return FoundPreprocessing(notes=(f"{_SOURCE} asks for what is not supported here: {said or 'no size'}.",))
    notes: tuple[str, ...] = ()
    if crop == "center" and _is_square(values.get("size")) and resize > size:
        notes = ("transformers squashes these images before it crops them; here they keep their proportions.",)
    mean, std = colours
    made = Preprocessing(image_size=size, resize=resize, crop=crop, interpolation=kind, mean=mean, std=std)
    return FoundPreprocessing(preprocessing=made, source=_SOURCE, notes=notes)


def _geometry(values: Mapping[str, Any]) -> tuple[int, int, Crop]:
    """(image size, length before the crop, crop); size 0 where it cannot be said."""
    size = values.get("size")
    named = str(values.get("image_processor_type") or values.get("feature_extractor_type") or "")
    edge = _edge(size)
    if values.get("do_resize", True) is False:
        return _edge(values.get("crop_size")), 0, "center"
    if values.get("do_center_crop"):
        return _edge(values.get("crop_size")) or edge, edge, "center"
    share = values.get("crop_pct") or next((s for name, s in _SHARES.items() if named.startswith(name)), None)
    if isinstance(share, int | float) and 0.1 < share <= 1 and not _is_square(size):
        whole = named.startswith("ConvNext") and edge >= _WHOLE_FROM
        return (edge, 0, "squash") if whole else (edge, int(edge / share), "center")
    return edge, 0, "center" if isinstance(size, Mapping) and "shortest_edge" in size else "squash"


def _edge(size: Any) -> int:
    if isinstance(size, Mapping):
        height = size.get("height", size.get("shortest_edge"))
        return side(height) if size.get("width", height) == height else 0
    return side(size)


def _is_square(size: Any) -> bool:
    return isinstance(size, Mapping) and "height" in size


def _colours(values: Mapping[str, Any]) -> tuple[Three, Three] | None:
    """Mean and std of values in 0…1, with the rescaling drawn in."""
    factor, offset = values.get("rescale_factor", 1 / 255), values.get("rescale_offset", False)
    if values.get("do_rescale", True) is False:
        factor = 1
    if not isinstance(factor, int | float) or factor <= 0:
        return None
    plain = values.get("do_normalize", True) is False
    mean, std = (0.0, 0.0, 0.0) if plain else three(values.get("image_mean")), three(values.get("image_std"))
    std = (1.0, 1.0, 1.0) if plain else std
    if mean is None or std is None or min(std) <= 0:
        return None
    scale, shift = 255 * float(factor), 1.0 if offset else 0.0  # x·scale − shift is what mean and std are taken of
    means, stds = [(m + shift) / scale for m in mean], [s / scale for s in std]
    colours = (means[0], means[1], means[2]), (stds[0], stds[1], stds[2])
    return colours if in_unit_range(*colours) == colours else None


_KEYS = {
    "size": ("size", "crop_size", "do_resize"),
    "colours": ("do_rescale", "rescale_factor", "image_mean", "image_std"),
    "kind": ("resample",),
}
"""What is quoted where it cannot be done."""
