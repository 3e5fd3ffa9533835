"""A training's memory stays with the process while it computes, and not longer."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="GNU's C library is told")
PROGRAM = """
import resource, torch
from mpt_studio.engine import heap

def faults(rounds=10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        held = [torch.ones(30 << 18) for _ in range(3)]
        del held
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / rounds

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

faults()
usual, small = faults(), resident()
heap.keep_freed()
faults()
kept, large = faults(), resident()
heap.give_back()
print(usual, kept, large - small, resident() - small)
"""


def measured(**environment: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return [float(word) for word in done.stdout.split()]


def test_that_steps_reuse_pages_until_they_are_given_back():
    usual, kept, more, left = measured()
    assert usual > 10_000  # 90 MB in pages of 4 KB
    assert kept < usual / 20
    assert more > 40 << 20 > left


def test_that_limits_set_by_the_user_are_left_alone():
    usual, kept, _, _ = measured(MALLOC_TRIM_THRESHOLD_="131072")
    assert kept > usual / 2
