"""Where training runs, in which arithmetic, with how many threads: decided here, by rules, and told in ``Started``.

Rules where the recipe says "auto":
- device: CUDA, else Apple's MPS, else the CPU.
- precision: bfloat16 on CUDA devices that have it (compute capability 8 on), float16 with loss scaling on older ones,
  float32 on CPU and MPS. On CPUs bfloat16 was measured slower than float32 for networks of this size, even with
  avx512_bf16 (small network, 128×32×32, two cores: 1,880 against 1,690 images/s at best, 2,220 against 3,110 at 28×28).
- memory format: channels last on CPU (1.2 to 1.7 times as fast there) and CUDA, contiguous on MPS.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from mpt_studio.engine.machine import heap
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.units import count as counted

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MOST_THREADS = 16


def choose(wanted: str) -> torch.device:
    """The device for "auto", "cpu", "cuda", "cuda:1" or "mps". Raises ``UserError`` for one that is not there."""
    if wanted == "auto":
        return torch.device("cuda" if _has_cuda() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise UserError(f"{one_sentence(wanted, 40)!r} is not a device; use auto, cpu, cuda, cuda:1 or mps.") from None
    if device.type == "cuda":
        return _existing_gpu(device)
    if device.type == "mps" and not _has_mps():
        raise UserError("This machine has no MPS device; set the device to auto or cpu.")
    if device.type not in ("cpu", "mps"):
        raise UserError(f"Device {device.type} is not supported; use auto, cpu, cuda, cuda:1 or mps.")
    return device


def prepare(device: torch.device, exact: bool = False, deterministic: bool = False) -> None:
    """Set this process up for a device: threads and memory on the CPU, TensorFloat-32 on CUDA unless ``exact``.

    The thread count is a function of the machine alone, so that results do not depend on what else runs.
    ``deterministic`` changes CUDA alone: the CPU gives the same bits in every run with the same number of threads.
    """
    torch.set_num_threads(threads())
    if device.type == "cpu":
        heap.keep_freed()
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)  # pinned memory, too, would wake the first one
        torch.set_float32_matmul_precision("highest" if exact else "high")
        torch.backends.cudnn.allow_tf32 = not exact
        torch.backends.cudnn.benchmark = not (exact or deterministic)
        _repeat_every_bit(deterministic)


@contextmanager
def enough_memory(task: str) -> Iterator[None]:
    """Turns what torch raises for lack of memory into a ``UserError`` that names the task, as in "evaluate"."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            why = f"The GPU has too little free memory to {task}; close other programs or use the CPU."
        elif is_lack_of_memory(error):
            why = f"This machine has too little free memory to {task}; close other programs."
        else:
            raise
        raise UserError(why) from None


def is_lack_of_memory(error: Exception) -> bool:
    """Whether torch or Python could not get the memory that they need; on the CPU torch has no class for it."""
    words = ("can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(each in str(error) for each in words)


def _repeat_every_bit(wanted: bool) -> None:
    """Operations that have no deterministic form only warn: a training that ran must not end for them."""
    if wanted:  # read when cuBLAS is first used
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = wanted
    torch.use_deterministic_algorithms(wanted, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # none is read unwritten


def threads() -> int:
    """``OMP_NUM_THREADS`` where set, else the cores we may use, at most 16: small networks gain nothing beyond."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    asked = int(text) if text.isdecimal() else 0
    return max(1, asked or min(_cores(), _container_limit(), MOST_THREADS))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _container_limit(path: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that a container may use; threads beyond them wait for each other."""
    try:
        quota, period = path.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no container, or "max": no limit
        return MOST_THREADS


def precision(device: torch.device, wanted: str) -> Precision:
    """The arithmetic of forward and backward pass; see the rules above."""
    if wanted == "auto":
        if device.type != "cuda":
            return "fp32"
        return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"
    if device.type == "mps" and wanted == "bf16":
        return "fp16"
    return next(p for p in ("fp32", "bf16", "fp16") if p == wanted)


def autocast(device: torch.device, arithmetic: Precision) -> torch.autocast:
    """The context of a forward pass."""
    dtype = DTYPES[arithmetic] if arithmetic != "fp32" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=arithmetic != "fp32")


def seed(device: torch.device, value: int) -> None:
    """Set the generators that a step draws from. On the CPU telling those of all kinds of devices takes 0.4 ms."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(value)
    else:
        torch.manual_seed(value)


def place(network: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to the device in the memory format that is fast there."""
    moved = network.to(device)
    return moved if device.type == "mps" else moved.to(memory_format=torch.channels_last)


def memory_format(device: torch.device) -> str:
    return "contiguous" if device.type == "mps" else "channels last"


def describe(device: torch.device) -> str:
    """ "cpu (2 threads)", "NVIDIA H100", "Apple GPU"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple GPU (mps)" if device.type == "mps" else f"cpu ({counted(threads(), 'thread')})"


def computed_with(device: torch.device) -> str:
    """What decides how sums round, beside the number of threads: "torch 2.10.0 and AVX512"."""
    where = describe(device) if device.type != "cpu" else torch.backends.cpu.get_cpu_capability()
    return f"torch {torch.__version__} and {where}"


def device_summary() -> str:
    """What "auto" would train on, for people."""
    return describe(choose("auto"))


def free_bytes(device: torch.device) -> int:
    """Memory that is free for data now; 4 GiB where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 4 << 30


def allocated_bytes(device: torch.device) -> int:
    """GPU memory held by tensors; 0 on the CPU."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return torch.mps.current_allocated_memory() if device.type == "mps" else 0


@functools.cache
def _has_cuda() -> bool:
    return torch.cuda.is_available()


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _existing_gpu(device: torch.device) -> torch.device:
    if not _has_cuda():
        raise UserError("This machine has no CUDA device that torch can use; set the device to auto or cpu.")
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise UserError(f"There is no {device}; this machine has {counted(count, 'CUDA device')}, counted from cuda:0.")
    return device


def gpus() -> int:
    """How many CUDA devices there are."""
    return torch.cuda.device_count()
