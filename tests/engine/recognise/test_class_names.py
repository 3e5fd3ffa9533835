"""Where class names come from, and that no order is ever guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpt_studio.engine.recognise import class_names, evidence
from mpt_studio.engine.recognise.class_names import Names, has_one_order
from mpt_studio.errors import UserError
from mpt_studio.files.pickle_machine import Unordered
from mpt_studio.reading import Choices

PETS = ("ant", "bee", "cat")


def found(tmp_path: Path, extras=None, count=3, data=(), choices=None, known=None, wrapper="") -> Names:
    beside = evidence.gather(tmp_path / "model.pth", extras or {}, wrapper, "")
    return class_names.find(beside, count, choices or Choices(), tuple(data), known or Names())


@pytest.mark.parametrize("key", ["classes", "class_names", "label_names", "labels", "categories", "CLASSES"])
def test_that_a_list_in_the_file_is_taken(key, tmp_path):
    assert found(tmp_path, {key: list(PETS)}) == Names(names=PETS, source="the file")


def test_that_names_may_be_nested_as_lightning_keeps_them(tmp_path):
    assert (
        found(tmp_path, {"hyper_parameters": {"data": {"class_to_idx": {"ant": 0, "bee": 1, "cat": 2}}}}).names == PETS
    )


def test_that_a_list_of_another_length_is_not_used_and_said(tmp_path):
    names = found(tmp_path, {"classes": ["ant", "bee"]})
    assert names.names == ()
    assert "2 class names" in names.notes[0]
    assert "3 outputs" in names.notes[0]


def test_that_placeholders_are_no_names(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {str(i): f"LABEL_{i}" for i in range(3)}}))
    assert found(tmp_path).names == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", json.dumps({"id2label": {"0": "ant", "1": "bee", "2": "cat"}})),
        ("config.json", json.dumps({"label_names": PETS})),
        ("labels.txt", "ant\nbee\ncat\n"),
        ("classes.txt", "0 ant\n1 bee\n2 cat\n"),
        ("labels.txt", "2: cat\r\n0: ant\r\n1: bee\r\n"),
        ("class_to_idx.json", json.dumps({"cat": 2, "bee": 1, "ant": 0})),
        ("pets.names", "ant\nbee\ncat"),
        ("model.txt", "\ufeffant\nbee\ncat"),
    ],
)
def test_that_files_beside_it_are_read(name, text, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    names = found(tmp_path)
    assert names.names == PETS
    assert name in names.source


def test_that_files_that_disagree_are_not_used(tmp_path):
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat")
    (tmp_path / "classes.txt").write_text("bee\nant\ncat")
    names = found(tmp_path)
    assert names.names == ()
    assert "disagree" in names.notes[0]


@pytest.mark.parametrize(
    "other",
    [
        {"class_to_idx": {"bee": 0, "ant": 1, "cat": 2}},
        {"id2label": {"0": "cat", "1": "bee", "2": "ant"}},
        {"hyper_parameters": {"labels": ["ant", "bee", "cow"]}},
        "config.json",
        "labels.txt",
    ],
)
def test_that_names_are_taken_only_where_all_that_is_told_agrees(tmp_path, other):
    if other == "config.json":
        (tmp_path / other).write_text(json.dumps({"id2label": {"0": "bee", "1": "ant", "2": "cat"}}))
    elif other == "labels.txt":
        (tmp_path / other).write_text("cat\nbee\nant")
    more = other if isinstance(other, dict) else {}
    names = found(tmp_path, {"classes": list(PETS), **more}, data=PETS)
    assert names.names == ()
    assert "disagree, so none was used" in names.notes[-1]


def test_that_the_same_names_spelled_otherwise_agree(tmp_path):
    (tmp_path / "labels.txt").write_text("Ant\n bee\nCAT")
    assert found(tmp_path, {"classes": list(PETS)}).names == PETS


@pytest.mark.parametrize("kind", [set, frozenset, Unordered])
def test_that_a_set_has_no_order(tmp_path, kind):
    names = found(tmp_path, {"classes": kind(PETS)})
    assert names.names == ()
    assert "are a set, which has no order" in names.notes[-1]


@pytest.mark.parametrize("value", [{"ant": 1, "bee": 2, "cat": 3}, ["ant", 2, "cat"], {"ant": "a"}])
def test_that_what_is_no_list_of_names_is_quoted(tmp_path, value):
    names = found(tmp_path, {"classes": value})
    assert names.names == ()
    assert str(value)[:20] in names.notes[-1]


@pytest.mark.parametrize(
    "text", ["ant,bee, cat", '["ant", "bee", "cat"]', "ant\nbee\ncat", "{0: 'ant', 1: 'bee', 2: 'cat'}"]
)
def test_that_names_may_be_a_text_as_safetensors_keep_them(tmp_path, text):
    assert found(tmp_path, {"classes": text}).names == PETS


def test_that_a_choice_goes_before_all(tmp_path):
    (tmp_path / "labels.txt").write_text("cat\nbee\nant")
    chosen = found(tmp_path, {"classes": list(PETS)}, choices=Choices(class_names=("x", "y", "z")))
    assert chosen == Names(names=("x", "y", "z"), source="your choice")


def test_that_a_choice_of_another_length_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"2 class names were given, but .* 3 outputs"):
        found(tmp_path, choices=Choices(class_names=("x", "y")))


def test_that_the_datas_classes_are_taken_only_where_their_order_is_sure(tmp_path):
    sure = found(tmp_path, data=PETS)
    assert (sure.names, sure.source) == (PETS, "the data")
    assert found(tmp_path, data=("1", "2", "10")).names == ()
    assert found(tmp_path, data=("Bee", "ant", "cat")).names == ()
    assert found(tmp_path, data=(*PETS, "dog")).names == ()


@pytest.mark.parametrize(
    ("names", "sure"),
    [(("1", "2", "10"), False), (("1", "10", "2"), False), (("B", "a"), False), (("T-shirt", "Dress", "Bag"), True)],
)
def test_that_an_order_that_depends_on_how_one_sorts_is_not_sure(names, sure):
    assert has_one_order(names) is sure


def test_that_the_published_old_model_knows_the_first_classes_of_cifar_100(tmp_path):
    data = ("apple", *(f"m{i:02}" for i in range(98)), "worm")
    extras = {"acc": 71.2, "epoch": 99}
    assert found(tmp_path, extras, 50, data, wrapper="net").names == data[:50]
    assert found(tmp_path, extras, 50, data).names == ()
    assert found(tmp_path, extras, 50, ("a", *data[1:]), wrapper="net").names == ()


def test_that_repeated_names_get_their_index(tmp_path):
    names = found(tmp_path, {"classes": ["crane", "bee", "crane"]})
    assert names.names == ("crane (0)", "bee", "crane (2)")
    assert "more than once" in names.notes[0]


def test_that_names_are_made_fit_to_be_shown(tmp_path):
    assert found(tmp_path, {"classes": ["a\x1b[31m\nb", " c "]}, count=2).names == ("a [31m b", "c")
