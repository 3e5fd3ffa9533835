"""What other programs write beside a graph."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tiny_onnx import NAMES, PLAIN, tiny_graph

from mpt_studio.engine.recognise.onnx import describe


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


def test_that_metadata_that_are_no_text_are_passed_over(written) -> None:
    content = tiny_graph(metadata={"names": "{0: 'dog', 1: 'bee', 2: 'cat'}"}).SerializeToString()
    path = written()
    path.write_bytes(content.replace(b"'dog'", b"'d\xff\xfe'"))
    assert describe(path).class_names == ()
