"""The limited process that reads one file: ``python -m mpt_studio.engine.reader REQUEST.json OUT_FOLDER``.

REQUEST.json holds {"path", "choices", "data_classes", "for_start"}. It writes OUT_FOLDER/report.json, which is the
``Reading`` or {"error": sentence}, and beside it the normalised ``version.safetensors`` (or ``version.onnx``). On
stdout it says which step it is at, one word per line, so that the parent can measure the time of each.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mpt_studio.checkpoint import Checkpoint, has_our_header, read_checkpoint
from mpt_studio.engine.intake import limits
from mpt_studio.engine.intake.contents import Contents, contents_from, outline_of
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import onnx_header
from mpt_studio.files.opened import SENTENCE, refusal, refusals
from mpt_studio.reading import Candidate, Reading, choices_from_json, to_json

if TYPE_CHECKING:
    from torch import Tensor

NORMALISED = "version.safetensors"
NORMALISED_ONNX = "version.onnx"
REPORT = "report.json"
T = TypeVar("T")


def main(words: list[str]) -> int:
    """Read what the request names; every failure is a sentence in the report."""
    request = json.loads(Path(words[0]).read_text("utf-8"))
    path, out = Path(request["path"]), Path(words[1])
    try:
        record = to_json(_Reader(path, out, request).read())
    except UserError as error:
        record = {"error": one_sentence(str(error), SENTENCE)}
    except Exception as error:
        traceback.print_exc()
        record = {"error": str(refusal(path, _reason(error)))}
    (out / REPORT).write_text(json.dumps(record), "utf-8")
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "would take more memory than a file of its size may; it was not read"
    if isinstance(error, limits.Forbidden):
        return f"made its reader try something forbidden ({error}); it was not read"
    if isinstance(error, OSError):
        return f"could not be read ({error.strerror or 'the system refused'})"
    return f"could not be read ({type(error).__name__}: {one_sentence(str(error), 60)})"


class _Reader:
    """One file, from its first byte to the normalised file."""

    def __init__(self, path: Path, out: Path, request: dict[str, Any]) -> None:
        self.path, self.out = path, out
        self.choices = choices_from_json(request["choices"])
        self.data_classes: tuple[str, ...] = tuple(request["data_classes"])
        self.for_start = bool(request.get("for_start"))
        self.sha256 = str(request.get("sha256", ""))
        self.size = total_size(path)
        self.guard = limits.Guard(out)
        self.own = False

    def read(self) -> Reading:
        limits.limit_process(300 + self.size // (10 * limits.MEGABYTE), 8 * self.size + 64 * limits.MEGABYTE)
        outline = self._guarded("checking", lambda: outline_of(self.path, self.sha256, self.choices.weights))
        self.own = has_our_header(outline.path)
        if outline.is_onnx:
            return self._onnx(outline.path)
        _say("starting")
        from mpt_studio.engine.intake import tensors

        tensors.warm_up()
        contents = self._guarded("reading", lambda: contents_from(outline))
        described = self._own if self.own else self._described
        reading, network = self._guarded("recognising", lambda: described(contents), importing=True)
        if network is None:
            return reading
        if reading.candidates[0].agreement:
            self._guarded("trying", lambda: self._try(reading, network), importing=True)
        return self._guarded("writing", lambda: self._written(reading, network), importing=True)

    def _guarded(self, step: str, work: Callable[[], T], *, importing: bool = False) -> T:
        """Behind both walls: the memory promise, and the audit hook."""
        _say(step)
        limits.limit_memory(limits.memory_promise(self.size) + (limits.LIBRARIES if importing else 0))
        try:
            return self.guard.around(work, importing=importing)
        finally:
            limits.lift_memory_limit()

    def _described(self, contents: Contents) -> tuple[Reading, dict[str, Tensor] | None]:
        from mpt_studio.engine.recognise.torchvision_alone import import_torchvision

        import_torchvision()
        from mpt_studio.engine.recognise.describe import describe

        return describe(contents, self.path, self.choices, self.data_classes, for_start=self.for_start)

    def _try(self, reading: Reading, network: dict[str, Tensor]) -> None:
        """Another port's weights have to compute something as the architecture that they were taken for."""
        from mpt_studio.engine.recognise import trial

        with refusals(self.path):
            trial.check(network, _checkpoint(reading))

    def _own(self, contents: Contents) -> tuple[Reading, dict[str, Tensor]]:
        """A file with our header says what it is: believed only as far as a network of that kind takes its tensors."""
        from mpt_studio.engine.networks.weights import load_network

        own = read_checkpoint(contents.files[0])
        network = load_network(own).state_dict()
        reading = Reading(
            path=str(self.path),
            sha256=contents.sha256,
            bytes=contents.bytes,
            container=contents.container,
            tensors=len(network),
            parameters=sum(tensor.numel() for tensor in network.values()),
            classes=len(own.class_names),
        )
        return _as_it_says(reading, own), network

    def _written(self, reading: Reading, network: dict[str, Tensor]) -> Reading:
        """The reading with its checkpoint, whose file is written."""
        from mpt_studio.engine.networks.weights import save_network

        checkpoint = dataclasses.replace(reading.checkpoint or _checkpoint(reading), path=str(self.out / NORMALISED))
        save_network(self.out / NORMALISED, network, checkpoint)
        return dataclasses.replace(reading, checkpoint=checkpoint)

    def _onnx(self, file: Path) -> Reading:
        """ONNX Runtime runs the graph once on noise, behind the same walls: a small graph can ask for any memory."""
        _say("starting")
        from mpt_studio.engine.networks.onnx_file import content_of, normalise
        from mpt_studio.engine.recognise.onnx import describe, warm_up

        warm_up()
        reading = self._guarded("trying", lambda: describe(file, self.choices, self.data_classes))
        if self.own and onnx_header.is_sealed(content_of(file)):
            reading = _as_it_says(reading, read_checkpoint(file))
        if reading.checkpoint is None:
            return reading
        _say("writing")
        target = self.out / NORMALISED_ONNX
        normalise(file, target, reading.checkpoint)
        return dataclasses.replace(reading, checkpoint=dataclasses.replace(reading.checkpoint, path=str(target)))


