"""How a version wants its images: from the file, from beside it, or from what its library records.

A wrong mean or standard deviation ruins a version silently. So what is only assumed is said in a note, and where not even
an assumption is sound (a network for small images, several possible ones), a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from mpt_studio.checkpoint import Interpolation, Preprocessing
from mpt_studio.engine import networks, timm_networks
from mpt_studio.engine.recognise import processor, published, torchvision_weights
from mpt_studio.engine.recognise.evidence import Evidence, mappings
from mpt_studio.engine.recognise.hints import number
from mpt_studio.engine.recognise.index import Entry
from mpt_studio.engine.recognise.search import Match
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

Three = tuple[float, float, float]
_SIZES = (
    "image_size",
    "img_size",
    "input_size",
    "crop_size",
    "imgsz",
    "train_crop_size",
    "val_crop_size",
    "resolution",
)
_RESIZES = ("resize", "resize_size", "val_resize_size")


@dataclass(frozen=True, kw_only=True)
class Found:
    """Preprocessing and where it is from; none where a person has to say it."""

    preprocessing: Preprocessing | None = None
    source: str = ""
    """For people, as in ``Reading.preprocessing_from``."""
    notes: tuple[str, ...] = ()


def find(evidence: Evidence, match: Match, classes: int, choices: Choices) -> Found:
    """The preprocessing of a recognised version.

    Raises:
        UserError: where a chosen image size is not the one that the tensors are made for.
    """
    if choices.preprocessing:
        return Found(preprocessing=_checked(choices.preprocessing, match), source="your choice")
    found = next((f for f in _sources(evidence, match, classes) if f.preprocessing), Found())
    if found.preprocessing is None:
        return found
    return replace(found, preprocessing=_sized(found.preprocessing, match))


def _sources(evidence: Evidence, match: Match, classes: int) -> Iterable[Found]:
    entry = match.entry
    usual = _usual(entry, classes, evidence)
    base = usual.preprocessing
    yield _from_values(evidence.extras, base, "the file")
    if evidence.processor:
        yield processor.read(evidence.processor)
    yield _from_values(_pretrained_cfg(evidence.config), base, "config.json")
    if published.is_published(evidence) and entry.bare.startswith("resnet"):
        note = "32 pixels and CIFAR-10's mean and standard deviation, as the published script has them, were taken."
        yield Found(preprocessing=published.PREPROCESSING, source="the published script", notes=(note,))
    if not entry.small_stem:
        yield _agreed(match, usual, classes, evidence)


def _pretrained_cfg(config: Mapping[str, Any]) -> Mapping[str, Any]:
    found = config.get("pretrained_cfg")
    return found if isinstance(found, Mapping) else {}


def _from_values(values: Mapping[str, Any], base: Preprocessing | None, source: str) -> Found:
    """What a file's own values say: mean and std together; the rest is filled in from what is usual."""
    for _, mapping in mappings(values):
        mean, std = three(mapping.get("mean")), three(mapping.get("std"))
        if mean and std and min(std) > 0:
            return Found(preprocessing=_filled(mapping, mean, std, base), source=source)
    return Found()


def _filled(values: Mapping[str, Any], mean: Three, std: Three, base: Preprocessing | None) -> Preprocessing | None:
    size = next((side for key in _SIZES if (side := _side(values.get(key)))), base.image_size if base else 0)
    if not size:
        return None
    resize = next((side for key in _RESIZES if (side := _side(values.get(key)))), 0)
    share = values.get("crop_pct")
    if not resize and isinstance(share, int | float) and 0.1 < share <= 1:
        resize = int(size / share)
    if not resize and base and base.resize:
        resize = round(size * base.resize / base.image_size)
    return Preprocessing(
        image_size=size,
        mean=mean,
        std=std,
        resize=max(resize, size) if resize else 0,
        interpolation=interpolation(values.get("interpolation")) or (base.interpolation if base else "bilinear"),
        crop="squash" if values.get("crop_mode") == "squash" else "center",
    )


def three(value: Any) -> Three | None:
    """Three numbers from three, or from one for all."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1000 for v in value):
        return None
    return cast(Three, tuple(map(float, value if len(value) == 3 else [*value] * 3)))


def _side(value: Any) -> int:
    """A side in pixels from 224, [224, 224] or [3, 224, 224]."""
    if isinstance(value, list | tuple) and value and number(value[-1]) == number(value[max(0, len(value) - 2)]):
        value = value[-1]
    side = number(value)
    return side if side is not None and 1 <= side <= 4096 else 0


def interpolation(value: Any) -> Interpolation | None:
    """The kind of resizing that a file names, or Pillow's number for it; None for one that we do not have."""
    kinds: dict[Any, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
    name = str(value).lower().rpartition(".")[2]
    return kinds.get(value if isinstance(value, int) else None, name if name in kinds.values() else None)  # type: ignore[arg-type]


def _usual(entry: Entry, classes: int, evidence: Evidence) -> Found:
    """What the library records for an architecture; for weights that it published, those weights' own."""
    if entry.arch == networks.SMALL:
        return Found()
    if entry.is_timm:
        values = timm_networks.defaults(entry.arch)
        found = _from_values(values, None, f"timm's {entry.bare}")
        return replace(found, notes=_assumed(f"timm's {entry.bare}"))
    weights = torchvision_weights.find(entry.arch, evidence.sha256)
    if weights:
        return Found(preprocessing=torchvision_weights.preprocessing(weights), source=f"torchvision's {weights}")
    weights = torchvision_weights.default(entry.arch)
    source = f"torchvision's {str(weights).partition('.')[0]}"
    return Found(preprocessing=torchvision_weights.preprocessing(weights), source=source, notes=_assumed(source))


def _assumed(source: str) -> tuple[str, ...]:
    return (f"The file does not say how images are prepared; what is usual for {source} was assumed.",)


def _agreed(match: Match, usual: Found, classes: int, evidence: Evidence) -> Found:
    """What is usual, unless architectures that cannot be told apart have other means or standard deviations."""
    others = [_usual(entry, classes, evidence).preprocessing for entry in match.alike if match.entry.is_timm]
    own = usual.preprocessing
    named = _is_named(match.entry, evidence)
    if own and not named and any(o and (o.mean, o.std) != (own.mean, own.std) for o in others):
        names = ", ".join(entry.bare for entry in match.alike[:2])
        return Found(notes=(f"{match.entry.bare} and {names} have the same tensors, but normalise differently.",))
    return usual


def _is_named(entry: Entry, evidence: Evidence) -> bool:
    from mpt_studio.engine.recognise.hints import hinted

    return hinted([entry], evidence)[0] is not None


def _sized(found: Preprocessing, match: Match) -> Preprocessing:
    """With the size that the tensors are made for, the resizing kept in proportion."""
    fixed = fixed_size(match)
    if not fixed or found.image_size == fixed:
        return found
    resize = round(found.resize * fixed / found.image_size) if found.resize else 0
    return replace(found, image_size=fixed, resize=resize)


def _checked(chosen: Preprocessing, match: Match) -> Preprocessing:
    fixed = fixed_size(match)
    if fixed and chosen.image_size != fixed:
        raise UserError(
            f"These weights of {match.entry.arch} are made for images of {fixed} pixels, not {chosen.image_size}; "
            "choose that size."
        )
    return chosen


def fixed_size(match: Match) -> int:
    """The only image size that the tensors fit; 0 where any does."""
    arch = match.entry.arch
    if arch.startswith(("vit_", "maxvit")):
        return match.image_size
    if match.entry.is_timm and timm_networks.defaults(arch).get("fixed_input_size"):
        return match.image_size
    return 0
