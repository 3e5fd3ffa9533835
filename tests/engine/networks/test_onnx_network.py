"""ONNX files: described, refused, evaluated like the network they come from."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mpt_studio import onnx_header
from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.explain import Probe, check_compatible
from mpt_studio.engine.networks import onnx_network
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.recognise.onnx import describe
from mpt_studio.engine.version import FrozenVersion, MeanTeacher
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

S, NAMES = 16, ("dog", "bee", "cat")
PLAIN = Preprocessing(image_size=S, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
CPU = torch.device("cpu")


class Tiny(nn.Module):
    """The network that the graphs below compute."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.convolution = nn.Conv2d(3, 4, 3, stride=4)
        self.head = nn.Linear(4, len(NAMES))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolution(images).relu().mean(dim=(2, 3)))


def tiny_graph(
    *, batch: int | str = "N", layout: str = "NCHW", softmax: bool = False, half: bool = False, size: int | str = S,
    metadata: dict[str, str] | None = None, network: Tiny | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """``Tiny`` written by hand, operator by operator."""
    dtype = np.float16 if half else np.float32
    weights = {name: value.detach().numpy().astype(dtype) for name, value in (network or Tiny()).state_dict().items()}
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    shape = [batch, 3, size, size] if layout == "NCHW" else [batch, size, size, 3]
    first = [helper.make_node("Transpose", ["images"], ["x"], perm=[0, 3, 1, 2])] if layout == "NHWC" else []
    nodes = [
        *first,
        helper.make_node("Conv", ["x" if first else "images", "convolution.weight", "convolution.bias"], ["a"],
                         strides=[4, 4]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "head.weight", "head.bias"], ["e" if softmax else "logits"], transB=1),
        *([helper.make_node("Softmax", ["e"], ["logits"])] if softmax else []),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("logits", kind, [batch, len(NAMES)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="hand")
    helper.set_model_props(model, metadata or {})
    return model


@pytest.fixture
def written(tmp_path) -> Callable[..., Path]:
    def write(model: onnx.ModelProto | None = None, name: str = "tiny.onnx", **how) -> Path:
        path = tmp_path / name
        path.write_bytes((model or tiny_graph(**how)).SerializeToString())
        return path

    return write


CHOSEN = Choices(class_names=NAMES, preprocessing=PLAIN)


def normalised(path: Path, choices: Choices = CHOSEN) -> Checkpoint:
    reading = describe(path, choices)
    assert reading.checkpoint is not None
    target = path.with_name("version.onnx")
    onnx_network.normalise(path, target, reading.checkpoint)
    return read_checkpoint(target)


def refused(path: Path, choices: Choices = CHOSEN) -> str:
    with pytest.raises(UserError) as error:
        describe(path, choices)
    sentence = str(error.value)
    assert len(sentence) <= 200
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence


# ---------------------------------------------------------------- described


def test_that_a_graph_without_metadata_needs_names_and_preprocessing(written) -> None:
    reading = describe(written())
    assert reading.container == "ONNX"
    assert reading.needs == ("class_names", "preprocessing")
    assert reading.checkpoint is None
    assert (reading.classes, reading.tensors, reading.parameters) == (3, 4, 3 * 4 * 9 + 4 + 4 * 3 + 3)
    assert [candidate.arch for candidate in reading.candidates] == ["onnx"]


def test_that_choices_complete_a_graph(written) -> None:
    reading = describe(written(), CHOSEN)
    assert reading.needs == ()
    assert reading.class_names_from == reading.preprocessing_from == "your choice"
    assert reading.checkpoint.architecture == "onnx"
    assert reading.checkpoint.class_names == NAMES
    assert reading.checkpoint.preprocessing == PLAIN


@pytest.mark.parametrize(
    "entry",
    [
        {"names": "{0: 'dog', 1: 'bee', 2: 'cat'}"},
        {"class_names": '["dog", "bee", "cat"]'},
        {"classes": "dog, bee, cat"},
        {"id2label": '{"0": "dog", "1": "bee", "2": "cat"}'},
        {"class_to_idx": '{"bee": 1, "cat": 2, "dog": 0}'},
        {"mpt_studio": '{"class_names": ["dog", "bee", "cat"]}'},
    ],
)
def test_that_class_names_are_read_from_the_metadata(written, entry) -> None:
    reading = describe(written(metadata=entry))
    assert (reading.class_names, reading.class_names_from) == (NAMES, "the file")


def test_that_class_names_are_read_from_a_file_beside_it(written, tmp_path) -> None:
    (tmp_path / "labels.txt").write_text("dog\nbee\ncat\n")
    reading = describe(written())
    assert (reading.class_names, reading.class_names_from) == (NAMES, "labels.txt beside it")


def test_that_names_of_another_number_are_not_taken(written) -> None:
    assert describe(written(metadata={"names": "['dog', 'bee']"})).class_names == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.25, 0.25]"},
        {"preprocessing": json.dumps(dataclasses.asdict(PLAIN))},
        {"mpt_studio": json.dumps({"preprocessing": dataclasses.asdict(PLAIN)})},
        {"mean": "[127.5, 127.5, 127.5]", "std": "[63.75, 63.75, 63.75]"},
        {"config": '{"input_size": [3, 16, 16], "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}'},
    ],
)
def test_that_preprocessing_is_read_from_the_metadata(written, entry) -> None:
    reading = describe(written(metadata=entry))
    found = dataclasses.replace(reading.preprocessing, interpolation="bicubic")
    assert (found, reading.preprocessing_from) == (PLAIN, "the file")


