"""Preprocessing in other people's words: sizes, three numbers per channel, kinds of interpolation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mpt_studio.checkpoint import Interpolation, Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.engine.recognise.hints import number
from mpt_studio.errors import UserError
from mpt_studio.made_of import made_of

Three = tuple[float, float, float]
_OURS = set(Preprocessing.__dataclass_fields__)

_SIZES = (
    "image_size",
    "img_size",
    "input_size",
    "crop_size",
    "imgsz",
    "train_crop_size",
    "val_crop_size",
    "resolution",
    "size",
)
_RESIZES = ("resize", "resize_size", "val_resize_size")
_KINDS: dict[str, Interpolation] = {
    "0": "nearest",
    "1": "lanczos",
    "2": "bilinear",
    "3": "bicubic",
    "nearest": "nearest",
    "lanczos": "lanczos",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
}
"""By name and by Pillow's number."""

LARGEST = 4096
"""Pixels; larger sides in a file are taken for something else."""


@dataclass(frozen=True, kw_only=True)
class FoundPreprocessing:
    """Preprocessing and where it is from; none where a person has to say it."""

    preprocessing: Preprocessing | None = None
    source: str = ""
    """For people, as in ``Reading.preprocessing_from``."""
    notes: tuple[str, ...] = ()


def filled(values: Mapping[str, Any], base: Preprocessing | None) -> Preprocessing | None:
    """What a mapping with mean and std says, the rest as in ``base``; None where these two or a size are lacking."""
    if exact := in_our_words(values):
        return exact
    mean, std = three(values.get("mean")), three(values.get("std"))
    size = _size(values) or (base.image_size if base else 0)
    if not mean or not std or min(std) <= 0 or not size:
        return None
    resize = _resize(values, size) or (base.sized(size).resize if base else 0)
    return Preprocessing(
        image_size=size,
        mean=mean,
        std=std,
        resize=max(resize, size) if resize else 0,
        interpolation=interpolation(values.get("interpolation")) or (base.interpolation if base else "bilinear"),
        crop="squash" if values.get("crop_mode") == "squash" else "center",
    )


def unsaid(values: Mapping[str, Any], made: Preprocessing) -> tuple[str, ...]:
    """What ``filled`` took from ``base``, since the mapping does not say it, for people."""
    parts = (
        "" if _size(values) else f"{made.image_size} pixels",
        "" if not made.resize or _resize(values, made.image_size) else f"resized to {made.resize} before the crop",
        "" if interpolation(values.get("interpolation")) else made.interpolation,
    )
    return tuple(part for part in parts if part)


def _size(values: Mapping[str, Any]) -> int:
    return next((s for key in _SIZES if (s := side(values.get(key)))), 0)


def _resize(values: Mapping[str, Any], size: int) -> int:
    return next((s for key in _RESIZES if (s := side(values.get(key)))), 0) or _from_share(size, values)


def in_our_words(values: Mapping[str, Any]) -> Preprocessing | None:
    """What ``mpt-studio export`` writes, to the letter; None where anything of it lacks or cannot be meant."""
    if not values.keys() >= _OURS:
        return None
    try:
        found = made_of(Preprocessing, {key: values[key] for key in _OURS}, allow_nan=False)
        Fit.of(found)
    except (ValueError, TypeError, RecursionError, UserError):
        return None
    return found if min(found.std) > 0 else None


def _from_share(size: int, values: Mapping[str, Any]) -> int:
    """timm's way of saying the length before the crop: the share of it that the crop keeps."""
    share = values.get("crop_pct")
    return int(size / share) if isinstance(share, int | float) and 0.1 < share <= 1 else 0


def three(value: Any) -> Three | None:
    """Three numbers from three, or from one for all; None for anything else."""
    if isinstance(value, int | float):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1000 for v in value):
        return None
    return cast(Three, tuple(map(float, value if len(value) == 3 else [*value] * 3)))


def side(value: Any) -> int:
    """A square's side in pixels from 224, [224, 224] or [3, 224, 224]; 0 for anything else."""
    if isinstance(value, list | tuple) and value and value[-1] == value[max(0, len(value) - 2)]:
        value = value[-1]
    found = number(value)
    return found if found is not None and 1 <= found <= LARGEST else 0


def interpolation(value: Any) -> Interpolation | None:
    """The kind of resizing that a file names, or Pillow's number for it; None for one that we do not have."""
    return _KINDS.get(str(value).lower().rpartition(".")[2])
