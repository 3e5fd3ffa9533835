"""ONNX files of others through the limited child: read, remembered, and refused where a small one asks for much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from mpt_studio import jobs  # noqa: E402
from mpt_studio.checkpoint import Preprocessing  # noqa: E402
from mpt_studio.errors import UserError  # noqa: E402
from mpt_studio.reading import Choices  # noqa: E402
from mpt_studio.store import Store  # noqa: E402

pytestmark = pytest.mark.usefixtures("forked")

SIZE, NAMES = 32, ("cat", "dog")


@pytest.fixture
def session(tmp_path) -> jobs.Session:
    return jobs.Session(Store(tmp_path / "store"))


def graph(path: Path, *, asks_for: int = 0) -> Path:
    """A linear classifier of all pixels; with ``asks_for``, a constant of so many numbers is added to its logits."""
    make, node = onnx.helper, onnx.helper.make_node
    weights = np.random.default_rng(0).normal(size=(3 * SIZE * SIZE, 2)).astype(np.float32)
    tensors = [onnx.numpy_helper.from_array(weights, "w")]
    nodes = [node("Flatten", ["images"], ["f"]), node("MatMul", ["f", "w"], ["l"])]
    if asks_for:
        tensors.append(onnx.numpy_helper.from_array(np.array([asks_for], np.int64), "n"))
        nodes += [node("ConstantOfShape", ["n"], ["h"]), node("ReduceMax", ["h"], ["m"], keepdims=0)]
    nodes.append(node("Add", ["l", "m"], ["logits"]) if asks_for else node("Identity", ["l"], ["logits"]))
    images = make.make_tensor_value_info("images", 1, ["N", 3, SIZE, SIZE])
    logits = make.make_tensor_value_info("logits", 1, ["N", 2])
    whole = make.make_graph(nodes, "g", [images], [logits], tensors)
    path.write_bytes(
        make.make_model(whole, opset_imports=[make.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    return path


def test_that_what_a_person_says_of_a_graph_is_remembered(session, tmp_path) -> None:
    path = graph(tmp_path / "foreign.onnx")
    with pytest.raises(UserError, match="--classes"):
        jobs.checkpoint_of(session, path)
    way = Preprocessing(image_size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    said = jobs.checkpoint_of(session, path, Choices(class_names=NAMES, preprocessing=way))
    assert (said.architecture, said.class_names, said.preprocessing) == ("onnx", NAMES, way)
    assert said.source == "foreign.onnx"
    again = jobs.checkpoint_of(session, path)
    assert again == said
    from mpt_studio.engine.networks.weights import load_network

    assert load_network(again) is not None


def test_that_a_small_graph_that_asks_for_gigabytes_is_refused(session, tmp_path) -> None:
    path = graph(tmp_path / "greedy.onnx", asks_for=3_000_000_000)
    said = Choices(class_names=NAMES, preprocessing=Preprocessing(image_size=SIZE, mean=(0, 0, 0), std=(1, 1, 1)))
    with pytest.raises(UserError) as error:
        jobs.checkpoint_of(session, path, said)
    assert "memory" in str(error.value)
    assert len(str(error.value)) <= 200
