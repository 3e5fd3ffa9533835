"""The limited process that reads one file: ``python -m mpt_studio.engine.intake.child REQUEST.json OUT_FOLDER``.

REQUEST.json holds {"path", "choices", "data_classes"}. It writes OUT_FOLDER/report.json, which is the ``Reading`` or
{"error": sentence}, and beside it the normalised ``version.safetensors`` (or ``version.onnx``). On stdout it says which
step it is at, one word per line, so that the parent can measure the time of each.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.engine.intake import limits
from mpt_studio.engine.intake.contents import Contents, contents_from, outline_of, refusal
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.reading import Choices, Reading, choices_from_json, to_json

if TYPE_CHECKING:
    from torch import Tensor

NORMALISED = "version.safetensors"
REPORT = "report.json"
SECONDS = 10
"""CPU time for a small file."""


def main(words: list[str]) -> int:
    """Read what the request names; every failure is a sentence in the report."""
    request = json.loads(Path(words[0]).read_text("utf-8"))
    path, out = Path(request["path"]), Path(words[1])
    sys.setrecursionlimit(2000)
    try:
        record = _read(path, out, choices_from_json(request["choices"]), tuple(request["data_classes"]))
    except UserError as error:
        record = {"error": str(error)}
    except MemoryError:
        record = {"error": str(refusal(path, "would take more memory than a file of its size may; it was not read"))}
    except limits.Forbidden as error:
        record = {"error": str(refusal(path, f"made its reader try something forbidden ({error}); it was not read"))}
    except OSError as error:
        record = {"error": str(refusal(path, f"could not be read ({error.strerror or 'system error'})"))}
    (out / REPORT).write_text(json.dumps(record, ensure_ascii=True), "utf-8")
    return 0


def _read(path: Path, out: Path, choices: Choices, data_classes: tuple[str, ...]) -> dict[str, Any]:
    size = total_size(path)
    limits.limit_process(300 + size // (10 * limits.MEGABYTE), 8 * size + 64 * limits.MEGABYTE)
    guard = limits.Guard(out)
    _say("checking")
    limits.limit_memory(limits.memory_promise(size))
    outline = guard.around(lambda: outline_of(path))
    _lift_memory_limit()
    _say("starting")
    import torch

    torch.set_num_threads(1)
    from mpt_studio.engine.intake import tensors

    tensors.warm_up()

    _say("reading")
    limits.limit_memory(limits.memory_promise(size))
    contents: Contents = guard.around(lambda: contents_from(outline))
    _say("recognising")
    _lift_memory_limit()
    from mpt_studio.engine import recognise

    reading, network = recognise.describe(contents, path, choices, data_classes)
    if network is not None:
        _say("writing")
        reading = _written(out, path, reading, network)
    return to_json(reading)


def total_size(path: Path) -> int:
    """Bytes of a file, or of the files directly in a folder."""
    try:
        return sum(p.stat().st_size for p in path.iterdir() if p.is_file()) if path.is_dir() else path.stat().st_size
    except OSError as error:
        raise refusal(path, f"cannot be opened ({error.strerror or error})") from None
    except ValueError:  # a zero byte in the name
        raise refusal(path, "cannot be opened; no file has such a name") from None


def _lift_memory_limit() -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _say(step: str) -> None:
    print(step, flush=True)


def _written(out: Path, path: Path, reading: Reading, network: dict[str, Tensor]) -> Reading:
    """The reading with its checkpoint, whose file is written."""
    from mpt_studio.engine.weights import save_network

    assert reading.preprocessing is not None
    first = reading.candidates[0]
    checkpoint = Checkpoint(
        path=str(out / NORMALISED),
        architecture=first.arch,
        small_stem=first.small_stem,
        class_names=reading.class_names,
        preprocessing=reading.preprocessing,
        source=one_sentence(path.name, 200),
        notes=reading.notes,
    )
    save_network(out / NORMALISED, network, checkpoint)
    return dataclasses.replace(reading, checkpoint=checkpoint)


if __name__ == "__main__":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    sys.exit(main(sys.argv[1:]))
