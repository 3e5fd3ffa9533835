"""Options about a version that does not say everything of itself, shared by the commands that take one."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from mpt_studio import jobs, paths
from mpt_studio.checkpoint import Crop, Interpolation
from mpt_studio.errors import UsageError, UserError, one_sentence
from mpt_studio.reading import Choices

MOST_BYTES = 16 << 20


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
    classes: Annotated[str, tyro.conf.arg(metavar="FILE|a,b,c")] = ""
    """Class names in the order of the outputs: a file with one per line (or JSON), or names with commas."""
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
            class_names=class_list(self.classes) if self.classes else (),
        )
        names = ("image_size", "resize", "mean", "std", "interpolation", "crop")
        changes = {name: value for name in names if (value := getattr(self, name)) not in (None, 0)}
        return jobs.with_preprocessing(session, path, said, changes) if changes else said


def class_list(text: str) -> tuple[str, ...]:
    """Names in a file, or separated by commas. Raises ``UsageError`` where one is there twice or none is."""
    path = Path(text).expanduser()
    names = _in_file(path) if paths.is_file(path) else _separated(text)
    if not names:
        raise UsageError(f"--classes {one_sentence(text, 80)} names no classes.")
    double = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if double is not None:
        raise UsageError(f"--classes names {one_sentence(double, 60)!r} twice; every output has a name of its own.")
    return names


def _separated(text: str) -> tuple[str, ...]:
    if Path(text).suffix.lower() in (".txt", ".json", ".csv"):
        raise UserError(f"There is no file {one_sentence(text, 150)}.")
    return tuple(name.strip() for row in csv.reader([text], skipinitialspace=True) for name in row if name.strip())


def _in_file(path: Path) -> tuple[str, ...]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path} is too large for a list of class names.")
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".json":
            return _of_json(json.loads(text))
    except (OSError, ValueError, RecursionError):
        raise UserError(f"{one_sentence(str(path))} is no UTF-8 file with one class name per line, nor JSON.") from None
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _of_json(value: Any) -> tuple[str, ...]:
    """A list of names, {name: index} or {index: name}. Raises ``ValueError`` for anything else."""
    if isinstance(value, list):
        pairs = [(index, name) for index, name in enumerate(value)]
    elif isinstance(value, dict) and all(type(number) is int for number in value.values()):
        pairs = [(number, name) for name, number in value.items()]
    elif isinstance(value, dict):
        pairs = [(int(number), name) for number, name in value.items()]
    else:
        raise ValueError("no list of names")
    ordered = sorted(pairs, key=lambda pair: pair[0])
    if [number for number, _ in ordered] != list(range(len(ordered))) or not all(
        isinstance(n, str) for _, n in ordered
    ):
        raise ValueError("the numbers of the names have holes")
    return tuple(name for _, name in ordered)
