"""A graph runs in a process of its own: what it takes is limited, and whatever ends the wait ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import NAMES, PLAIN, S, normalised

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.engine.networks import onnx_child
from mpt_studio.engine.networks.onnx_child import OnnxChild
from mpt_studio.engine.networks.onnx_file import normalise
from mpt_studio.errors import UserError

TWO, MANY = np.zeros((2, 3, S, S), np.float32), np.zeros((3, 3, S, S), np.float32)
DESCRIBED = Checkpoint(architecture="onnx", small_stem=False, class_names=NAMES, preprocessing=PLAIN)
GREEDY = [
    helper.make_node("ConstantOfShape", ["huge"], ["block"]),
    helper.make_node("ReduceMax", ["block"], ["more"], keepdims=0),
]
FOREVER = [
    helper.make_node(
        "Loop",
        ["huge", "yes", "zero"],
        ["more"],
        body=helper.make_graph(
            [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Identity", ["seen"], ["next"])],
            "body",
            [
                helper.make_tensor_value_info("turn", TensorProto.INT64, []),
                helper.make_tensor_value_info("going", TensorProto.BOOL, []),
                helper.make_tensor_value_info("seen", TensorProto.FLOAT, []),
            ],
            [
                helper.make_tensor_value_info("on", TensorProto.BOOL, []),
                helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
            ],
        ),
    )
]


def attacking(path: Path, attack: list[onnx.NodeProto], most: int = 2) -> Path:
    """A classifier that answers zeros, and attacks whoever gives it more than ``most`` images at once."""
    scalar = helper.make_tensor_value_info("more", TensorProto.FLOAT, [])
    tensors = {
        "most": np.array(most, np.int64), "zero": np.array(0, np.float32), "yes": np.array(True),
        "huge": np.array([3_000_000_000] if attack is GREEDY else 1 << 62, np.int64), "first": np.array(0, np.int64),
        "flat": np.zeros((3, len(NAMES)), np.float32),
    }  # fmt: skip
    calm = helper.make_graph([helper.make_node("Identity", ["zero"], ["more"])], "calm", [], [scalar])
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["count"]),
        helper.make_node("Greater", ["count", "most"], ["many"]),
        helper.make_node("ReduceMean", ["images"], ["channels"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["channels", "flat"], ["answer"]),
        helper.make_node("If", ["many"], ["extra"], then_branch=helper.make_graph(attack, "attack", [], [scalar]),
                         else_branch=calm),
        helper.make_node("Add", ["answer", "extra"], ["logits"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "attacking",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, S, S])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(NAMES)])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    raw = path.with_suffix(".raw")
    raw.write_bytes(made.SerializeToString())
    normalise(raw, path, DESCRIBED)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> OnnxChild:
    child = OnnxChild(attacking(tmp_path / "endless.onnx", FOREVER), 1)
    assert child.logits(TWO).tolist() == [[0.0] * 3] * 2
    return child


def test_that_a_graph_that_behaves_for_two_images_and_takes_gigabytes_for_three_is_refused(tmp_path: Path) -> None:
    child = OnnxChild(attacking(tmp_path / "greedy.onnx", GREEDY), 1)
    assert child.logits(TWO).tolist() == [[0.0] * 3] * 2
    with pytest.raises(UserError, match=r"^greedy.onnx .*memory"):
        child.logits(MANY)
    assert child._process.poll() is not None


def test_that_a_batch_that_takes_too_long_is_ended(endless: OnnxChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_child, "BATCH_SECONDS", 0.5)
    with pytest.raises(UserError, match=r"endless.onnx was ended: it took more than 0 s"):
        endless.logits(MANY)
    assert endless._process.poll() is not None


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_that_an_exception_in_the_waiting_thread_kills_it_at_once(endless: OnnxChild) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            endless.logits(MANY)
        assert time.monotonic() - began < 30
    finally:
        signal.signal(signal.SIGALRM, before)
    assert endless._process.poll() is not None


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks /proc")
def test_that_it_ends_with_a_caller_that_is_killed(tmp_path: Path) -> None:
    path = attacking(tmp_path / "endless.onnx", FOREVER)
    script = (
        "import sys, threading, numpy; from pathlib import Path; from mpt_studio.engine.networks import onnx_child\n"
        "child = onnx_child.OnnxChild(Path(sys.argv[1]), 1); print(child._process.pid, flush=True)\n"
        f"child.logits(numpy.zeros({MANY.shape}, numpy.float32))"
    )
    words = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        number = int(caller.stdout.readline())
        time.sleep(0.5)
        caller.kill()
    deadline = time.monotonic() + 30
    while _lives(number) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _lives(number)


def _lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_that_a_sentence_of_the_process_is_shown_without_control_characters(tmp_path: Path) -> None:
    path = attacking(tmp_path / "endless.onnx", FOREVER)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError) as error:
        OnnxChild(path, 1)
    assert str(error.value).isprintable()


def test_that_large_batches_are_given_to_the_graph_in_parts_of_one_size(tmp_path: Path) -> None:
    """So what it takes does not depend on who asks: training as a teacher, or evaluation."""
    child = OnnxChild(attacking(tmp_path / "calm.onnx", GREEDY, most=onnx_child.at_once(S)), 1)
    assert child.logits(np.zeros((5000, 3, S, S), np.float32)).shape == (5000, 3)


def test_that_torch_is_not_loaded_there_and_switches_that_weaken_it_do_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mpt_studio.engine.intake import process

    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    environment = process._environment(gpu=False)
    assert not any(name.startswith("TORCH") for name in environment)
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    script = "import sys, mpt_studio.engine.networks.onnx_child; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_that_a_normalised_graph_is_run(written) -> None:
    child = OnnxChild(Path(normalised(written()).path), 1)
    assert np.isfinite(child.logits(TWO)).all()


def test_that_a_child_tells_parameters_and_seconds_and_answers_on(written) -> None:
    child = OnnxChild(Path(normalised(written()).path), 1, most=32)
    before = child.logits(TWO)
    assert child.parameters() == 4 * 3 * 3 * 3 + 4 + 4 * len(NAMES) + len(NAMES)
    assert child.seconds(1, S) > 0
    assert child.seconds(32, S) > 0
    assert np.array_equal(child.logits(TWO), before)
