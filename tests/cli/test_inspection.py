"""What inspect prints for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.cli.inspection import text_of
from mpt_studio.reading import Candidate, Reading, to_json


def test_that_inspect_tells_a_version_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = Reading(
        path="old.pth", sha256="ab", bytes=45_000_000, container="PyTorch zip", tensors=122, parameters=11_000_000,
        classes=3, candidates=(Candidate(arch="resnet18"), Candidate(arch="timm/resnetblur18")),
        preprocessing=Preprocessing(image_size=224, resize=256, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
        preprocessing_from="the file", notes=("The weights are under 'net'.",), needs=("architecture", "class_names"),
    )  # fmt: skip
    assert text_of({"kind": "version", **json.loads(json.dumps(to_json(found)))}).splitlines() == [
        "version        old.pth",
        "container      PyTorch zip, 45.0 MB",
        "sha256         ab",
        "architecture   resnet18 (122 tensors, 11,000,000 parameters)",
        "  or           timm/resnetblur18",
        "classes        3, without names",
        "preprocessing  shorter side to 256, centre 224×224, bicubic; mean 0.5, 0.5, 0.5; std 0.25, 0.25, 0.25",
        "  from         the file",
        "notes          The weights are under 'net'.",
        "needed         the architecture; choose one with --arch, or its stem with --small-stem on or off",
        "               the class names in the order of the outputs; give them with --classes FILE or --classes a,b,c",
    ]


def test_that_inspect_shows_how_another_port_s_names_were_matched_and_how_to_confirm_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # no line is broken
    port = Candidate(arch="timm/x", agreement="9 of 9 tensors agree in order and shape", mapped=("a.w ← b.w", "c ← d"))
    found = Reading(
        path="p.pth", sha256="ab", bytes=1, container="safetensors", tensors=9, parameters=9, classes=3,
        candidates=(port,), needs=("architecture",),
    )  # fmt: skip
    lines = text_of({"kind": "version", **json.loads(json.dumps(to_json(found)))}).splitlines()
    assert [" ".join(line.split()) for line in lines if "matched" in line or "←" in line or "needed" in line] == [
        "matched 9 of 9 tensors agree in order and shape; the names are another port's",
        "a.w ← b.w",
        "c ← d",
        "needed whether it is this; say so with --arch timm/x",
    ]


def test_that_nested_values_are_told_below_their_name() -> None:
    record: dict[str, Any] = {"kind": "checkpoint", "recipe": {"model": {"arch": "small"}, "old": ""}, "run": "x"}
    lines = [line.split() for line in text_of(record).splitlines()]
    assert lines == [["kind", "checkpoint"], ["recipe"], ["model"], ["arch", "small"], ["run", "x"]]


def test_that_notes_are_told_whole_and_a_line_each() -> None:
    long = "The classes are those that it ever answers, 1; list them if there are more than these that it can answer."
    record: dict[str, Any] = {"kind": "predictions", "notes": [long, "Columns that are not read: 'a'."]}
    told = " ".join(text_of(record).split())
    assert told == f"kind predictions notes {long} Columns that are not read: 'a'."
