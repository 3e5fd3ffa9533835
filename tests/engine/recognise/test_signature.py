"""An architecture is known by the names and shapes of its tensors, whatever the task and the image's size."""

from __future__ import annotations

from mpt_studio.engine.recognise.signature import likeness, names_hash, shapes_hash, sketch

SHAPES = {
    "stem.weight": (8, 3, 3, 3),
    "pos_embed": (1, 17, 8),
    "block.weight": (8, 8),
    "head.weight": (10, 8),
    "bn.num_batches_tracked": (),
}


def test_that_task_size_colours_and_counters_do_not_count() -> None:
    other = {**SHAPES, "stem.weight": (8, 1, 3, 3), "pos_embed": (1, 50, 8), "head.weight": (2, 8)}
    del other["bn.num_batches_tracked"]
    assert shapes_hash(SHAPES, ["head.weight"]) == shapes_hash(other, ["head.weight"])
    assert names_hash(SHAPES) == names_hash(reversed(other))
    assert shapes_hash(SHAPES, []) != shapes_hash(other, [])
    assert shapes_hash({**SHAPES, "block.weight": (8, 9)}, ["head.weight"]) != shapes_hash(SHAPES, ["head.weight"])


def test_that_likeness_is_the_share_of_common_tensors() -> None:
    one = {f"a{i}": (i,) for i in range(10)}
    assert likeness(sketch(one), sketch(one)) == 1
    assert likeness(sketch(one), sketch({f"b{i}": (i,) for i in range(10)})) == 0
    assert 0 < likeness(sketch(one), sketch({**one, "b": (1,)})) < 1
