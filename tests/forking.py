"""Limited processes, forked from one that has loaded torch and ONNX Runtime: they begin at once, not after seconds.

``main`` in them is the program's own. How it is really started is tested in ``test_killing_the_reader``,
``test_real_door``, ``test_reader`` and ``test_onnx_child``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import traceback
from pathlib import Path
from typing import IO, Any

from mpt_studio.engine.intake import process

NUMBER = struct.Struct("<i")


class Forks:
    """The process that forks; it ends with its caller."""

    def __init__(self) -> None:
        self._talk, theirs = socket.socketpair()
        words = [sys.executable, "-P", "-B", __file__, str(theirs.fileno())]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self._process = subprocess.Popen(
            words, env=process._environment(gpu=False), pass_fds=[theirs.fileno()], start_new_session=True, **quiet
        )
        theirs.close()

    def start(self, module: str, words: list[str], *, gpu: bool = False, cwd: Any = "/", **pipes: Any) -> Forked:
        """As ``engine.intake.process.start``."""
        theirs, ours = zip(*(_ends(pipes, name) for name in ("stdin", "stdout", "stderr")), strict=True)
        heard, told = os.pipe()
        environment = process._environment(gpu=gpu)
        asked = json.dumps({"module": module, "words": words, "cwd": str(cwd), "environment": environment})
        socket.send_fds(self._talk, [struct.pack("<I", len(asked.encode()))], [*theirs, told])
        self._talk.sendall(asked.encode())
        for handle in (*theirs, told):
            os.close(handle)
        text = {name: pipes[name] for name in ("encoding", "errors") if name in pipes}
        return Forked(heard, *ours[:2], **text)

    def close(self) -> None:
        self._talk.close()
        self._process.wait(60)


class Forked:
    """As much of a ``subprocess.Popen`` as the program asks for."""

    def __init__(self, heard: int, stdin: int | None, stdout: int | None, **text: str) -> None:
        self.stdin: IO[bytes] | None = None if stdin is None else os.fdopen(stdin, "wb")
        self.stdout: IO[Any] | None = None if stdout is None else os.fdopen(stdout, "r" if text else "rb", **text)
        self._heard = os.fdopen(heard, "rb", buffering=0)
        self.pid = self._number()
        self.returncode: int | None = None

    def _number(self) -> int:
        return int(NUMBER.unpack(self._heard.read(NUMBER.size))[0])

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._heard], [], [], 0)[0]:
            self.returncode = self._number()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = self._number()
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _ends(pipes: dict[str, Any], name: str) -> tuple[int, int | None]:
    """The process's end of what it reads or writes, and the caller's, where that is a pipe."""
    if pipes[name] == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if pipes[name] != subprocess.PIPE:
        return os.dup(pipes[name].fileno()), None
    reads, writes = os.pipe()
    return (reads, writes) if name == "stdin" else (writes, reads)


# In the process that forks


def serve(talk: socket.socket) -> None:
    """Fork for everything that is asked, until the caller is gone."""
    _load_once()
    gc.freeze()  # a collection in a child would write to, and so copy, all that torch made
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that watch
    while True:
        size, handles, _, _ = socket.recv_fds(talk, 4, 4)
        if not size:
            return
        asked = json.loads(_exactly(talk, struct.unpack("<I", size)[0]))
        if os.fork() == 0:
            talk.close()
            _watched(asked, handles)
        for handle in handles:
            os.close(handle)


def _load_once() -> None:
    import onnxruntime  # noqa: F401

    from mpt_studio.engine import reader  # noqa: F401
    from mpt_studio.engine.intake import tensors
    from mpt_studio.engine.networks import build, onnx_child, weights  # noqa: F401
    from mpt_studio.engine.recognise.torchvision_alone import import_torchvision
    from mpt_studio.reading import choices_from_json

    import_torchvision()
    from mpt_studio.engine.recognise import describe, onnx  # noqa: F401

    tensors.warm_up()
    choices_from_json({})


def _exactly(talk: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += talk.recv(size - len(found))
    return found


def _watched(asked: dict[str, Any], handles: list[int]) -> None:
    """Let another process do it, and tell its id and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *pipes, told = handles
    child = os.fork()
    if child == 0:
        os.close(told)
        _do(asked, pipes)
    os.write(told, NUMBER.pack(child))
    for handle in pipes:
        os.close(handle)
    _, status = os.waitpid(child, 0)
    os.write(told, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _do(asked: dict[str, Any], pipes: list[int]) -> None:
    code = 1
    try:
        os.setsid()
        for number, handle in enumerate(pipes):
            os.dup2(handle, number)
            os.close(handle)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["cwd"])
        code = importlib.import_module(asked["module"]).main(asked["words"])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).parent)]
    serve(socket.socket(fileno=int(sys.argv[1])))
