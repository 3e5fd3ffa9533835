"""What a weights file is: architecture, class names, preprocessing, origin. The weights stay on disk.

Our files are ``.safetensors`` whose header holds one JSON text under the key ``mpt_studio``, or ONNX graphs whose
metadata hold the same. Reading it needs no torch.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mpt_studio.errors import Damaged, UserError, one_sentence
from mpt_studio.files import onnx_header, tensor_header
from mpt_studio.files.plain import sha256_of
from mpt_studio.made_of import made_of

FORMAT = 1
MOST_CLASSES, MOST_NAME = 100_000, 1000
MOST_SIDE = 4096
"""Pixels of an image's side."""
MOST_WHOLE = 64
"""Pixels of an image's side up to which nobody enlarges images only to cut off their borders."""
MOST_MEAN = 1000.0
HEADER_KEY = onnx_header.KEY
SHA256_KEY = "content_sha256"
"""Inside our one header entry: safetensors writes several in an order that changes from run to run."""

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Crop = Literal["center", "squash"]


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a uint8 image becomes the network's input: resized, cropped, scaled to 0…1, normalised."""

    image_size: int
    """Side of the square input in pixels."""
    mean: tuple[float, float, float]
    """Per channel, of values in 0…1."""
    std: tuple[float, float, float]
    resize: int = 0
    """Length of the shorter side, in pixels, before the centre crop; 0 is ``image_size``."""
    interpolation: Interpolation = "bicubic"
    """With antialiasing, as Pillow does it."""
    crop: Crop = "center"
    """"squash" resizes both sides to ``image_size`` and cuts nothing."""

    def sized(self, image_size: int) -> Preprocessing:
        """The same for another size, the resizing kept in proportion; small images are taken whole, as is usual."""
        if image_size == self.image_size:
            return self
        whole = not self.resize or image_size <= MOST_WHOLE
        return replace(
            self, image_size=image_size, resize=0 if whole else round(image_size * self.resize / self.image_size)
        )


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A version's weights file, described."""

    path: str = ""
    architecture: str
    """"small", a torchvision name, "timm/NAME", or "onnx" for a graph that can only be evaluated."""
    small_stem: bool
    class_names: tuple[str, ...]
    """In the order of the head's outputs."""
    preprocessing: Preprocessing
    method: str = ""
    role: str = ""
    run: str = ""
    data_fingerprint: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    """Figures known when it was saved, such as {"validation_accuracy": 0.91, "epoch": 12}."""
    start: str = ""
    """Whose weights its training began with; "scratch", or empty where it is not known."""
    start_sha256: str = ""
    source: str = ""
    """The foreign file that this one was made from, as it was named; empty for versions trained here."""
    source_sha256: str = ""
    """Of that file's own content, where it is known."""
    notes: tuple[str, ...] = ()
    """What was found in the foreign file and how it was taken, one sentence each."""
    format: int = FORMAT

    @property
    def name(self) -> str:
        """What people call the file: that which it was made from, where there is one."""
        return self.source or Path(self.path).name

    def header(self) -> dict[str, str]:
        """The safetensors metadata that ``read_checkpoint`` understands."""
        return {HEADER_KEY: json.dumps({k: v for k, v in asdict(self).items() if k != "path"}, ensure_ascii=False)}

    def labels(self) -> str:
        """One class a line, in the order of the outputs. Raises ``UserError`` for a name that is no line."""
        odd = next((name for name in self.class_names if set(name) & set("\r\n")), None)
        if odd is not None:
            raise UserError(
                f"The class name {one_sentence(odd, 60)!r} has a line break, so it cannot be one line of a file."
            )
        return "".join(f"{name}\n" for name in self.class_names)

    def sha256(self) -> str:
        """Hex SHA-256 of the file."""
        return sha256_of(Path(self.path))

    def origin_sha256(self) -> str:
        """Of the foreign file that it was made from, else of its own."""
        return self.source_sha256 or self.sha256()


def has_our_header(path: Path) -> bool:
    """Whether a file says in its first bytes that this program wrote it. True also for ours that are damaged."""
    try:
        if not path.is_file():
            return False
        if _is_onnx(path):
            return onnx_header.read_header(path) is not None
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            return size <= tensor_header.MOST_BYTES and f'"{HEADER_KEY}":'.encode() in stream.read(min(size, 1 << 16))
    except (OSError, UserError):
        return False


