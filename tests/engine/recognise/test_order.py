"""Which lists of layers count as the same."""

from __future__ import annotations

import pytest

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import index, order

BLOCK = {
    "conv1.weight": (8, 3, 3, 3),
    "bn1.weight": (8,),
    "bn1.bias": (8,),
    "bn1.running_mean": (8,),
    "bn1.running_var": (8,),
    "bn1.num_batches_tracked": (),
    "gamma": (8,),
    "fc1.weight": (16, 8),
    "fc1.bias": (16,),
}


def renamed(shapes, *names):
    """With other names for the layers, in the same order."""
    places = list(dict.fromkeys(name.rpartition(".")[0] for name in shapes if "." in name))
    other = dict(zip(places, names, strict=True))
    return {f"{other.get(p, 'scale')}.{r}".removeprefix("scale."): s for (p, _, r), s in parted(shapes)}


def parted(shapes):
    return [(name.rpartition("."), shape) for name, shape in shapes.items()]


def test_that_layers_of_the_same_shapes_in_the_same_order_agree_whatever_their_names():
    other = renamed(BLOCK, "stem", "norm", "out")
    assert order.digest(other) == order.digest(BLOCK)
    names = order.aligned(other, BLOCK)
    assert names["stem.weight"] == "conv1.weight"
    assert names["norm.running_var"] == "bn1.running_var"


def test_that_buffers_after_all_parameters_and_missing_counters_do_not_matter():
    late = {name: shape for name, shape in BLOCK.items() if "running" not in name and "tracked" not in name}
    late |= {name: BLOCK[name] for name in ("bn1.running_mean", "bn1.running_var")}
    assert order.digest(late) == order.digest(BLOCK)
    assert order.aligned(late, BLOCK)["bn1.running_mean"] == "bn1.running_mean"


def test_that_a_layer_s_scale_may_stand_at_the_end_of_its_block():
    late = {**{name: shape for name, shape in BLOCK.items() if name != "gamma"}, "gamma": (8,)}
    assert order.aligned(late, BLOCK)["gamma"] == "gamma"


@pytest.mark.parametrize("shape", [(16, 8, 1, 1), (16, 8)])
def test_that_a_linear_layer_is_a_convolution_of_one_pixel(shape):
    assert order.digest({**BLOCK, "fc1.weight": shape}) == order.digest(BLOCK)


def test_that_swapped_layers_are_not_the_same():
    first, second = {"a.weight": (8, 8), "b.weight": (16, 8)}, {"b.weight": (16, 8), "a.weight": (8, 8)}
    assert order.digest(first) != order.digest(second)
    assert order.aligned(second, first) == {}


def test_that_norms_may_be_listed_after_a_block_s_convolutions_only_where_that_is_asked_for():
    own = {"c1.weight": (8, 3, 3, 3), "n1.weight": (8,), "n1.bias": (8,), "c2.weight": (9, 8, 3, 3), "n2.weight": (9,),
           "n2.bias": (9,)}  # fmt: skip
    other = {name: own[name] for name in sorted(own)}
    assert order.aligned(other, own) == {}
    assert order.aligned(other, own, apart=True) == {name: name for name in own}


def test_that_the_first_difference_is_told():
    assert (
        order.first_difference({"a.weight": (8, 4)}, {"b.weight": (8, 5)})
        == "has a.weight (8×4) where b.weight has 8×5"
    )
    assert order.first_difference({"a.weight": (8, 4)}, {}) == "has 1 layers, not 0"


@pytest.mark.parametrize("arch", ["resnet18", "vgg11", "vgg11_bn", "small"])
def test_that_the_index_has_the_order_of_each_architecture(arch):
    (entry, *_) = index.by_arch(arch)
    shapes = shapes_of(without_memory(lambda: networks.build(arch, 7, entry.small_stem, entry.image_size)))
    assert entry in index.same_order(shapes, entry.head)
    assert index.made(arch, entry.small_stem).order == entry.order