def test_that_a_hugging_face_export_is_read_with_what_lies_beside_it(written, tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "dog", "1": "bee", "2": "cat"}}))
    processor = {
        "do_resize": True, "size": {"shortest_edge": S}, "do_center_crop": True, "crop_size": S, "resample": 2,
        "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25],
    }  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    reading = describe(written(name="model.onnx"))
    assert (reading.class_names, reading.class_names_from) == (NAMES, "config.json")
    assert reading.preprocessing == dataclasses.replace(PLAIN, resize=S, interpolation="bilinear")
    assert reading.needs == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"mean": "[0.5, 0.5, 0.5]", "std": "[0, 0, 0]"},
        {"mean": "[0.5, 0.5]", "std": "[1, 1, 1]"},
        {"mean": "(" * 5000, "std": "[1, 1, 1]"},
        {"preprocessing": '{"image_size": 99999999, "mean": [0, 0, 0], "std": [1, 1, 1]}'},
        {"preprocessing": '{"image_size": 64, "mean": [0, 0, 0], "std": [1, 1, 1]}'},
    ],
)
def test_that_nonsense_in_the_metadata_is_not_taken(written, entry) -> None:
    assert describe(written(metadata=entry)).preprocessing is None


# ---------------------------------------------------------------- evaluated


@pytest.mark.parametrize("batch", ["N", 1, 4])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [S, "side"])
def test_that_any_batch_and_layout_gives_the_networks_logits(written, batch, layout, size) -> None:
    checkpoint = normalised(written(batch=batch, layout=layout, size=size))
    images = torch.randint(0, 256, (7, S, S, 3), dtype=torch.uint8)
    version = FrozenVersion(checkpoint, CPU)
    expected = Tiny()(version.normalise(images))
    assert torch.allclose(version.logits(images), expected, atol=1e-5)


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
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            load_network(dataclasses.replace(read_checkpoint(path), architecture="onnx"))
        with pytest.raises(UserError):
            describe(path)


# ---------------------------------------------------------------- refused


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
    whole.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    assert "floating-point" in refused(written(whole))


def _with_shape(shape: list[int | str]) -> onnx.ModelProto:
    model = tiny_graph()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, shape))
    return model


def test_that_choices_that_do_not_fit_are_refused(written) -> None:
    other = dataclasses.replace(PLAIN, image_size=32)
    assert "images of 16 pixels, not 32" in refused(written(), Choices(preprocessing=other))
    assert "2 class names were given" in refused(written(), Choices(class_names=("a", "b")))
    assert "no other architecture" in refused(written(), Choices(arch="resnet18"))


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


def test_that_metadata_that_are_no_text_are_passed_over(written) -> None:
    content = tiny_graph(metadata={"names": "{0: 'dog', 1: 'bee', 2: 'cat'}"}).SerializeToString()
    path = written()
    path.write_bytes(content.replace(b"'dog'", b"'d\xff\xfe'"))
    assert describe(path).class_names == ()


def test_that_mutated_graphs_are_read_or_refused_with_a_sentence(written) -> None:
    path, rng = written(), np.random.default_rng(11)
    content, sentences = path.read_bytes(), []
    for _ in range(300):
        mutated = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 5)):
            mutated[place] = rng.integers(0, 256)
        path.write_bytes(mutated)
        try:
            describe(path, CHOSEN)
        except UserError as error:
            sentences.append(str(error))
    assert len(sentences) > 100
    assert all(len(sentence) <= 200 and sentence.isprintable() for sentence in sentences)


def test_that_without_the_packages_the_sentence_says_what_to_install(written, monkeypatch) -> None:
    import sys

    path = written()
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'pip install "mpt-studio[onnx]"' in refused(path)


# ---------------------------------------------------------------- our header


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
    onnx_network.normalise(Path(first.path), target, renamed)
    assert read_checkpoint(target).class_names == ("x", "y", "z")
    assert target.read_bytes().count(b"mpt_studio_sha256") == 1
    assert load_network(read_checkpoint(target)) is not None
