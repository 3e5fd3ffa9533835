"""What a graph may hold, and what is refused."""

from __future__ import annotations

import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import S, refused, tiny_graph

from mpt_studio.engine.networks.onnx_graph import read_graph, with_offset
from mpt_studio.engine.networks.onnx_run import OnnxRun


def test_that_weights_in_other_files_are_refused(written, tmp_path) -> None:
    model = tiny_graph()
    onnx.save(model, tmp_path / "outside.onnx", save_as_external_data=True, size_threshold=0, location="weights.bin")
    assert "other files" in refused(tmp_path / "outside.onnx")
    (tmp_path / "sub").mkdir()
    shutil.copy(tmp_path / "outside.onnx", tmp_path / "sub" / "outside.onnx")
    assert "other files" in refused(tmp_path / "sub" / "outside.onnx")


@pytest.mark.parametrize("place", ["attribute", "sparse", "nested", "function"])
def test_that_weights_in_other_files_are_found_wherever_they_hide(written, place) -> None:
    model, tensor = tiny_graph(), numpy_helper.from_array(np.zeros(1, np.float32), "hidden")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    constant = helper.make_node("Constant", [], ["h"], value=tensor)
    if place == "attribute":
        model.graph.node.append(constant)
    elif place == "sparse":
        model.graph.sparse_initializer.add().values.CopyFrom(tensor)
    elif place == "nested":
        inner = helper.make_graph([constant], "inner", [], [])
        outer = helper.make_graph(
            [helper.make_node("If", ["q"], ["h"], then_branch=inner, else_branch=inner)], "o", [], []
        )
        model.graph.node.append(helper.make_node("Loop", ["", ""], ["h"], body=outer))
    else:
        model.functions.append(helper.make_function("own", "f", [], ["h"], [constant], []))
    assert "other files" in refused(written(model))


@pytest.mark.parametrize(
    ("domain", "name"), [("evil.ops", "Run"), ("com.microsoft", "EPContext"), ("com.microsoft", "PythonOp")]
)
def test_that_operators_of_other_libraries_are_refused(written, domain, name) -> None:
    model = tiny_graph()
    model.graph.node[1].domain, model.graph.node[1].op_type = domain, name
    model.opset_import.append(helper.make_opsetid(domain, 1))
    assert f"{domain}.{name}" in refused(written(model))


def test_that_other_inputs_and_outputs_are_refused(written) -> None:
    two = tiny_graph()
    two.graph.output.append(helper.make_tensor_value_info("d", TensorProto.FLOAT, ["N", 4]))
    assert "2 outputs" in refused(written(two))
    assert "16 × 32" in refused(written(_with_shape([1, 3, 16, 32])))
    assert "1 channels" in refused(written(_with_shape(["N", 1, 16, 16])))
    assert "2 dimensions" in refused(written(_with_shape(["N", 768])))
    whole = tiny_graph()
    whole.graph.input[0].type.tensor_type.elem_type = TensorProto.INT8
    assert "floating-point" in refused(written(whole))


def _with_shape(shape: list[int | str]) -> onnx.ModelProto:
    model = tiny_graph()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, shape))
    return model


def test_that_a_batch_of_minus_one_is_any_number_of_images(written) -> None:
    content = onnx.load_model_from_string(written().read_bytes())
    content.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    assert read_graph(content.SerializeToString()).batch == 0


def test_that_damaged_and_foreign_files_are_refused(tmp_path) -> None:
    whole = tiny_graph().SerializeToString()
    for number, content in enumerate([b"", whole[:100], whole[:-50], b"\x08\x08" + bytes(500), b"\x08\x08\x12"]):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(content)
        assert "ONNX" in refused(path)


def test_that_a_graph_that_asks_for_more_than_it_can_get_is_refused(written) -> None:
    model = tiny_graph()
    model.graph.node[0].attribute[0].ints[0] = -4
    assert refused(written(model))


def test_that_without_the_packages_the_sentence_says_what_to_install(written, monkeypatch) -> None:
    import sys

    path = written()
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'pip install "mpt-studio[onnx]"' in refused(path)


@pytest.mark.parametrize("end", ["", "Softmax", "Sigmoid"])
def test_that_an_offset_is_subtracted_from_the_logits_whatever_the_graph_ends_in(end: str) -> None:
    content = tiny_graph(softmax=bool(end), end=end).SerializeToString()
    images = np.random.default_rng(0).normal(size=(4, 3, S, S)).astype(np.float32)
    moved = with_offset(content, (0.0, 0.0, 1.5))
    before, after = (OnnxRun(graph, read_graph(graph)).logits(images) for graph in (content, moved))
    assert read_graph(moved).ends_in == end
    drop = (before - after) - (before - after)[:, :1]
    assert np.allclose(drop, [[0, 0, 1.5]] * 4, atol=1e-4)
