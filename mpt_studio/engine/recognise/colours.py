"""Mean and standard deviation of images, on either scale and under whatever names, in a file's own values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpt_studio.engine.intake.normaliser import kind_of, plain_key
from mpt_studio.engine.recognise.values import Three, three
from mpt_studio.errors import one_sentence

_PAIRS = frozenset(
    {"normalize", "normalise", "normalization", "norm", "stats", "mean_std", "norm_stats", "imagenet_stats", "img_norm",
     "image_stats", "dataset_stats", "normalize_stats"}
)  # fmt: skip
"""Keys whose value may be a mean and a standard deviation, one after the other."""
_NOTHING = (None, "", "None", "none", "null", "auto", "default")
MOST_QUOTED = 60


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


def divided(source: str) -> str:
    return f"Mean and standard deviation in {source} are of values in 0…255; they were divided by 255."


def quoted(value: Any) -> str:
    """A value of a file as it may be shown."""
    return one_sentence(str(value), MOST_QUOTED)


def says(source: str, *pairs: Any) -> str:
    """Keys and values in turn, quoted."""
    said = " and ".join(f"{quoted(key)} = {quoted(value)}" for key, value in zip(pairs[::2], pairs[1::2], strict=True))
    return f"{source[:1].upper()}{source[1:]} says {said}"


def not_understood(source: str, *pairs: Any) -> str:
    return f"{says(source, *pairs)}, which is not understood here."


class Colours:
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
            if (kind := kind_of(key)) and not is_nothing(value):
                halves.setdefault(kind[0], {})[kind[1]] = (f"{where}.{key}".lstrip("."), value)
            elif plain_key(key) in _PAIRS and (pair := _pair(value)):
                halves[plain_key(key)] = {"mean": (f"{where}.{key}", pair[0]), "std": (f"{where}.{key}", pair[1])}
            elif _is_blue_first(key, value):
                said = says(self.source, key, value)
                self.odd.append(f"{said}: blue comes first; swap the input channels of the first convolution.")
        for half in halves.values():
            self._add(half)
        return bool(halves)

    def _add(self, half: dict[str, tuple[str, Any]]) -> None:
        numbers = {name: three(value) for name, (_, value) in half.items()}
        mean, std = numbers.get("mean"), numbers.get("std")
        pair = in_unit_range(mean, std) if mean and std else None
        only = next(iter(half.values()))
        if len(half) == 1 and isinstance(only[1], int | float):  # the mean of anything
            self.unused.append(f"{says(self.source, *only)}, which was not used.")
            return
        if pair is None:
            said = not_understood(self.source, *(part for said in half.values() for part in said))
            self.odd.append(said if len(half) == 2 else f"{said.rstrip('.')} without the other of mean and std.")
            return
        self.scaled |= pair != (mean, std)
        self.pairs.append((" and ".join(quoted(where) for where, _ in half.values()), *pair))

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
        return (*self.unused, *((divided(self.source),) if self.scaled else ()))


def is_nothing(value: Any) -> bool:
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
