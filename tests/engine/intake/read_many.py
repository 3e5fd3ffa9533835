"""Reads many files as the real child does, one forked process for each, so that torch is loaded only once.

``python read_many.py OUT CWD SECONDS``, and then a file's name per line on stdin, as JSON. One JSON line per file on
stdout: its report, its seconds of computing, the peak of its memory beyond a process that does nothing, how it ended,
and what Python's audit heard of it that reading should never do.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from mpt_studio.engine import reader as child
from mpt_studio.engine.intake import tensors
from mpt_studio.engine.recognise.torchvision_alone import import_torchvision
from mpt_studio.reading import choices_from_json

HEARD = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "socket.connect",
    "socket.bind", "socket.getaddrinfo", "pty.spawn", "webbrowser.open", "pickle.find_class", "shutil.", "os.remove",
    "os.rename", "os.kill", "ctypes.dlopen",
)  # fmt: skip


def main(base: Path, cwd: str, seconds: float) -> None:
    _load_once()
    gc.freeze()  # a collection in a child would write to, and so copy, all that torch made
    idle = _forked(lambda: 0, 10)["memory"]
    for number, line in enumerate(sys.stdin):
        out = base / str(number)
        out.mkdir(parents=True)
        ended = _forked(functools.partial(_read, json.loads(line), out, cwd), seconds)
        report, heard = out / child.REPORT, out / "heard"
        record = {
            **ended,
            "memory": ended["memory"] - idle,
            "report": json.loads(report.read_text("utf-8")) if report.exists() else None,
            "heard": sorted(set(heard.read_text("utf-8").split())) if heard.exists() else [],
        }
        print(json.dumps(record), flush=True)
        shutil.rmtree(out)


def _load_once() -> None:
    """What every child would import and set up anew."""
    import_torchvision()
    from mpt_studio.engine.recognise import describe, onnx  # noqa: F401

    tensors.warm_up()
    choices_from_json({})


def _read(path: str, out: Path, cwd: str) -> int:
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    request = out / "request.json"
    request.write_text(json.dumps({"path": path, "choices": {}, "data_classes": []}), "utf-8")
    os.chdir(cwd)
    listening = os.open(out / "heard", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.addaudithook(lambda event, _: _note(listening, event) if event.startswith(HEARD) else None)
    return child.main([str(request), str(out)])


def _note(handle: int, event: str) -> None:
    os.write(handle, f"{event}\n".encode())


def _forked(work: Any, seconds: float) -> dict[str, Any]:
    """Do the work in a process of its own, killed after a time."""
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    while True:
        done, status, usage = os.wait4(process, os.WNOHANG)
        if done:
            break
        if time.monotonic() - started > seconds:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.002)
    return {
        "seconds": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
        "status": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
