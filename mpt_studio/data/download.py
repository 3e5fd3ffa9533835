"""Fetches Fashion-MNIST into the user's cache, checked by MD5; nothing else in the program uses the network."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path

from mpt_studio import paths
from mpt_studio.data.dataset import Progress
from mpt_studio.errors import UserError, one_sentence

MIRROR = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
"""The authors' own; plain HTTP, which the checksums make safe."""
FILES = {
    "train-images-idx3-ubyte.gz": (26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    "train-labels-idx1-ubyte.gz": (29515, "25c81989df183df01b3e8a0aad5dffbe"),
    "t10k-images-idx3-ubyte.gz": (4422102, "bef4ecab320f06d8554ea6380940ec79"),
    "t10k-labels-idx1-ubyte.gz": (5148, "bb300cfdad3c16e7a12a480ee83cd310"),
}
"""Name → bytes and MD5, as published with the data."""
_CHUNK = 1 << 18
_SECONDS = 20.0


def fashion_mnist(folder: Path, progress: Progress, mirror: str = MIRROR) -> None:
    """Download the files that ``folder`` lacks. Raises ``UserError`` offline or for another file."""
    for name, (size, md5) in FILES.items():
        if not (folder / name).is_file():
            fetch(mirror + name, folder / name, size, md5, progress)


def fetch(url: str, path: Path, size: int, md5: str, progress: Progress) -> None:
    """Download one file of known size and MD5, as a whole or not at all."""
    try:
        paths.replace_file(path, lambda temporary: _stream(url, temporary, size, md5, progress))
    except OSError as error:  # URLError and time-outs are OSErrors
        raise UserError(
            f"{path.name} of Fashion-MNIST cannot be downloaded ({one_sentence(str(error), 120)}); "
            "connect to the internet, install Debian's dataset-fashion-mnist, or name a folder: fashion-mnist:DIR."
        ) from error


def _stream(url: str, path: Path, size: int, md5: str, progress: Progress) -> None:
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer, path.open("wb") as out:
        while done <= size and (chunk := answer.read(_CHUNK)):
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress(f"Downloading {path.name.strip('.').split('.gz')[0]}", min(1.0, done / size))
    if done != size or digest.hexdigest() != md5:
        raise UserError(f"{url} did not give the published file; try again later or name a folder: fashion-mnist:DIR.")
