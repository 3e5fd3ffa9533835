"""Where and with what a run was made; asked of the installed packages, without importing them."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from pathlib import Path

import mpt_studio

_FLAGS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX-512 BF16", "amx_bf16": "AMX", "sve": "SVE"}
"""What decides how fast a CPU trains, as Linux names it and as people do."""
_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


@functools.cache
def _versions() -> dict[str, str]:
    import importlib.metadata

    found = {"mpt-studio": mpt_studio.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def versions() -> dict[str, str]:
    """Versions of the program, Python and the packages that decide a result."""
    return dict(_versions())


def machine() -> dict[str, str | int]:
    """The computer, in words."""
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processor": processor(),
        "cpus": os.cpu_count() or 1,
    }


@functools.cache
def processor() -> str:
    """The CPU's model, and what decides how fast it trains: "Intel(R) Xeon(R) Gold 6430 (AVX-512, AMX)"."""
    if sys.platform == "darwin":
        return _of_mac() or platform.machine()
    try:
        model, flags = described_cpu(Path("/proc/cpuinfo").read_text("utf-8", "replace"))
    except OSError:
        model, flags = "", ()
    name = model or platform.processor() or platform.machine()
    return f"{name} ({', '.join(flags)})" if flags else name


def described_cpu(text: str) -> tuple[str, tuple[str, ...]]:
    """Model (or "") and abilities of the first CPU in the text of /proc/cpuinfo; AVX2 only without AVX-512."""
    pairs = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in text.splitlines())]
    model = next((value for key, value in pairs if key == "model name"), "")
    flags = next((set(value.split()) for key, value in pairs if key in ("flags", "Features")), set())
    known = tuple(name for flag, name in _FLAGS.items() if flag in flags)
    return model, known[1:] if len(known) > 1 and known[0] == "AVX2" else known


def _of_mac() -> str:
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
