"""Options about a version that does not say everything of itself, shared by the commands that take one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from mpt_studio import jobs
from mpt_studio.checkpoint import Crop, Interpolation
from mpt_studio.errors import one_sentence
from mpt_studio.files.class_lists import class_list
from mpt_studio.reading import Choices


def _three_numbers(words: list[str]) -> tuple[float, ...]:
    """Raises ``ValueError``, which the parser shows beside the option's name."""
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise ValueError(f"it takes three numbers, but was given {one_sentence(' '.join(words), 80)}.") from None


Three = Annotated[
    tuple[float, float, float] | None,
    tyro.constructors.PrimitiveConstructorSpec(
        nargs=3,
        metavar="R G B",
        instance_from_str=_three_numbers,
        is_instance=lambda value: isinstance(value, tuple) and len(value) == 3,
        str_from_instance=lambda value: ["None"] if value is None else [f"{number:g}" for number in value],
    ),
]
"""One number per channel. Three values by themselves: of a union with None, the parser tells in its own markup what
did not fit, and takes the words after the third one too."""


@dataclass(frozen=True, kw_only=True)
class VersionOptions:
    """What a person says about a version; it is remembered by the content of the file, so that once is enough."""

    arch: str = ""
    """The version's architecture, where its file fits several: a torchvision name or timm/NAME."""
    small_stem: Literal["auto", "on", "off"] = "auto"
    """Whether the version has the stem for small images; auto: as its file says."""
    weights: Literal["raw", "ema"] | None = None
    """Which weights to take of a version whose file holds both: those trained last, or their average."""
    classes: Annotated[str, tyro.conf.arg(metavar="FILE|a,b,c")] = ""
    """Class names in the order of the outputs: a file with one per line (or CSV, JSON), or names with commas."""
    image_size: int = 0
    """Side of the version's square input in pixels."""
    resize: int = 0
    """Length of the shorter side before the centre crop."""
    mean: Three = None
    """Per channel, of values in 0…1, as in --mean 0.485 0.456 0.406."""
    std: Three = None
    """Per channel, of values in 0…1."""
    interpolation: Interpolation | None = None
    """How images are resized."""
    crop: Crop | None = None
    """center cuts the middle out; squash resizes both sides and cuts nothing."""

    def choices(self, session: jobs.Session, path: Path) -> Choices:
        """What was said, completed where only a part of the preprocessing was. Raises ``UserError``."""
        said = Choices(
            arch=self.arch,
            small_stem=None if self.small_stem == "auto" else self.small_stem == "on",
            weights=self.weights or "",
            class_names=class_list(self.classes),
        )
        names = ("image_size", "resize", "mean", "std", "interpolation", "crop")
        changes = {name: value for name in names if (value := getattr(self, name)) not in (None, 0)}
        return jobs.with_preprocessing(session, path, said, changes) if changes else said
