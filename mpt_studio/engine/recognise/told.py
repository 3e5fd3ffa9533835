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
from mpt_studio.engine.intake.normaliser import kind_of, plain_key
from mpt_studio.engine.recognise.evidence import mappings
from mpt_studio.engine.recognise.values import FoundPreprocessing, Three, in_our_words, interpolation, sides_of, three
from mpt_studio.errors import one_sentence

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
_PAIRS = frozenset(
    {"normalize", "normalise", "normalization", "norm", "stats", "mean_std", "norm_stats", "imagenet_stats", "img_norm",
     "image_stats", "dataset_stats", "normalize_stats"}
)  # fmt: skip
"""Keys whose value may be a mean and a standard deviation, one after the other."""
_OF_OTHERS = re.compile(
    r"metric|acc|loss|score|histor|result|target|optim|sched|text|audio|time|latenc|bench|bbox|anchor|reward"
)
"""Of names under which a mean is not that of images."""
_NOTHING = (None, "", "None", "none", "null", "auto", "default")
MOST_QUOTED = 60


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
    colours = _Colours(source)
    telling = [(where, mapping) for where, mapping in every if colours.look(where, mapping)]
    told = Told(mean=colours.mean, std=colours.std, notes=colours.notes(), unclear=colours.unclear())
    if whole:
        return _checked(whole, source)
    order = [*telling, *(entry for entry in every if entry not in telling)]
    beside = [mapping for _, mapping in telling]
    return _with_geometry(told, order, beside, source)


def _checked(whole: Preprocessing, source: str) -> Told:
    scaled = in_unit_range(whole.mean, whole.std)
    if scaled is None:
        return Told(unclear=_not_understood(source, "mean", whole.mean, "std", whole.std))
    mean, std = scaled
    notes = () if (mean, std) == (whole.mean, whole.std) else (_divided(source),)
    return Told(whole=replace(whole, mean=mean, std=std), notes=notes)


def in_unit_range(mean: Three, std: Three) -> tuple[Three, Three] | None:
    """Mean and standard deviation of values in 0…1, where these are of such or of values in 0…255; None for a mixture.

    Means that are all 0 and deviations that are all 1 (subtract only, as Caffe does) are of either scale.
    """
    large = max(map(abs, mean)), max(std)
    if min(std) <= 0:
        return None
    if large[0] <= 2 and large[1] <= 2:
        return (mean, std) if min(std) >= 0.01 else None
    if (large[0] <= 2 and any(mean)) or (large[1] <= 2 and set(std) != {1.0}) or max(large) > 510:
        return None
    by_255 = [(a / 255, b / 255, c / 255) for a, b, c in (mean, std)]
    return by_255[0], by_255[1]


def _divided(source: str) -> str:
    return f"Mean and standard deviation in {source} are of values in 0…255; they were divided by 255."


def quoted(value: Any) -> str:
    """A value of a file as it may be shown."""
    return one_sentence(str(value), MOST_QUOTED)


def _not_understood(source: str, *pairs: Any) -> str:
    said = " and ".join(f"{quoted(key)} = {quoted(value)}" for key, value in zip(pairs[::2], pairs[1::2], strict=True))
    return f"{source[:1].upper()}{source[1:]} says {said}, which is not understood here."


