"""How long tar shards take to be listed and opened: ``python tests/benchmarks/shards.py [--images N] [--all]``.

Real tars of tiny JPEG files with a .cls each are written first (2 kB an image; to ``--folder``) and deleted afterwards.
Each step runs in a process of its own, whose peak memory is told. ``--all`` looks through every image as well, as a
first opening does.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from PIL import Image  # noqa: E402

PER_SHARD, CLASSES = 10_000, 50
STEPS = {
    "listing": "all shards listed, and what was found kept",
    "again": "nothing changed: taken from the cache",
    "one changed": "one shard touched: listed again",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--step", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        print(json.dumps(step(chosen.step, chosen.folder)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        make_shards(Path(folder) / "data", chosen.images)
        steps = [*STEPS, *(("first opening", "later opening") if chosen.all else ())]
        for name in steps:
            if name == "one changed":
                os.utime(next((Path(folder) / "data").rglob("*.tar")))
            told(name, Path(folder), chosen.images)


def make_shards(folder: Path, images: int) -> None:
    """Write shards, every fifth of the test part."""
    pictures = [_picture(number) for number in range(CLASSES)]
    for shard in range(max(2, images // PER_SHARD)):
        path = folder / ("test" if shard % 5 == 1 else "train") / f"{shard:05}.tar"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            for number in range(shard * PER_SHARD, (shard + 1) * PER_SHARD):
                stream.write(_member(f"{number:07}.jpg", pictures[number % CLASSES]))
                stream.write(_member(f"{number:07}.cls", b"%d" % (number % CLASSES)))
            stream.write(bytes(1024))


def _picture(number: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (8, 8), number * 5).save(stream, "JPEG", quality=30, optimize=True)
    return stream.getvalue()


def _member(name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content.ljust(512, b"\0")


def told(name: str, folder: Path, images: int) -> None:
    """Run a step and print a line of the table."""
    asked = [sys.executable, __file__, "--step", name, "--folder", str(folder)]
    more = {"MPT_STUDIO_CACHE": str(folder / "cache")}
    answer = subprocess.run(asked, check=True, capture_output=True, text=True, env={**os.environ, **more})
    found = json.loads(answer.stdout)
    assert found["images"] == images, found
    load = os.getloadavg()[0]
    print(
        f"| {name} | {found['seconds']:.1f} s ({found['computing']:.1f} s computing) | {found['megabytes']:.0f} MB "
        f"| load {load:.1f} |",
        flush=True,
    )


def step(name: str, folder: Path) -> dict[str, float]:
    """One step, in this process."""
    from mpt_studio.data import open_dataset
    from mpt_studio.data.packed.opening import Work, files_in
    from mpt_studio.data.packed.shards import Shards

    start, computing = time.perf_counter(), time.process_time()
    data = folder / "data"
    if "opening" in name:
        images = len(open_dataset(f"shards:{data}"))
    else:
        files, _, _ = files_in(data, Shards(), lambda *_: None)
        images = sum(map(len, Work(data, data, "shards", Shards(), lambda *_: None).listed(files)[0]))
    return {
        "images": images,
        "seconds": time.perf_counter() - start,
        "computing": time.process_time() - computing,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
