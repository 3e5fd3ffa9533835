"""The limited process in which an ONNX graph runs, always: ``python -m … FILE DEVICE THREADS``, and who talks to it.

A graph can hold loops and ask for any memory, for some images only: what it did when it was tried proves nothing. The
process has its memory limited and writes no file; each batch has its time, and whatever ends the caller's wait kills
it. When the caller is gone, it ends itself.

Batches go in as four numbers (B, 3, S, S) and float32; answers come as two numbers (B, C) and float32, or −1, the
length of a sentence, and the sentence. The first answer, (0, 0), says that the graph is loaded. (−B, 3, S, S) without
images asks how many seconds B of them take, (0, 0, 0, 0) how many parameters there are; both get a float64 as two
float32. Torch is not imported.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TypeVar

import numpy as np

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.engine.intake import limits, process
from mpt_studio.engine.networks.onnx_file import content_of, refusal
from mpt_studio.engine.networks.onnx_graph import MOST_CLASSES, read_graph
from mpt_studio.engine.networks.onnx_run import Floats, OnnxRun, at_once, warm_up
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import onnx_header

LOADING_SECONDS, BATCH_SECONDS = 180.0, 120.0
"""Of loading, and of a batch of any size that callers ask for; the trial of two images has 8 s."""
ACTIVATIONS = 128
"""Times its images, in bytes, that a network may hold at once; VGG-16, which makes most of them, makes 180 in all."""
_ASKED, _TOLD = struct.Struct("<4q"), struct.Struct("<2q")
T = TypeVar("T")
Asked = Floats | tuple[int, int]


class OnnxChild:
    """A graph that is loaded in a process of its own. Raises ``UserError`` where it cannot be, or not be run."""

    def __init__(self, path: Path, threads: int, *, gpu: bool = False, most: int = 0) -> None:
        """``most`` images are given to the graph at once, where that is more than usual."""
        self.path = path
        self._process = process.start(
            __name__,
            [str(path.absolute()), "gpu" if gpu else "cpu", str(threads), str(most)],
            gpu=gpu,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        self._kill = weakref.finalize(self, process.end, self._process)
        self._talking = ThreadPoolExecutor(1, "onnx")
        self._within(LOADING_SECONDS, lambda: _heard(self._process, 0))

    def logits(self, images: Floats) -> Floats:
        """(B, C) logits of (B, 3, S, S) images; an exception in the waiting thread, as by Ctrl+C, kills it."""
        return self._within(BATCH_SECONDS, lambda: self._asked(images))

    def seconds(self, images: int, side: int) -> float:
        """How long the graph alone takes for so many images, without the way to the process and back."""
        return self._within(BATCH_SECONDS, lambda: self._number(-images, 3, side, side))

    def parameters(self) -> int:
        return round(self._within(BATCH_SECONDS, lambda: self._number(0, 0, 0, 0)))

    def _number(self, *asked: int) -> float:
        self._write(_ASKED.pack(*asked))
        return float(_heard(self._process, 1).view(np.float64).sum())

    def _asked(self, images: Floats) -> Floats:
        self._write(_ASKED.pack(*images.shape), np.ascontiguousarray(images).data.cast("B"))
        return _heard(self._process, len(images))

    def _write(self, *parts: bytes | memoryview) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        for part in parts:
            pipe.write(part)
        pipe.flush()

    def _within(self, seconds: float, work: Callable[[], T]) -> T:
        """In a thread of its own, as reading a pipe knows no time limit."""
        try:
            return self._talking.submit(work).result(seconds)
        except UserError as error:
            self._kill()
            raise refusal(self.path, error) from None
        except TimeoutError:
            self._kill()
            raise refusal(self.path, UserError(f"was ended: it took more than {seconds:.0f} s for one batch")) from None
        except (OSError, EOFError, RuntimeError):  # the last: the thread's pool was closed when the program ends
            self._kill()
            why = "was ended by the system while it ran; it asks for too much memory, or is made to do harm"
            raise refusal(self.path, UserError(why)) from None
        except BaseException:
            self._kill()
            raise


def _heard(child: subprocess.Popen[bytes], images: int) -> Floats:
    """The next answer; nothing that the process says is believed without a look."""
    pipe = child.stdout
    assert pipe is not None
    rows, length = _TOLD.unpack(_exactly(pipe, _TOLD.size))
    if rows == -1:
        raise UserError(one_sentence(_exactly(pipe, max(0, min(length, 4096))).decode("utf-8", "replace"), 190))
    if rows != images or not 0 <= length <= MOST_CLASSES:
        raise EOFError("no answer to what was asked")
    content = _exactly(pipe, 4 * rows * length)
    return np.frombuffer(bytearray(content), np.float32).reshape(rows, length)


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    found = pipe.read(count)
    if len(found) < count:
        raise EOFError("the other end is gone")
    return found


# In the process


def main(words: list[str]) -> int:
    """Load the graph and answer batches until the caller is gone."""
    path, gpu, threads, most = Path(words[0]), words[1] == "gpu", int(words[2]), int(words[3])
    batches: SimpleQueue[Asked] = SimpleQueue()
    threading.Thread(target=_listen, args=(batches,), daemon=True).start()
    guard = limits.Guard(path.parent)
    try:
        warm_up()
        limits.limit_process(1 << 30, 0)
        if not gpu:  # CUDA takes address space by the hundred gigabytes
            limits.limit_memory(_promise(path, most))
        run = guard.around(lambda: _loaded(path, threads, most, gpu=gpu))
        _answer(np.empty((0, 0), np.float32))
        while True:
            _answer(guard.around(lambda: _done(run, batches.get())))
    except UserError as error:
        _refuse(str(error))
    except MemoryError:
        _refuse("asks for too much memory; it was not run")
    return 1


def _done(run: OnnxRun, asked: Asked) -> Floats:
    """What was asked for: logits of images, or a number of an (images, side) without them."""
    if isinstance(asked, np.ndarray):
        return run.logits(asked)
    return np.array([[run.seconds(*asked) if asked[0] else run.graph.parameters]], np.float64).view(np.float32)


def _promise(path: Path, most: int) -> int:
    side = read_checkpoint(path).preprocessing.image_size
    images = at_once(side, most) * 3 * side**2 * 4
    return limits.memory_promise(path.stat().st_size) + ACTIVATIONS * images


def _loaded(path: Path, threads: int, most: int, *, gpu: bool) -> OnnxRun:
    content = content_of(path)
    if not onnx_header.is_sealed(content):
        raise UserError("does not match its checksum: it is damaged, or another program wrote it anew")
    return OnnxRun(content, read_graph(content), threads=threads, gpu=gpu, most=most)


def _listen(batches: SimpleQueue[Asked]) -> None:
    """Beside the graph: the end of the pipe is the end of the caller, and so of this process, whatever it does."""
    pipe = sys.stdin.buffer
    try:
        while True:
            shape = _ASKED.unpack(_exactly(pipe, _ASKED.size))
            if shape[0] > 0:
                batches.put(np.frombuffer(_exactly(pipe, 4 * int(np.prod(shape))), np.float32).reshape(shape))
            else:
                batches.put((-shape[0], shape[3]))
    finally:
        os._exit(0)


def _answer(logits: Floats) -> None:
    sys.stdout.buffer.write(_TOLD.pack(*logits.shape) + np.ascontiguousarray(logits).tobytes())
    sys.stdout.buffer.flush()


def _refuse(sentence: str) -> None:
    text = sentence.encode()
    sys.stdout.buffer.write(_TOLD.pack(-1, len(text)) + text)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
