"""Versions written for deployment answer as the version does, to those who know nothing of this program."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.engine import export as exports
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.export import Decided, export
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.weights import load_network, save_network
from mpt_studio.engine.recognise.onnx import describe
from mpt_studio.engine.version import FrozenVersion, Normalise
from mpt_studio.errors import UserError
from mpt_studio.files import onnx_header
from mpt_studio.reading import Choices

pytestmark = pytest.mark.usefixtures("forked")

PHOTOGRAPHS = Preprocessing(
    image_size=64, resize=72, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


@pytest.fixture(scope="module")
def squeezed(tmp_path_factory) -> Checkpoint:
    """A torchvision network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = networks.build("squeezenet1_1", 3, False, 64)
    made = Checkpoint(
        architecture="squeezenet1_1", small_stem=False, class_names=("ant", "bee", "çat"), preprocessing=PHOTOGRAPHS
    )
    path = tmp_path_factory.mktemp("squeezed") / "squeezed.safetensors"
    save_network(path, network.state_dict(), made)
    return read_checkpoint(path)


@pytest.fixture(scope="module")
def graph(old, tmp_path_factory) -> Checkpoint:
    """The trained old model as an ONNX graph."""
    path = tmp_path_factory.mktemp("graph") / "old.onnx"
    export(Decided(old), "onnx", path)
    return read_checkpoint(path)


