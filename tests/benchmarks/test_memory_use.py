"""Memory is told of a process with all that it started."""

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from Linux's own accounts")
PARENT_OF_A_LARGE_CHILD = """
import subprocess, sys
child = "held = bytearray(200 << 20); print('held', flush=True); input()"
subprocess.run([sys.executable, "-c", child], stdin=sys.stdin)
"""


def test_that_a_childs_memory_counts_and_the_peak_is_kept(script):
    memory_use = script("memory_use")
    words = [sys.executable, "-c", PARENT_OF_A_LARGE_CHILD]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with memory_use.MemoryUse(process.pid) as use:
        assert process.stdout.readline() == b"held\n"
        assert memory_use.memory_of_tree(process.pid) > 200 << 20
        time.sleep(1.2)
        process.communicate(b"\n")
        time.sleep(0.6)
    assert 200 << 20 < use.peak < 400 << 20


def test_that_an_ended_process_has_no_memory(script):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert script("memory_use").memory_of_tree(process.pid) == 0
