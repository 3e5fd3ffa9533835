"""What a file's own values say of how images are prepared, under whatever names and in whatever form.

One rule for every door: files of weights, ``config.json``, the metadata of ONNX graphs. What is there and understood is
taken where all of it agrees; what is there and not understood is quoted, and a person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mpt_studio.checkpoint import Crop, Interpolation, Preprocessing
from mpt_studio.engine.intake.normaliser import plain_key
from mpt_studio.engine.recognise.colours import (
    Colours,
    divided,
    in_unit_range,
    is_nothing,
    not_understood,
    quoted,
    says,
)
from mpt_studio.engine.recognise.evidence import mappings
from mpt_studio.engine.recognise.values import FoundPreprocessing, Three, in_our_words, interpolation, sides_of

_SIZES = (
    "val_crop_size", "test_crop_size", "eval_crop_size", "image_size", "img_size", "im_size", "input_size", "crop_size",
    "imgsz", "image_shape", "img_shape", "input_shape", "input_resolution", "image_resolution", "img_dim", "image_dim",
    "train_crop_size",
)  # fmt: skip
"""Most telling first."""
_SIZES_BESIDE_MEANS = ("resolution", "size")
_RESIZES = ("val_resize_size", "test_resize_size", "resize_size", "resize", "resize_short", "scale_size")
_SHARES = ("crop_pct", "test_crop_pct", "crop_ratio")
_KINDS = ("interpolation", "test_interpolation", "val_interpolation", "interpolation_mode")
_OF_OTHERS = re.compile(
    r"metric|acc|loss|score|histor|result|target|optim|sched|text|audio|time|latenc|bench|bbox|anchor|reward"
)
"""Of names under which a mean is not that of images."""
_STEPS = re.compile(r"transform|pipeline|preproc|augment")
"""Of names under which sizes of steps stand, which alone do not tell the size of the input."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What some values say; None and 0 where they do not."""

    whole: Preprocessing | None = None
    """In our own words."""
    mean: Three | None = None
    std: Three | None = None
    size: int = 0
    resize: int = 0
    share: float = 0
    """Of the resized image that the crop keeps, as timm says it."""
    interpolation: Interpolation | None = None
    crop: Crop | None = None
    notes: tuple[str, ...] = ()
    unclear: str = ""
    """What is there and cannot be taken, as a sentence; then a person has to say how images are prepared."""

    def completed(self, base: Preprocessing | None) -> Preprocessing | None:
        """The rest as in ``base``; None where that lacks and is needed."""
        mean, std = self.mean or (base and base.mean), self.std or (base and base.std)
        size = self.size or (base.image_size if base else 0)
        if self.whole or not (mean and std and size):
            return self.whole
        resize = self.resize or self._from_share(size) or (base.sized(size).resize if base else 0)
        return Preprocessing(
            image_size=size,
            mean=mean,
            std=std,
            resize=max(resize, size) if resize else 0,
            interpolation=self.interpolation or (base.interpolation if base else "bilinear"),
            crop=self.crop or "center",
        )

    def _from_share(self, size: int) -> int:
        return int(size / self.share) if self.share else 0

    def unsaid(self, made: Preprocessing) -> tuple[str, ...]:
        """What ``completed`` took from ``base``, for people."""
        if self.whole:
            return ()
        parts = (
            "" if self.mean else "mean and standard deviation",
            "" if self.size else f"{made.image_size} pixels",
            "" if not made.resize or self.resize or self.share else f"resized to {made.resize} before the crop",
            "" if self.interpolation else made.interpolation,
        )
        return tuple(part for part in parts if part)


def found_in(values: Mapping[str, Any], base: Preprocessing | None, source: str) -> FoundPreprocessing:
    """The preprocessing that values with a mean and a standard deviation tell; a note alone where a person is asked."""
    told = read(values, source)
    made = told.completed(base) if told.mean or told.whole else None
    if told.unclear or made is None:
        return FoundPreprocessing(notes=(told.unclear,) if told.unclear else ())
    return FoundPreprocessing(preprocessing=made, source=source, notes=(*told.notes, *left_open(told, made, source)))


def left_open(told: Told, made: Preprocessing, source: str) -> tuple[str, ...]:
    """A note on what was filled in."""
    assumed = ", ".join(told.unsaid(made))
    if not assumed:
        return ()
    return (f"Of how images are prepared {source} does not say everything: {assumed} was assumed, as is usual.",)


