"""Generates image files as they go wrong in the wild, each with the reason that has to be told. Nothing is stored."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image


def packed(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(seed: int = 0, side: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bad_files() -> Iterator[tuple[str, bytes, str]]:
    """(file name, content, beginning of the reason)."""
    yield from _other_things()
    yield from _torn()
    yield from _damaged()
    yield from _bombs()


def _other_things() -> Iterator[tuple[str, bytes, str]]:
    yield "empty.jpg", b"", "empty file"
    yield "empty.png", b"", "empty file"
    yield "zeros.jpg", bytes(5000), "only zero bytes"
    yield "zeros.tif", bytes(64), "only zero bytes"
    yield "page.jpg", b"<!DOCTYPE html><html><p>404", "a web page"
    yield "page2.png", b"\n <HTML><body>denied", "a web page"
    yield "page3.jpg", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"
    yield "lfs.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a git-LFS pointer"
    yield "annex.jpg", b"../.git/annex/objects/x/y/SHA256E-s1--00.jpg", "a git-annex pointer"
    yield "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a drawing"
    yield "drawing.png", b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg/>", "a drawing"
    yield "photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "a HEIC photo"
    yield "phone.jpg", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(64), "a HEIC photo"
    yield "new.jxl", b"\xff\x0a\xfa\x1f", "a JPEG XL image"
    yield "layers.psd", b"8BPS\0\x01" + bytes(20), "a Photoshop file"
    yield "paper.jpg", b"%PDF-1.7\n%", "a PDF document"
    yield "images.png", b"PK\x03\x04" + bytes(30), "an archive"
    yield "images.jpg", b"\x1f\x8b\x08" + bytes(30), "an archive"
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "not an image of a known type"
    yield "text.png", b"hello", "not an image of a known type"
    yield "one.bmp", b"B", "not an image of a known type"
    yield "array.png", b"\x93NUMPY\x01\0v\0{'descr': '|u1'}", "not an image of a known type"
    yield "video.gif", b"\0\0\0\x18ftypmp42" + bytes(40), "not an image of a known type"
    yield "pickle.jpg", b"\x80\x04cos\nsystem\n(S'true'\ntR.", "not an image of a known type"
    yield "jpeg_start_only.jpg", b"\xff\xd8\xff\xe0", "not an image of a known type"
    yield "png_start_only.png", b"\x89PNG\r\n\x1a\n", "not an image of a known type"


def _torn() -> Iterator[tuple[str, bytes, str]]:
    for kind, suffix in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("GIF", "gif"),
        ("TIFF", "tif"),
        ("WEBP", "webp"),
        ("BMP", "bmp"),
    ):
        whole = packed(noise(), kind)
        for share in (0.3, 0.6, 0.95):
            yield f"cut{share}.{suffix}", whole[: int(len(whole) * share)], "truncated"
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp")):
        whole = packed(noise(), kind)
        half = len(whole) // 2
        yield f"set_aside.{suffix}", whole[:half] + bytes(len(whole) - half), "truncated"


def _damaged() -> Iterator[tuple[str, bytes, str]]:
    whole = packed(noise(side=200), "JPEG", quality=95)
    middle = len(whole) // 2
    garbage = np.random.default_rng(1).integers(0, 256, 4096, dtype=np.uint8).tobytes()
    yield "garbage.jpg", whole[:middle] + garbage + whole[middle + 4096 :], "damaged in the middle"
    restarts = packed(noise(side=200), "JPEG", quality=95, restart_marker_rows=1)
    yield "lost_sector.jpg", restarts[:middle] + bytes(4096) + restarts[middle + 4096 :], "damaged in the middle"
    yield "second_start.jpg", whole[:middle] + b"\xff\xd8" + whole[middle:], "damaged in the middle"
    scan = whole[whole.index(b"\xff\xda") : -2]
    yield "many_scans.jpg", whole[:-2] + scan[:40] * 300 + b"\xff\xd9", "more than 200 scans"
    plain = packed(noise(), "PNG")
    flipped = bytearray(plain)
    flipped[len(flipped) // 2] ^= 16
    yield "flipped.png", bytes(flipped), "damaged"
    yield "no_palette.png", png(4, 4, bytes(20), colour=3), "damaged (no palette)"
    yield (
        "no_pixels.png",
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)),
        "not an image of a known type",
    )
    yield "short_rows.png", png(64, 64, bytes(100)), "truncated"
    yield "no_width.png", png(0, 4, b""), "not an image of a known type"
    yield "no_height.gif", b"GIF89a\x04\0\0\0\0\0\0;", "not an image of a known type"
    yield "deep.png", png(4, 4, bytes(99), depth=7), "not an image of a known type"


def _bombs() -> Iterator[tuple[str, bytes, str]]:
    yield "bomb13000.png", png(13_000, 13_000, bytes(1000), depth=1), "more than 100 million pixels"
    yield "bomb100000.png", png(100_000, 100_000, bytes(1000), depth=1), "more than 100 million pixels"
    yield "bomb_max.png", png(2**31 - 1, 2**31 - 1, bytes(10)), "more than 100 million pixels"
    yield "bomb.bmp", _bmp_header(60_000, 60_000), "more than 100 million pixels"
    yield "bomb.gif", b"GIF89a\xff\xff\xff\xff\0\0\0;", "not an image of a known type"
    yield "thread.png", png(1, 60_000, bytes(2 * 60_000)), "absurd size (1×60000)"
    yield "wire.png", png(60_000, 1, bytes(60_001)), "absurd size (60000×1)"
    text = chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(200 << 20)))
    whole = packed(noise(), "PNG")
    yield "text_bomb.png", whole[:33] + text + whole[33:], "damaged (Decompressed data too large"


def _bmp_header(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def good_odd_files() -> Iterator[tuple[str, bytes]]:
    """Unusual files that any viewer shows: they count."""
    image = noise(3)
    yield "jpeg_named.png", packed(image, "JPEG")
    yield "png_named.jpg", packed(image, "PNG")
    yield "webp_named.jpeg", packed(image, "WEBP")
    yield "UPPER.JPG", packed(image, "JPEG")
    yield "grey.jpg", packed(image.convert("L"), "JPEG")
    yield "cmyk.jpg", packed(image.convert("CMYK"), "JPEG")
    yield "progressive.jpg", packed(image, "JPEG", progressive=True)
    yield "restarts.jpg", packed(image, "JPEG", restart_marker_blocks=2)
    yield "trailing.jpg", packed(image, "JPEG") + b"trailing text of a camera"
    yield "palette.png", packed(image.convert("P"), "PNG")
    yield "alpha.png", packed(image.convert("RGBA"), "PNG")
    yield "one_bit.png", packed(image.convert("1"), "PNG")
    yield "moving.gif", packed(image.convert("P"), "GIF", save_all=True, append_images=[noise(4).convert("P")])
    yield "lzw.tif", packed(image, "TIFF", compression="tiff_lzw")
    yield "pages.tiff", packed(image, "TIFF", save_all=True, append_images=[noise(5)])
    yield "deep.tif", packed(Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)), "TIFF")
    yield "lossless.webp", packed(image, "WEBP", lossless=True)
    yield "rows.bmp", packed(image, "BMP")
    yield "two_to_one_hundred.png", packed(Image.new("L", (2, 300)), "PNG")
    yield "pixel.png", packed(Image.new("RGB", (1, 1)), "PNG")
