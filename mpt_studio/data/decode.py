"""Bytes of an image file → (H, W, 3) uint8 RGB, the same on every machine, or a reason why not."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mpt_studio.data import jpeg
from mpt_studio.data.fit import Form, as_form
from mpt_studio.errors import one_sentence

Images = npt.NDArray[np.uint8]
MAX_PIXELS = 100_000_000
"""Larger images are skipped: a small file can unpack to gigabytes."""
MOST_UNEVEN = 200
"""A side may be this many times the other: of a thread of pixels nothing can be seen, and it is no photograph."""
LONGEST_STRIP = 4096
"""Up to this many pixels even a thread is let through."""
LARGE = 20_000_000
"""Images with more pixels are decoded one at a time: several at once could fill the memory."""
_FORMATS = ("JPEG", "MPO", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000")


_one_at_a_time = threading.Lock()


_OTHER_THINGS = (
    (rb"version https://git-lfs", "a git-LFS pointer, not the image; run git lfs pull"),
    (rb".{0,300}annex[/\\]objects[/\\]", "a git-annex pointer, not the image; run git annex get"),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml.{0,2000})?<(!doctype svg|svg)", "a drawing (SVG), not pixels"),
    (rb"(\xef\xbb\xbf)?\s*<(!doc|html|head|body|\?xml)", "a web page, not an image"),
    (rb".{4}ftyp(hei|hev|mif1|msf1)", "a HEIC photo, which is not read; convert it to JPEG"),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "a JPEG XL image, which is not read; convert it to JPEG or PNG"),
    (rb"8BPS", "a Photoshop file, which is not read; export it as PNG"),
    (rb"%PDF", "a PDF document, not an image"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "an archive, not an image; unpack it"),
)
"""First bytes of what is often found in place of an image."""


class BadImage(Exception):  # noqa: N818 - a verdict on a file, not an error of the program
    """The file cannot be used; the message is a reason, such as "truncated"."""


def decode(content: bytes, form: int | Form = 0, *, at_least: int = 0) -> Images:
    """The first frame, upright, over white, as (H, W, 3) uint8.

    Args:
        content: the whole file; its type is found from its bytes.
        form: where not 0, how the result is brought to a size; a size alone is the plain fit.
        at_least: where not 0, both sides may come smaller, but not below this; a JPEG is then decoded much faster.

    Raises:
        BadImage: not an image, an unsupported type, truncated or damaged, or more than ``MAX_PIXELS``.
    """
    wanted = as_form(form) if form else None
    enough = wanted.draft if wanted else at_least
    with _reasons(content), _opened(content) as image:
        if enough:
            image.draft("RGB", (enough, enough))  # JPEG only: at a half, quarter or eighth where that will do
        image.load()
        upright = _rgb(_upright(image))
        return wanted.apply(upright) if wanted else np.asarray(upright)


def check(content: bytes) -> tuple[int, int]:
    """(width, height) of the upright image, once the whole file has been decoded. Raises ``BadImage``."""
    with _reasons(content), _opened(content) as image:
        problem = _hidden_damage(content, image.format or "")
        if problem:
            raise BadImage(problem)
        width, height = image.size
        image.draft("RGB", (1, 1))  # JPEG only: reads all of the file but computes an eighth of the pixels
        image.load()
        _rgb(image)
        return (height, width) if _lies_on_its_side(image) else (width, height)


def fit(image: Images, form: int | Form) -> Images:
    """(H, W, 3) → (size, size, 3), as the fit says, or the whole."""
    return as_form(form).apply(Image.fromarray(image))


@contextlib.contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    image = Image.open(io.BytesIO(content), formats=_supported())
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise BadImage(f"more than {MAX_PIXELS // 1_000_000} million pixels ({image.width}×{image.height})")
    if max(image.size) > max(LONGEST_STRIP, MOST_UNEVEN * min(image.size)):
        raise BadImage(f"absurd size ({image.width}×{image.height})")
    with _one_at_a_time if pixels > LARGE else contextlib.nullcontext():
        yield image


def _hidden_damage(content: bytes, kind: str) -> str:
    """What the decoder would pass over in silence."""
    if kind in ("JPEG", "MPO"):
        return jpeg.damage(content)
    return "truncated" if kind == "WEBP" and _ends_early(content) else ""


def _ends_early(content: bytes) -> bool:
    """Whether space was set aside for the whole file and its end never came, or a WebP file is shorter than it says."""
    if content[:4] == b"RIFF" and len(content) < int.from_bytes(content[4:8], "little") + 8:
        return True
    return content.endswith(bytes(256))


@functools.cache
def _supported() -> tuple[str, ...]:
    """The formats that this Pillow can read; none that starts other programs (EPS)."""
    Image.init()
    for module in ("PIL.Image", "PIL.TiffImagePlugin"):  # what they warn of is judged here: MAX_PIXELS, BadImage
        warnings.filterwarnings("ignore", module=module)
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _lies_on_its_side(image: Image.Image) -> bool:
    """Whether width and height have to be exchanged; of a loaded TIFF they are already."""
    try:
        return image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except Exception:  # as in _upright
        return False


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image), image.mode)).convert("RGB")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: npt.NDArray[Any], mode: str) -> npt.NDArray[np.uint8]:
    """Grey of more than 8 bits, scaled by what its values can mean; Pillow itself would clip it to white or black.

    16-bit by 257. Wider integers and floats by their largest value: up to 1 (floats), 255, 65535; else stretched.
    """
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(numbers.min(initial=0.0)), float(numbers.max(initial=0.0))
    if mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    elif low >= 0:
        limits = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
        low, high = 0.0, next((limit for limit in limits if high <= limit), high)
    return np.round((numbers - low) * (255.0 / ((high - low) or 1.0))).astype(np.uint8)


@contextlib.contextmanager
def _reasons(content: bytes) -> Iterator[None]:
    try:
        yield
    except BadImage:
        raise
    except Exception as error:  # decoders raise nearly every type on damaged files
        raise BadImage(_reason(error, content)) from None


def _reason(error: Exception, content: bytes) -> str:
    if not content:
        return "empty file"
    if isinstance(error, UnidentifiedImageError):
        known = (reason for pattern, reason in _OTHER_THINGS if re.match(pattern, content, re.DOTALL | re.IGNORECASE))
        return next(known, "not an image of a known type" if content.strip(b"\0") else "only zero bytes")
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS // 1_000_000} million pixels"
    if "truncated" in str(error).lower() or _ends_early(content):
        return "truncated"
    if isinstance(error, AssertionError):  # Pillow's only one on reading: colours are numbers in a list that is missing
        return "damaged (no palette)"
    return f"damaged ({one_sentence(str(error) or type(error).__name__, 80)})"
