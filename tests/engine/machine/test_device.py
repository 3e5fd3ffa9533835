"""Device, precision and threads by rule."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.machine import device as devices
from mpt_studio.errors import UserError

CPU = torch.device("cpu")


def test_that_the_cpu_computes_in_float32_unless_told():
    assert devices.precision(CPU, "auto") == "fp32"
    assert devices.precision(CPU, "bf16") == "bf16"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_that_an_absent_device_is_a_sentence():
    with pytest.raises(UserError, match="no CUDA device"):
        devices.choose("cuda")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "meta", "xpu"])
def test_that_a_name_that_is_no_device_is_a_sentence(name):
    with pytest.raises(UserError, match="use auto, cpu, cuda"):
        devices.choose(name)


def test_that_threads_follow_the_machine_its_container_or_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert devices.threads() == 3
    assert devices.describe(CPU) == "cpu (3 threads)"
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(devices, "_cores", lambda: 128)
    monkeypatch.setattr(devices, "_container_limit", lambda: devices.MOST_THREADS)
    assert devices.threads() == devices.MOST_THREADS
    monkeypatch.undo()
    limit = tmp_path / "cpu.max"
    limit.write_text("250000 100000\n")
    assert devices._container_limit(limit) == 2
    limit.write_text("max 100000\n")
    assert devices._container_limit(limit) == devices.MOST_THREADS


def test_that_the_summary_is_text_for_people():
    assert devices.device_summary()


@pytest.mark.parametrize(("name", "expected"), [("cuda", 0), ("cuda:1", 1)])
def test_that_the_chosen_gpu_is_the_current_one(name, expected, monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for switch in ("allow_tf32", "benchmark", "deterministic"):  # put back at the end
        monkeypatch.setattr(torch.backends.cudnn, switch, getattr(torch.backends.cudnn, switch))
    devices.prepare(torch.device(name), exact=True)
    assert chosen == [expected]


@pytest.mark.gpu
def test_that_determinism_is_set_and_taken_back():
    cuda = torch.device("cuda")
    devices.prepare(cuda, deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    devices.prepare(cuda)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark


@pytest.mark.gpu
def test_that_cuda_is_chosen_and_described():
    assert devices.choose("auto").type == "cuda"
    with pytest.raises(UserError, match="There is no cuda:99"):
        devices.choose("cuda:99")


def test_that_a_step_on_the_cpu_draws_what_torchs_own_seed_gives():
    torch.manual_seed(7)
    expected = torch.rand(3)
    devices.seed(CPU, 7)
    assert torch.equal(torch.rand(3), expected)