class _Colours:
    """Mean and standard deviation: every pair that the values hold, and whatever looks like half of one."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pairs: list[tuple[str, Three, Three]] = []
        self.odd: list[str] = []
        self.unused: list[str] = []
        self.scaled = False

    def look(self, where: str, mapping: Mapping[str, Any]) -> bool:
        """Whether there is anything of it in a mapping."""
        halves: dict[str, dict[str, tuple[str, Any]]] = {}
        for key, value in mapping.items():
            if (kind := kind_of(key)) and not _is_nothing(value):
                halves.setdefault(kind[0], {})[kind[1]] = (f"{where}.{key}".lstrip("."), value)
            elif plain_key(key) in _PAIRS and (pair := _pair(value)):
                halves[plain_key(key)] = {"mean": (f"{where}.{key}", pair[0]), "std": (f"{where}.{key}", pair[1])}
            elif _is_blue_first(key, value):
                self.odd.append(
                    f"{self._said(key, value)}: blue comes first; swap the input channels of the first convolution."
                )
        for half in halves.values():
            self._add(half)
        return bool(halves)

    def _add(self, half: dict[str, tuple[str, Any]]) -> None:
        numbers = {name: three(value) for name, (_, value) in half.items()}
        mean, std = numbers.get("mean"), numbers.get("std")
        pair = in_unit_range(mean, std) if mean and std else None
        only = next(iter(half.values()))
        if len(half) == 1 and isinstance(only[1], int | float):  # the mean of anything
            self.unused.append(f"{self._said(*only)}, which was not used.")
            return
        if pair is None:
            said = _not_understood(self.source, *(part for said in half.values() for part in said))
            self.odd.append(said if len(half) == 2 else f"{said.rstrip('.')} without the other of mean and std.")
            return
        self.scaled |= pair != (mean, std)
        self.pairs.append((" and ".join(quoted(where) for where, _ in half.values()), *pair))

    def _said(self, key: Any, value: Any) -> str:
        return f"{self.source[:1].upper()}{self.source[1:]} says {quoted(key)} = {quoted(value)}"

    @property
    def mean(self) -> Three | None:
        return self.pairs[0][1] if self.pairs else None

    @property
    def std(self) -> Three | None:
        return self.pairs[0][2] if self.pairs else None

    def unclear(self) -> str:
        other = next((pair for pair in self.pairs if not _alike(pair, self.pairs[0])), None)
        if self.odd:
            return self.odd[0]
        if other is None:
            return ""
        first = self.pairs[0]
        return (
            f"{self.source[:1].upper()}{self.source[1:]} normalises in two ways: {first[0]} say {_short(first)}, "
            f"{other[0]} say {_short(other)}."
        )

    def notes(self) -> tuple[str, ...]:
        return (*self.unused, *((_divided(self.source),) if self.scaled else ()))


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in _NOTHING) or value in ([], {}, ())


def _pair(value: Any) -> tuple[Any, Any] | None:
    both = value if isinstance(value, list | tuple) and len(value) == 2 else ()
    return (both[0], both[1]) if both and all(isinstance(part, list | tuple) and three(part) for part in both) else None


def _is_blue_first(key: Any, value: Any) -> bool:
    name, said = plain_key(key), str(value).lower()
    if name in ("to_rgb", "bgr_to_rgb"):
        return value is False
    return (name in ("input_space", "channel_order", "color_order", "color_space") and said == "bgr") or (
        name in ("bgr", "to_bgr", "rgb_to_bgr", "is_bgr", "use_bgr") and value is True
    )


def _alike(one: tuple[str, Three, Three], other: tuple[str, Three, Three]) -> bool:
    pairs = zip((*one[1], *one[2]), (*other[1], *other[2]), strict=True)
    return all(abs(a - b) < 2e-3 for a, b in pairs)


def _short(pair: tuple[str, Three, Three]) -> str:
    return "mean {:.3g} {:.3g} {:.3g}, std {:.3g} {:.3g} {:.3g}".format(*pair[1], *pair[2])


Entries = list[tuple[str, Mapping[str, Any]]]


def _with_geometry(told: Told, order: Entries, beside: list[Mapping[str, Any]], source: str) -> Told:
    """Sizes and kinds of resizing; those beside the means first."""
    notes, unclear = list(told.notes), told.unclear
    sizes = _values(order, _SIZES) + _values([("", mapping) for mapping in beside], _SIZES_BESIDE_MEANS)
    usable = [(key, sides[0]) for key, value in sizes if len(set(sides := sides_of(value))) == 1]
    if sizes and not usable:
        key, value = sizes[0]
        square = "; only square images can be given to it here" if len(sides_of(value)) == 2 else ""
        unclear = unclear or _not_understood(source, key, value).rstrip(".") + square + "."
    taken = usable[0] if usable else ("", 0)
    others = [f"{quoted(k)} = {quoted(s)}" for k, s in usable[1:] if s != taken[1] and not k.startswith("train")]
    if others:
        notes.append(f"Of sizes {source} says {taken[0]} = {taken[1]}, which was taken, and {', '.join(others[:2])}.")
    resize, share = _first(order, _RESIZES, _longer), _first(order, _SHARES, _share)
    kind, crop = _first(order, _KINDS, interpolation), _first(order, ("crop_mode",), _crop)
    for found in (resize, share, kind, crop):
        notes += [f"{_not_understood(source, *found.odd).rstrip('.')} and was not used."] if found.odd else []
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
    return not (_is_nothing(value) or isinstance(value, bool) or (isinstance(value, Mapping) and not sides_of(value)))


@dataclass(frozen=True)
class _One:
    value: Any = None
    odd: tuple[str, Any] = ("", None)


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
