"""Threads look for more work while the cores are ours, and sleep at once while others want them."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP is told")
CROWDED = """
import os, time
from mpt_studio import engine
engine.WAITING["GOMP_SPINCOUNT"] = "300000000000"  # minutes, so that looking shows
os.environ.update(engine.WAITING)
import torch
from mpt_studio.engine.waiting import SECONDS_MEASURED, Waiting

cores = os.sched_getaffinity(0)
torch.set_num_threads(2)
values = torch.ones(1 << 20)

def compute(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        values.add_(1)

def computed_while_idle():
    values.add_(1)
    before = time.process_time()
    time.sleep(0.4)
    return time.process_time() - before

values.add_(1)  # its threads are there before they share a core
for thread in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(thread), {min(cores)})
waiting = Waiting(torch.device("cpu"), seconds_asleep=2 * SECONDS_MEASURED)
compute(2 * SECONDS_MEASURED)
waiting.look()
told = [waiting.asleep, computed_while_idle()]
compute(3 * SECONDS_MEASURED)
waiting.look()
told += [waiting.asleep, computed_while_idle()]
print(*told)
"""


def told(program: str, **environment: str) -> list[str]:
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=usual | environment).stdout.split()


def test_that_threads_sleep_at_once_beside_others_and_look_again_after_a_while():
    asleep, idle, asleep_later, idle_later = told(CROWDED)
    assert (asleep, asleep_later) == ("True", "False")
    assert float(idle) < 0.1  # of 0.4 s that the main thread slept
    assert float(idle_later) > float(idle)


ALONE = """
import time, torch
from mpt_studio.engine.waiting import SECONDS_MEASURED, Waiting
waiting = Waiting(torch.device("cpu"))
time.sleep(2 * SECONDS_MEASURED)  # as if others had all of the cores
waiting.look()
print(waiting.asleep)
"""


@pytest.mark.parametrize(
    ("environment", "asleep"),
    [
        ({"OMP_NUM_THREADS": "2"}, "True"),
        ({"OMP_NUM_THREADS": "1"}, "False"),
        ({"OMP_NUM_THREADS": "2", "GOMP_SPINCOUNT": "5000"}, "False"),
        ({"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "ACTIVE"}, "False"),
    ],
)
def test_that_one_thread_or_one_whose_waiting_the_user_has_set_is_left_alone(environment, asleep):
    assert told(ALONE, **environment) == [asleep]
