"""ONNX files are evaluated like the network they come from, and bear our header."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import CHOSEN, NAMES, PLAIN, S, Tiny, normalised, tiny_graph

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.explain import Probe
from mpt_studio.engine.interpolation import check_compatible
from mpt_studio.engine.networks import onnx_file
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.recognise.onnx import describe
from mpt_studio.engine.version import FrozenVersion, MeanTeacher
from mpt_studio.errors import UserError
from mpt_studio.files import onnx_header

pytestmark = pytest.mark.usefixtures("forked")

CPU = torch.device("cpu")


@pytest.mark.parametrize("batch", ["N", 1, 4])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [S, "side"])
def test_that_any_batch_and_layout_gives_the_networks_logits(written, batch, layout, size) -> None:
    checkpoint = normalised(written(batch=batch, layout=layout, size=size))
    images = torch.randint(0, 256, (7, S, S, 3), dtype=torch.uint8)
    version = FrozenVersion(checkpoint, CPU)
    expected = Tiny()(version.normalise(images))
    assert torch.allclose(version.logits(images), expected, atol=1e-5)


def of_whole_pixels() -> onnx.ModelProto:
    """As exporters put preprocessing inside: uint8, channels last, divided by 255."""
    model = tiny_graph(layout="NHWC")
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    model.graph.initializer.append(numpy_helper.from_array(np.array(255, np.float32), "most"))
    model.graph.node[0].input[0] = "shares"
    for node in (
        helper.make_node("Div", ["numbers", "most"], ["shares"]),
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
    ):
        model.graph.node.insert(0, node)
    return model


def test_that_graphs_of_whole_pixels_get_them_whatever_is_told_of_mean_and_deviation(written) -> None:
    checkpoint = normalised(written(of_whole_pixels()))
    assert (checkpoint.preprocessing.mean, checkpoint.preprocessing.std) == ((0, 0, 0), (1, 1, 1))
    images = torch.randint(0, 256, (7, S, S, 3), dtype=torch.uint8)
    found = FrozenVersion(checkpoint, CPU).logits(images)
    assert torch.allclose(found, Tiny()(images.permute(0, 3, 1, 2) / 255), atol=1e-5)


def test_that_float16_graphs_are_run(written) -> None:
    checkpoint = normalised(written(half=True))
    images = torch.randn(2, 3, S, S)
    found = load_network(checkpoint)(images)
    assert found.dtype == torch.float32
    assert torch.allclose(found, Tiny()(images), atol=5e-3)


def test_that_probabilities_become_logits_up_to_a_constant(written) -> None:
    reading = describe(written(softmax=True), CHOSEN)
    assert any("logarithm" in note for note in reading.notes)
    images = torch.randn(5, 3, S, S)
    difference = load_network(normalised(written(softmax=True)))(images) - Tiny()(images)
    assert torch.allclose(difference, difference[:, :1].expand(-1, 3), atol=1e-5)


def test_that_sigmoids_become_their_logits(written) -> None:
    graph = tiny_graph(softmax=True, end="Sigmoid")
    assert any("(sigmoid); their logits" in note for note in describe(written(graph), CHOSEN).notes)
    images = torch.randn(5, 3, S, S)
    assert torch.allclose(load_network(normalised(written(graph)))(images), Tiny()(images), atol=1e-4)


def test_that_a_probability_of_zero_gives_no_infinite_margin(written) -> None:
    sure = Tiny()
    with torch.no_grad():
        sure.head.bias += torch.tensor([500.0, 0.0, 0.0])
    found = load_network(normalised(written(tiny_graph(softmax=True, network=sure))))(torch.zeros(1, 3, S, S))
    assert found.isfinite().all()


def test_that_a_graph_is_evaluated_like_any_version(written, squares) -> None:
    path = written(metadata={"names": "['dog', 'bee', 'cat']", "mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.25, 0.25]"})
    checkpoint = normalised(path)
    found = evaluate(checkpoint, squares, squares.test, device="cpu")
    assert found.class_names == NAMES
    pixels = torch.from_numpy(squares.images[squares.test]).permute(0, 3, 1, 2) / 255
    assert np.allclose(found.logits, Tiny()((pixels - 0.5) / 0.25).detach().numpy(), atol=1e-5)


def test_that_a_graph_can_be_a_teacher(written) -> None:
    teacher = MeanTeacher([FrozenVersion(normalised(written()), CPU)], ("bee", "cat", "dog"))
    images = torch.randint(0, 256, (3, S, S, 3), dtype=torch.uint8)
    member = teacher.members[0]
    assert torch.equal(teacher.logits(images), member.logits(images)[:, [1, 2, 0]])


def test_that_explaining_a_graph_says_that_it_needs_weights(written, old) -> None:
    checkpoint = normalised(written())
    with pytest.raises(UserError, match="need its weights"):
        Probe(checkpoint, "cpu")
    with pytest.raises(UserError, match="ONNX graph"):
        check_compatible(old, checkpoint)


def test_that_every_flipped_bit_of_a_normalised_file_is_noticed(written) -> None:
    checkpoint = normalised(written())
    path, rng = Path(checkpoint.path), np.random.default_rng(5)
    content = path.read_bytes()
    for place in rng.integers(0, len(content) * 8, 200).tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << (place % 8)
        assert not onnx_header.is_sealed(bytes(damaged))
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            describe(path)
    with pytest.raises(UserError):
        load_network(checkpoint)


def test_that_the_header_is_read_without_the_graph_and_the_file_stays_valid(written) -> None:
    checkpoint = normalised(written(metadata={"author": "me"}))
    content = Path(checkpoint.path).read_bytes()
    onnx.checker.check_model(content)
    kept = {entry.key: entry.value for entry in onnx.load_model_from_string(content).metadata_props}
    assert kept["author"] == "me"
    assert json.loads(kept["mpt_studio"])["class_names"] == list(NAMES)
    assert onnx_header.is_sealed(content)
    assert onnx_header.without_header(content) == tiny_graph(metadata={"author": "me"}).SerializeToString()


def test_that_a_graph_that_another_program_wrote_anew_is_read_again_as_a_foreign_one(written, tmp_path) -> None:
    checkpoint = normalised(written())
    model = onnx.load(checkpoint.path)
    model.graph.doc_string = "changed"
    again = written(model, "again.onnx")
    with pytest.raises(UserError, match="checksum"):
        load_network(read_checkpoint(again))
    reading = describe(again)
    assert (reading.class_names, reading.preprocessing, reading.needs) == (NAMES, PLAIN, ())


def test_that_a_file_with_our_header_twice_keeps_only_the_last(written) -> None:
    first = normalised(written())
    renamed = dataclasses.replace(first, class_names=("x", "y", "z"))
    target = Path(first.path).with_name("second.onnx")
    onnx_file.normalise(Path(first.path), target, renamed)
    assert read_checkpoint(target).class_names == ("x", "y", "z")
    assert target.read_bytes().count(b"mpt_studio_sha256") == 1
    assert load_network(read_checkpoint(target)) is not None
