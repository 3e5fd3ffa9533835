"""Options that complete a version: class lists from files or text, a part of the preprocessing; the text of inspect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mpt_studio import jobs
from mpt_studio.checkpoint import Preprocessing
from mpt_studio.cli.inspection import text_of
from mpt_studio.cli.version_options import VersionOptions, class_list
from mpt_studio.errors import UsageError, UserError
from mpt_studio.reading import Candidate, Choices, Reading, to_json
from mpt_studio.store import Store


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("labels.txt", "ant\nbee, the small\n\nκ\n", ("ant", "bee, the small", "κ")),
        ("labels.json", '["b", "a"]', ("b", "a")),
        ("class_to_idx.json", '{"b": 1, "a": 0}', ("a", "b")),
        ("id2label.json", '{"1": "b", "0": "a", "2": "c"}', ("a", "b", "c")),
    ],
)
def test_that_class_names_come_from_a_file(tmp_path: Path, name: str, content: str, names: tuple[str, ...]) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert class_list(str(tmp_path / name)) == names


def test_that_class_names_come_from_the_command_line() -> None:
    assert class_list('ant, "bee, small",cat') == ("ant", "bee, small", "cat")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a,b,a", "'a' twice"), (",", "names no classes"), ("absent.txt", "There is no file absent.txt")],
)
def test_that_a_class_list_that_cannot_be_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        class_list(text)


@pytest.mark.parametrize("content", ['{"a": 0, "b": 2}', "[1, 2]", '"a"', "{", "[" * 100_000])
def test_that_a_file_of_names_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "names.json").write_text(content)
    with pytest.raises(UserError, match="no UTF-8 file with one class name per line, nor JSON"):
        class_list(str(tmp_path / "names.json"))


def test_that_options_become_choices(tmp_path: Path) -> None:
    session = jobs.Session(Store(tmp_path))
    assert VersionOptions().choices(session, tmp_path / "x.pth") == Choices()
    options = VersionOptions(arch="resnet18", small_stem="on", classes="a,b")
    assert options.choices(session, tmp_path / "x.pth") == Choices(
        arch="resnet18", small_stem=True, class_names=("a", "b")
    )


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


def test_that_nested_values_are_told_below_their_name() -> None:
    record: dict[str, Any] = {"kind": "checkpoint", "recipe": {"model": {"arch": "small"}, "old": ""}, "run": "x"}
    lines = [line.split() for line in text_of(record).splitlines()]
    assert lines == [["kind", "checkpoint"], ["recipe"], ["model"], ["arch", "small"], ["run", "x"]]


def test_that_notes_are_told_whole_and_a_line_each() -> None:
    long = "The classes are those that it ever answers, 1; list them if there are more than these that it can answer."
    record: dict[str, Any] = {"kind": "predictions", "notes": [long, "Columns that are not read: 'a'."]}
    told = " ".join(text_of(record).split())
    assert told == f"kind predictions notes {long} Columns that are not read: 'a'."


def test_that_a_wrong_usage_has_its_own_exit_code() -> None:
    with pytest.raises(UsageError):
        class_list("a,a")
