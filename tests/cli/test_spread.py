"""What --gpus refuses before anything is put on disk."""

from __future__ import annotations

import pytest

from mpt_studio.cli.spread import check_gpus
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import launch
from mpt_studio.errors import UsageError


def test_that_one_gpu_and_none_named_are_no_spreading(monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: 1)
    assert not check_gpus(None, "cpu")
    assert not check_gpus(1, "auto")


@pytest.mark.parametrize("count", [0, -2])
def test_that_a_number_below_one_is_refused(count):
    with pytest.raises(UsageError, match=f"--gpus is {count}"):
        check_gpus(count, "auto")


def test_that_processes_of_torchrun_are_not_spread_again(monkeypatch):
    monkeypatch.setattr(launch, "here", object)
    with pytest.raises(UsageError, match="leave --gpus out"):
        check_gpus(2, "auto")
