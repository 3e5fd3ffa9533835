"""Image files to pixels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import decode
from mpt_studio.data.decode import BadImage


def packed(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def grey(values: list[list[float]], dtype: str) -> Image.Image:
    return Image.fromarray(np.array(values, dtype=dtype))


def first_row(content: bytes) -> list[int]:
    return decode.decode(content)[0, :, 0].tolist()


def test_that_transparent_pixels_become_white() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 255))
    assert decode.decode(packed(image)).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_that_a_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((1, 0), 1)
    assert decode.decode(packed(image, transparency=0)).tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_that_16_bit_grey_keeps_its_shades() -> None:
    assert first_row(packed(grey([[0, 257, 32896, 65535]], "uint16"))) == [0, 1, 128, 255]
    assert first_row(packed(grey([[0, 257, 32896, 65535]], "uint16"), "TIFF")) == [0, 1, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 200.0], [0, 100, 200]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([float("nan"), 0.0, 1.0], [0, 0, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
    ],
)
def test_that_float_grey_is_scaled_by_what_its_values_can_mean(values: list[float], expected: list[int]) -> None:
    assert first_row(packed(grey([values], "float32"), "TIFF")) == expected


def test_that_32_bit_grey_is_scaled() -> None:
    assert first_row(packed(grey([[0, 100, 200]], "int32"), "TIFF")) == [0, 100, 200]
    assert first_row(packed(grey([[0, 65535]], "int32"), "TIFF")) == [0, 255]


def test_that_a_rotated_photo_is_upright() -> None:
    image = Image.new("RGB", (16, 8))
    image.getexif()[0x0112] = 6
    exif = image.getexif()
    content = packed(image, "JPEG", exif=exif)
    assert decode.decode(content).shape == (16, 8, 3)
    assert decode.check(content) == (8, 16)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_that_every_usual_mode_gives_three_channels(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    pixels = decode.decode(packed(Image.new(mode, (5, 3)), kind))
    assert (pixels.shape, pixels.dtype) == ((3, 5, 3), np.uint8)


def test_that_only_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    content = packed(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode.decode(content)[0, 0].tolist() == [255, 0, 0]


def test_that_another_size_is_cut_from_the_centre() -> None:
    pixels = np.zeros((4, 12, 3), dtype=np.uint8)
    pixels[:, 4:8] = 200
    assert (decode.fit(pixels, 4) == 200).all()
    assert (decode.decode(packed(Image.fromarray(pixels)), 4) == 200).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_that_a_torn_file_is_never_taken_for_whole(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = packed(Image.fromarray(noise), kind)
    for length in (0, 3, 20, len(whole) // 2, len(whole) - 40):
        for look in (decode.check, decode.decode):
            with pytest.raises(BadImage) as caught:
                look(whole[:length])
            assert str(caught.value).isprintable()


@pytest.mark.filterwarnings("ignore")
def test_that_a_small_file_with_billions_of_pixels_is_refused_at_once() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    for side in (13_000, 100_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
        with pytest.raises(BadImage, match="more than 100 million pixels"):
            decode.check(bomb)


def test_that_postscript_is_not_opened() -> None:
    with pytest.raises(BadImage, match="not an image of a known type"):
        decode.check(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n")
