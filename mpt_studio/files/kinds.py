"""Which kinds of files there are: one list for every picker, drop and reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """Files of one use, by how their names end; what is inside decides how they are read."""

    words: str
    """For people, as a picker shows it."""
    suffixes: tuple[str, ...]
    """In lower case."""

    def fits(self, path: Path) -> bool:
        """Whether a path ends like one of them."""
        return path.suffix.lower() in self.suffixes or "".join(path.suffixes[-2:]).lower() in self.suffixes


WEIGHTS = Kind("Weights", (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".onnx", ".json"))
TABLES = Kind("Tables", (".csv", ".tsv"))
PREDICTIONS = Kind("Predictions", (*TABLES.suffixes, ".parquet", ".npz"))
SHARDS = Kind("Tar shards", (".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2"))
"""Compressed ones are named and refused."""
PARQUET = Kind("Parquet", (".parquet",))
MANIFESTS = Kind("Tables of images", (*TABLES.suffixes, ".txt"))
CLASS_LISTS = Kind("Lists of names", (".txt", *TABLES.suffixes, ".json", ".names"))
ID_LISTS = Kind("Lists of ids", (".txt", *TABLES.suffixes))
POLICIES = Kind("Policies", (".toml",))
CLASS_MAPS = Kind("Class maps", (".txt", *TABLES.suffixes))
IMAGES = Kind(
    "Images",
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm",
        ".pnm", ".avif", ".jp2",
    ),
)  # fmt: skip
UNREADABLE_IMAGES = Kind(
    "Images that cannot be read",
    (".heic", ".heif", ".jxl", ".svg", ".psd", ".tga", ".ico", ".eps", ".dng", ".cr2", ".nef", ".arw"),
)
"""Images to their owner: listed with the reason instead of passed over in silence."""
