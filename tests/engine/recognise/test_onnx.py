"""ONNX files are described from their graph, their metadata and what lies beside them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from tiny_onnx import CHOSEN, NAMES, PLAIN, S, refused

from mpt_studio.engine.recognise.onnx import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices


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


def test_that_class_names_are_read_from_a_file_beside_it(written, tmp_path) -> None:
    (tmp_path / "labels.txt").write_text("dog\nbee\ncat\n")
    reading = describe(written())
    assert (reading.class_names, reading.class_names_from) == (NAMES, "labels.txt beside it")


def test_that_names_of_another_number_are_not_taken(written) -> None:
    assert describe(written(metadata={"names": "['dog', 'bee']"})).class_names == ()


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


def test_that_choices_that_do_not_fit_are_refused(written) -> None:
    other = dataclasses.replace(PLAIN, image_size=32)
    assert "images of 16 pixels, not 32" in refused(written(), Choices(preprocessing=other))
    assert "2 class names were given" in refused(written(), Choices(class_names=("a", "b")))
    assert "no other architecture" in refused(written(), Choices(arch="resnet18"))


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