def test_that_a_torchvision_script_loads_the_pth(squeezed, tmp_path) -> None:
    path = tmp_path / "deployed.pth"
    done = export(Decided(squeezed), "pth", path)
    assert (done.difference, done.samples, done.notes) == (0.0, 4, ())
    images = torch.randn(2, 3, 64, 64)
    np.save(tmp_path / "images.npy", images.numpy())
    script = """
import sys, numpy, torch, torchvision
found = torch.load(sys.argv[1] + "/deployed.pth", weights_only=True)
network = torchvision.models.get_model(found["arch"], num_classes=len(found["class_names"])).eval()
network.load_state_dict(found["state_dict"])
with torch.no_grad():
    numpy.save(sys.argv[1] + "/logits.npy", network(torch.from_numpy(numpy.load(sys.argv[1] + "/images.npy"))).numpy())
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=120)
    with torch.no_grad():
        expected = load_network(squeezed)(images)
    assert np.allclose(np.load(tmp_path / "logits.npy"), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_that_a_network_whose_state_dict_carries_a_version_is_loaded_and_exported(tmp_path) -> None:
    network = networks.build("mnasnet0_5", 3, False, 64)
    made = Checkpoint(architecture="mnasnet0_5", small_stem=False, class_names=tuple("abc"), preprocessing=PHOTOGRAPHS)
    save_network(tmp_path / "a.safetensors", network.state_dict(), made)
    assert export(Decided(read_checkpoint(tmp_path / "a.safetensors")), "pth", tmp_path / "a.pth").difference == 0.0


def test_what_a_pth_holds_besides_its_weights(squeezed, tmp_path) -> None:
    export(Decided(squeezed), "pth", tmp_path / "a.pth")
    found = torch.load(tmp_path / "a.pth", weights_only=True)
    assert set(found) == {"state_dict", "arch", "small_stem", "class_names", "preprocessing"}
    assert (found["arch"], found["class_names"]) == ("squeezenet1_1", ["ant", "bee", "çat"])
    assert found["preprocessing"]["resize"] == 72
    assert json.loads(json.dumps(found["preprocessing"])) == found["preprocessing"]


@pytest.mark.parametrize("resize", [0, 64, 72])
def test_that_a_pth_is_read_back_as_the_same_version(squeezed, tmp_path, resize) -> None:
    from mpt_studio.engine.intake.contents import contents_from, outline_of
    from mpt_studio.engine.recognise.describe import describe

    way = dataclasses.replace(PHOTOGRAPHS, resize=resize)
    export(Decided(dataclasses.replace(squeezed, preprocessing=way)), "pth", tmp_path / "a.pth")
    contents = contents_from(outline_of(tmp_path / "a.pth"))
    reading, tensors = describe(contents, tmp_path / "a.pth", Choices(), ())
    assert tensors is not None
    assert reading.candidates[0].arch == "squeezenet1_1"
    assert (reading.class_names, reading.class_names_from) == (squeezed.class_names, "the file")
    assert (reading.preprocessing, reading.preprocessing_from) == (way, "the file")


def test_that_onnx_answers_as_the_version_for_any_number_of_images(old, graph, squares) -> None:
    import onnx
    import onnxruntime

    model = onnx.load(graph.path)
    onnx.checker.check_model(model, full_check=True)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(entries["class_names"]) == list(old.class_names)
    assert json.loads(entries["preprocessing"])["mean"] == list(old.preprocessing.mean)
    session = onnxruntime.InferenceSession(graph.path, providers=["CPUExecutionProvider"])
    pixels = Normalise(old.preprocessing)(torch.from_numpy(squares.images[squares.test])).numpy()
    expected = evaluate(old, squares, squares.test, device="cpu").logits
    for count in (1, 5):
        (found,) = session.run(["logits"], {"images": pixels[:count]})
        assert np.allclose(found, expected[:count], rtol=1e-3, atol=1e-3)


def test_that_an_exported_graph_is_a_version_again(old, graph, squares) -> None:
    assert graph.architecture == "onnx"
    assert (graph.class_names, graph.preprocessing, graph.method) == (
        old.class_names,
        old.preprocessing,
        old.method,
    )
    assert graph.notes[-1] == "Exported from small with the small stem."
    before = evaluate(old, squares, squares.test, device="cpu")
    after = evaluate(graph, squares, squares.test, device="cpu")
    assert np.allclose(before.logits, after.logits, rtol=1e-3, atol=1e-3)
    assert np.array_equal(before.predicted, after.predicted)
    assert describe(Path(graph.path)).needs == ()


def test_that_a_graph_with_its_preprocessing_inside_takes_whole_pixels(old, squares, tmp_path) -> None:
    import onnx
    import onnxruntime

    done = export(Decided(old), "onnx", tmp_path / "whole.onnx", preprocessing="inside")
    size = old.preprocessing.image_size
    takes = f"whole pixels, uint8 (N, {size}, {size}, 3) in the order RGB, and normalises them itself; resizing and"
    assert done.notes == (f"The graph takes {takes} cropping stay outside; its opset is 18.",)
    entries = {entry.key: entry.value for entry in onnx.load(tmp_path / "whole.onnx").metadata_props}
    assert entries["input"] == f"{takes} cropping stay outside"
    written = read_checkpoint(tmp_path / "whole.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "whole.onnx", providers=["CPUExecutionProvider"])
    expected = evaluate(old, squares, squares.test, device="cpu").logits
    for count in (1, 5):
        (found,) = session.run(["logits"], {"images": squares.images[squares.test[:count]]})
        assert np.allclose(found, expected[:count], rtol=1e-3, atol=1e-3)
    assert "It takes whole pixels, 0 to 255, and normalises them itself." in describe(tmp_path / "whole.onnx").notes
    assert written.preprocessing == dataclasses.replace(old.preprocessing, mean=(0, 0, 0), std=(1, 1, 1))
    images = torch.from_numpy(squares.images[:3])
    cpu = torch.device("cpu")
    assert torch.allclose(
        FrozenVersion(written, cpu).logits(images), FrozenVersion(old, cpu).logits(images), rtol=1e-3, atol=1e-3
    )


def test_that_a_safetensors_copy_is_the_version(old, tmp_path) -> None:
    done = export(Decided(old), "safetensors", tmp_path / "copy.safetensors")
    assert done.difference == 0.0
    assert dataclasses.replace(read_checkpoint(tmp_path / "copy.safetensors"), path=old.path) == old


def test_that_labels_are_one_name_per_line_in_the_order_of_the_head(squeezed, tmp_path) -> None:
    done = export(Decided(squeezed), "labels", tmp_path / "labels.txt")
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8") == "ant\nbee\nçat\n"
    assert done.difference is None


def test_that_a_name_with_a_line_break_is_no_label(squeezed, tmp_path) -> None:
    odd = dataclasses.replace(squeezed, class_names=("a", "b\nc", "d"))
    with pytest.raises(UserError, match="line break"):
        export(Decided(odd), "labels", tmp_path / "labels.txt")


def test_that_a_graph_is_copied_with_its_header_and_nothing_else_is_made_of_it(graph, tmp_path) -> None:
    done = export(Decided(graph), "onnx", tmp_path / "copy.onnx")
    assert done.difference == 0.0
    assert onnx_header.is_sealed((tmp_path / "copy.onnx").read_bytes())
    export(Decided(graph), "labels", tmp_path / "labels.txt")
    for form in ("pth", "safetensors"):
        with pytest.raises(UserError, match="is an ONNX graph"):
            export(Decided(graph), form, tmp_path / "no")
    with pytest.raises(UserError, match="is an ONNX graph"):
        export(Decided(graph), "onnx", tmp_path / "no", preprocessing="inside")


def test_that_what_answers_differently_is_refused(old, tmp_path, monkeypatch) -> None:
    def damaged(path: Path, tensors, checkpoint: Checkpoint) -> None:
        save_network(path, {name: value + 0.01 for name, value in tensors.items()}, checkpoint)

    monkeypatch.setattr(exports, "save_network", damaged)
    with pytest.raises(UserError, match="answers differently"):
        export(Decided(old), "safetensors", tmp_path / "copy.safetensors")


def test_that_logits_that_are_not_numbers_are_no_agreement(old, tmp_path, monkeypatch) -> None:
    def damaged(path: Path, tensors, checkpoint: Checkpoint) -> None:
        broken = {name: value * float("nan") if value.is_floating_point() else value for name, value in tensors.items()}
        save_network(path, broken, checkpoint)

    monkeypatch.setattr(exports, "save_network", damaged)
    with pytest.raises(UserError, match="answers differently"):
        export(Decided(old), "safetensors", tmp_path / "copy.safetensors")


def test_that_only_onnx_has_a_preprocessing_inside_and_an_opset(old, tmp_path) -> None:
    with pytest.raises(UserError, match="Only an ONNX graph can hold its preprocessing"):
        export(Decided(old), "pth", tmp_path / "a.pth", preprocessing="inside")
    with pytest.raises(UserError, match="Only an ONNX graph has an opset"):
        export(Decided(old), "safetensors", tmp_path / "a.safetensors", opset=18)


@pytest.mark.parametrize("opset", [0, 17, 24])
def test_that_an_opset_that_cannot_be_written_is_a_sentence(old, tmp_path, opset) -> None:
    with pytest.raises(UserError, match=f"Opset {opset} cannot be written; choose one of 18 to 23"):
        export(Decided(old), "onnx", tmp_path / "a.onnx", opset=opset)


@pytest.mark.parametrize("opset", [18, 23])
def test_that_a_graph_has_the_opset_that_was_asked_for(old, tmp_path, opset) -> None:
    import onnx

    done = export(Decided(old), "onnx", tmp_path / "a.onnx", opset=opset)
    assert done.opset == opset
    assert [each.version for each in onnx.load(tmp_path / "a.onnx").opset_import if not each.domain] == [opset]


def test_that_without_the_packages_the_sentence_says_what_to_install(old, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r'pip install "mpt-studio\[onnx\]"'):
        export(Decided(old), "onnx", tmp_path / "a.onnx")


def test_that_the_exporter_says_nothing(old, tmp_path, capfd) -> None:
    export(Decided(old), "onnx", tmp_path / "a.onnx")
    told = capfd.readouterr()
    assert told.out == told.err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arch", "size"),
    [
        ("alexnet", 64), ("convnext_tiny", 64), ("densenet121", 64), ("efficientnet_b0", 64), ("efficientnet_v2_s", 64),
        ("googlenet", 64), ("inception_v3", 96), ("maxvit_t", 224), ("mnasnet0_5", 64), ("mobilenet_v2", 64),
        ("mobilenet_v3_small", 64), ("regnet_x_400mf", 64), ("regnet_y_400mf", 64), ("resnet18", 64),
        ("resnext50_32x4d", 64), ("shufflenet_v2_x0_5", 64), ("squeezenet1_0", 64), ("swin_t", 64), ("swin_v2_t", 64),
        ("vgg11", 32), ("vit_b_32", 64), ("wide_resnet50_2", 64),
    ],
)  # fmt: skip
def test_that_every_family_of_torchvision_is_exported(arch, size, tmp_path) -> None:
    torch.manual_seed(0)
    network = networks.build(arch, 5, False, size)
    way = Preprocessing(image_size=size, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    made = Checkpoint(architecture=arch, small_stem=False, class_names=tuple("abcde"), preprocessing=way)
    save_network(tmp_path / "a.safetensors", network.state_dict(), made)
    for form in ("pth", "onnx"):
        done = export(Decided(read_checkpoint(tmp_path / "a.safetensors")), form, tmp_path / f"a.{form}")
        assert done.samples == 4
