"""How busy an NVIDIA GPU is, as its driver says; nothing on other machines."""

from __future__ import annotations

import shutil
import statistics
import subprocess
from typing import Any


class GpuLoad:
    """Samples the GPU's utilisation twice a second while it is entered; ``mean`` is 0…1, None where it is unknown."""

    def __init__(self, device: str) -> None:
        self.mean: float | None = None
        self._wanted = device.startswith("cuda") and shutil.which("nvidia-smi") is not None
        self._index = device.partition(":")[2] or "0"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> GpuLoad:
        if self._wanted:
            query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=500", "-i", self._index]
            self._process = subprocess.Popen(["nvidia-smi", *query], stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._process is None:
            return
        self._process.terminate()
        text = self._process.communicate()[0]
        found = [float(line) / 100.0 for line in text.split() if line.strip().isdigit()]
        self.mean = statistics.fmean(found) if found else None
