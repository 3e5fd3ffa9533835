"""A training's memory stays with the process while it computes, and not longer."""

import ctypes
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="GNU's C library is told"
)
PROGRAM = """
import ctypes, torch
from mpt_studio.engine.machine import heap

class Counts(ctypes.Structure):  # the C library's own: not every kernel counts page faults
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

counts = ctypes.CDLL(None).mallinfo2
counts.restype = Counts

def free_after_steps():
    for _ in range(10):
        held = [torch.ones(30 << 18) for _ in range(3)]
        del held
    return counts().fordblks

usual = free_after_steps()
heap.keep_freed()
kept = free_after_steps()
heap.give_back()
print(usual, kept, counts().keepcost)
"""


def bytes_free(**environment: str) -> list[int]:
    """Bytes that the process holds free: after steps as usual, after steps that keep, and on top once given back."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return [int(word) for word in done.stdout.split()]


def test_that_what_steps_free_stays_until_it_is_given_back():
    _, kept, left = bytes_free()
    assert kept >= 90 << 20  # three tensors of 30 MB
    assert left < 1 << 20


def test_that_limits_set_by_the_user_are_left_alone():
    usual, kept, _ = bytes_free(MALLOC_TRIM_THRESHOLD_="131072")
    assert max(usual, kept) < 10 << 20