def read(values: Mapping[str, Any], source: str) -> Told:
    """What the values say, wherever in them it lies."""
    every = [(where, mapping) for where, mapping in mappings(values) if not _OF_OTHERS.search(where.lower())]
    whole = next((made for _, mapping in every if (made := in_our_words(mapping))), None)
    colours = Colours(source)
    telling = [(where, mapping) for where, mapping in every if colours.look(where, mapping)]
    told = Told(mean=colours.mean, std=colours.std, notes=colours.notes(), unclear=colours.unclear())
    if whole:
        return _checked(whole, source)
    known = {id(mapping) for _, mapping in telling}
    order = [*telling, *(entry for entry in every if id(entry[1]) not in known)]
    beside = [mapping for _, mapping in telling]
    return _with_geometry(told, order, beside, source)


def _checked(whole: Preprocessing, source: str) -> Told:
    scaled = in_unit_range(whole.mean, whole.std)
    if scaled is None:
        return Told(unclear=not_understood(source, "mean", whole.mean, "std", whole.std))
    mean, std = scaled
    notes = () if (mean, std) == (whole.mean, whole.std) else (divided(source),)
    return Told(whole=replace(whole, mean=mean, std=std), notes=notes)


Entries = list[tuple[str, Mapping[str, Any]]]


def _with_geometry(told: Told, order: Entries, beside: list[Mapping[str, Any]], source: str) -> Told:
    """Sizes and kinds of resizing; those beside the means first."""
    notes, unclear = list(told.notes), told.unclear
    sizes = _values(order, _SIZES) + _values([("", mapping) for mapping in beside], _SIZES_BESIDE_MEANS)
    usable = [(key, sides[0]) for key, value in sizes if len(set(sides := sides_of(value))) == 1]
    if sizes and not usable:
        key, value = sizes[0]
        square = f"{says(source, key, value)}; only square images can be given to it here."
        unclear = unclear or (square if len(sides_of(value)) == 2 else not_understood(source, key, value))
    known = {id(mapping) for mapping in beside}
    steps = [(where, mapping) for where, mapping in order if _STEPS.search(where) and id(mapping) not in known]
    notes += [f"{says(source, *said)}, which was not used." for said in _values(steps, ("size",))[:3]]
    taken = usable[0] if usable else ("", 0)
    others = [f"{quoted(k)} = {quoted(s)}" for k, s in usable[1:] if s != taken[1] and not k.startswith("train")]
    if others:
        notes.append(f"Of sizes {source} says {taken[0]} = {taken[1]}, which was taken, and {', '.join(others[:2])}.")
    resize, share = _first(order, _RESIZES, _longer), _first(order, _SHARES, _share)
    kind, crop = _first(order, _KINDS, interpolation), _first(order, ("crop_mode",), _crop)
    for found in (resize, share, kind, crop):
        notes += [f"{says(source, *found.odd)}, which is not known here and was not used."] if found.odd else []
    return replace(
        told, size=taken[1], resize=resize.value or 0, share=share.value or 0, interpolation=kind.value,
        crop=crop.value, notes=tuple(notes), unclear=unclear,
    )  # fmt: skip


def _values(order: Entries, keys: tuple[str, ...]) -> list[tuple[str, Any]]:
    """What stands under the keys, mapping by mapping, in each in the order of the keys."""

    def in_one(mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        named = {plain_key(key): value for key, value in mapping.items()}
        said = [(key, named[key]) for key in keys if key in named]
        yield from ((key, value) for key, value in said if _may_be_size(value))

    return [entry for _, mapping in order for entry in in_one(mapping)]


def _may_be_size(value: Any) -> bool:
    """Whether there is anything but a switch, or a mapping that is about something else."""
    return not (is_nothing(value) or isinstance(value, bool) or (isinstance(value, Mapping) and not sides_of(value)))


@dataclass(frozen=True)
class _One:
    value: Any = None
    odd: tuple[str, Any] | None = None


def _first(order: Entries, keys: tuple[str, ...], understood: Any) -> _One:
    """The first value that is understood; else the first that is not."""
    said = _values(order, keys)
    good = next((made for _, value in said if (made := understood(value))), None)
    return _One(good) if good or not said else _One(odd=said[0])


def _longer(value: Any) -> int:
    """The shorter side's length; -1 stands for as long as it gets."""
    if isinstance(value, list | tuple):
        value = [part for part in value if part != -1]
    sides = sides_of(value)
    return sides[0] if len(set(sides)) == 1 else 0


def _share(value: Any) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    return float(number) if 0.1 < number <= 1 else 0.0


def _crop(value: Any) -> Crop | None:
    return {"center": "center", "squash": "squash"}.get(str(value).lower())  # type: ignore[return-value]