def _as_it_says(reading: Reading, own: Checkpoint) -> Reading:
    """With the description in the file's own header. Raises ``UserError`` where the outputs are not as many."""
    if reading.classes != len(own.class_names):
        raise UserError(f"names {len(own.class_names):,} classes and has {reading.classes:,} outputs; it is damaged")
    return dataclasses.replace(
        reading,
        candidates=(Candidate(arch=own.architecture, small_stem=own.small_stem),),
        class_names=own.class_names,
        class_names_from="the file",
        preprocessing=own.preprocessing,
        preprocessing_from="the file",
        notes=own.notes,
        needs=(),
        checkpoint=dataclasses.replace(own, source=own.source or one_sentence(Path(reading.path).name, 200)),
    )


def _checkpoint(reading: Reading) -> Checkpoint:
    assert reading.preprocessing is not None
    first = reading.candidates[0]
    return Checkpoint(
        architecture=first.arch,
        small_stem=first.small_stem,
        class_names=reading.class_names,
        preprocessing=reading.preprocessing,
        source=one_sentence(Path(reading.path).name, 200),
        notes=reading.notes,
    )


def total_size(path: Path) -> int:
    """Bytes of a file, or of the files directly in a folder. Raises ``UserError``."""
    try:
        return sum(p.stat().st_size for p in path.iterdir() if p.is_file()) if path.is_dir() else path.stat().st_size
    except FileNotFoundError:
        raise UserError(f"There is no file {one_sentence(str(path), 150)}.") from None
    except OSError as error:
        raise refusal(path, f"cannot be opened ({error.strerror or error})") from None
    except ValueError:  # a zero byte in the name
        raise refusal(path, "cannot be opened; no file has such a name") from None


def _say(step: str) -> None:
    print(step, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
