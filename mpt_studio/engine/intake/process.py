"""A process of our own program for what others wrote: how it is started, and how it is ended with its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_DROPPED = ("TORCH", "PYTORCH", "PYTHONSTARTUP", "PYTHONINSPECT", "LD_PRELOAD", "PYTHONPATH")
_SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def start(module: str, words: list[str], *, gpu: bool = False, **pipes: Any) -> subprocess.Popen[Any]:
    """Run a module's ``main``: in its own session, with no switches that change what torch or Python do.

    ``-P`` keeps modules that lie in the current folder, beside somebody's checkpoint, from being imported. A bundle,
    which has no ``-m``, knows such modules by name.
    """
    program = [module] if getattr(sys, "frozen", False) else ["-P", "-B", "-m", module]
    return subprocess.Popen(
        [sys.executable, *program, *words], env=_environment(gpu=gpu), start_new_session=True, **pipes
    )


def end(process: subprocess.Popen[Any]) -> None:
    """Kill it with its group, whatever it does, and wait until it is gone."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):  # Windows has no groups of processes
            process.kill()
    process.wait()


def _environment(*, gpu: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    without = {} if gpu else {"CUDA_VISIBLE_DEVICES": ""}
    home = str(Path(__file__).resolve().parents[3])
    return {**kept, **_SINGLE, **without, "PYTHONPATH": home, "PYTHONDONTWRITEBYTECODE": "1"}