def check_content(path: Path) -> None:
    """Compare one of our files with the checksum in its header; reads all of it. Raises ``UserError``."""
    if _is_onnx(path) and not onnx_header.is_sealed(path.read_bytes()):
        raise Damaged(f"{path} is damaged: its content does not match its checksum; use another copy.")
    if not _is_onnx(path):
        values_in(path)


def values_in(path: Path) -> dict[str, Any]:
    """The plain values in a ``.safetensors`` file of ours, weights or a resume state; reads all of it.

    Raises ``Damaged`` where anything in it is not what was written.
    """
    if not path.is_file():  # a pipe would be waited for
        raise Damaged(f"{path} is damaged (it is no file); use another copy.")
    try:
        header = tensor_header.read_header(path)
        (text,) = header.metadata.values()
        values = json.loads(text)
        whole = header.is_canonical() and values.pop(SHA256_KEY, "") == tensor_header.content_sha256(
            path, header.places, values
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{path} is damaged ({one_sentence(str(error), 120)}); use another copy.") from None
    if not whole:
        raise Damaged(f"{path} is damaged: its content does not match its checksum; use another copy.")
    return dict(values)


def read_checkpoint(path: Path) -> Checkpoint:
    """Describe one of our weights files from its header alone. Raises ``UserError`` for anything else."""
    if not path.exists():
        raise UserError(f"There is no checkpoint at {path}.")
    text = onnx_header.read_header(path) if _is_onnx(path) else _safetensors_text(path)
    if text is None:
        raise UserError(
            f"{path} has no MPT Studio header, so its classes are unknown; train it here or convert it first."
        )
    return described(path, text)


def _is_onnx(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as stream:
            return onnx_header.looks_like_onnx(stream.read(16))
    except OSError:  # the safetensors reader has the sentence
        return False


def _safetensors_text(path: Path) -> str | None:
    if not path.is_file():
        raise UserError(f"{path} is not a readable .safetensors file (it is no file).")
    try:
        header = tensor_header.read_header(path)
    except tensor_header.Unreadable as error:
        raise UserError(f"{path} is not a readable .safetensors file (it {error}).") from None
    except OSError as error:
        raise UserError(f"{path} is not a readable .safetensors file ({error.strerror or error}).") from None
    if HEADER_KEY in header.metadata and not header.is_canonical():
        raise UserError(f"{path} is damaged: its header was changed after it was written; use another copy.")
    return header.metadata.get(HEADER_KEY)


def described(path: Path, text: str) -> Checkpoint:
    """The header's text, checked, of the file in ``path``. Raises ``UserError``."""
    try:
        values = json.loads(text)
        if int(values.get("format", 0)) > FORMAT:
            raise UserError(f"{path} was written by a newer MPT Studio; update the program to read it.")
        if json.dumps(values, ensure_ascii=False) != text:
            raise ValueError("it was changed after it was written")
        return _sensible(made_of(Checkpoint, {**values, "path": str(path)}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"The header of {path} is damaged ({error}).") from None


def _sensible(made: Checkpoint) -> Checkpoint:
    """Refuse values that no version of ours has: who can write a file can write any header, checksum and all.

    Names are shown in terminals and become parts of file names; sizes become memory. Raises ``ValueError``.
    """
    given, images = (made.architecture, made.method, made.role, made.run, made.data_fingerprint), made.preprocessing
    if any(len(text) > MOST_NAME for text in (*made.class_names, *given)) or len(made.class_names) > MOST_CLASSES:
        raise ValueError("its names are too long or too many")
    texts = (*made.class_names, *given, made.source, *made.notes)
    if any(unicodedata.category(c) == "Cc" for text in texts for c in text):
        raise ValueError("its names hold control characters")
    if made.run != Path(made.run).name or made.run.startswith("."):
        raise ValueError("its run is no name")
    if not 1 <= images.image_size <= MOST_SIDE or not 0 <= images.resize <= MOST_SIDE:
        raise ValueError(f"its images are not of 1 to {MOST_SIDE} pixels")
    if not all(abs(value) <= MOST_MEAN for value in (*images.mean, *images.std)) or min(images.std) <= 0:
        raise ValueError("its mean and standard deviation are no such numbers")
    return made
