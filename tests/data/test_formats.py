"""What a viewer shows is what a version sees: depth, colour, transparency and rotation of the usual formats."""

from __future__ import annotations

import io

import numpy as np
import pytest
from odd_files import chunk, packed
from PIL import Image

from mpt_studio.data import decode

RAMP = np.tile(np.linspace(0, 65535, 512).astype(np.uint16), (2, 1))


def levels(content: bytes) -> int:
    return len(np.unique(decode.decode(content)[..., 0]))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_that_a_16_bit_ramp_keeps_its_levels(kind: str) -> None:
    assert levels(packed(Image.fromarray(RAMP), kind)) >= 250


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_that_16_bit_png_of_every_colour_type_keeps_its_levels(colour: int, channels: int) -> None:
    pixels = np.repeat(RAMP[..., None], channels, axis=2)
    if channels in (2, 4):
        pixels[..., -1] = 65535
    assert levels(deep_png(pixels, colour)) >= 250


def test_that_16_bit_colour_tiff_keeps_its_levels() -> None:
    assert levels(deep_tiff(np.repeat(RAMP[..., None], 3, axis=2))) >= 250


def test_that_a_transparent_16_bit_grey_is_over_white() -> None:
    pixels = np.zeros((2, 512, 2), np.uint16)
    assert (decode.decode(deep_png(pixels, 4)) == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_that_the_eight_orientations_give_one_picture(kind: str) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24], upright[:16, 24:], upright[16:, :24] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    turn = Image.Transpose
    stored = {
        1: None, 2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
    }  # fmt: skip
    for orientation, how in stored.items():
        image = Image.fromarray(upright) if how is None else Image.fromarray(upright).transpose(how)
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
        content = packed(image, kind, exif=exif, **options)
        seen = decode.decode(content)
        assert decode.check(content) == (48, 32)
        assert np.abs(seen.astype(int)[4:-4:8, 4:-4:8] - upright[4:-4:8, 4:-4:8]).max() < 30, orientation
        assert decode.decode(content, 16).shape == (16, 16, 3)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("TIFF", "RGBA")])
def test_that_half_transparent_black_over_white_is_grey(kind: str, mode: str) -> None:
    image = Image.new(mode, (4, 4), (0, 128) if mode == "LA" else (0, 0, 0, 128))
    options = {"lossless": True} if kind == "WEBP" else {}
    assert abs(int(decode.decode(packed(image, kind, **options))[0, 0, 0]) - 127) <= 2


def test_that_cmyk_ink_is_dark_where_it_is_printed() -> None:
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 255))
    for kind in ("JPEG", "TIFF"):
        assert decode.decode(packed(image, kind)).max() < 12
    paper = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    assert decode.decode(packed(paper, "JPEG")).min() > 243


def test_that_palettes_and_single_bits_give_their_colours() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF", "TIFF", "BMP"):
        assert decode.decode(packed(image, kind)).tolist() == [[[10, 20, 30], [200, 100, 50]]]
    bits = Image.new("1", (2, 1))
    bits.putpixel((1, 0), 1)
    assert decode.decode(packed(bits, "TIFF"))[0, :, 0].tolist() == [0, 255]


def deep_png(pixels: np.ndarray, colour: int) -> bytes:
    """(H, W, channels) uint16 as PNG; Pillow itself writes only grey of that depth."""
    import struct
    import zlib

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep_tiff(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint16 as an uncompressed TIFF."""
    import struct

    height, width, channels = pixels.shape
    data = pixels.astype("<u2").tobytes()
    bits_at, strip_at = 8 + 2 + 10 * 12 + 4, 8 + 2 + 10 * 12 + 4 + 2 * channels
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, bits_at), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, strip_at), (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(data)), (284, 3, 1, 1),
    ]  # fmt: skip
    stream = io.BytesIO()
    stream.write(struct.pack("<2sHIH", b"II", 42, 8, len(entries)))
    for tag, kind, count, value in entries:
        stream.write(struct.pack("<HHII", tag, kind, count, value))
    stream.write(struct.pack("<I", 0) + struct.pack(f"<{channels}H", *[16] * channels) + data)
    return stream.getvalue()
