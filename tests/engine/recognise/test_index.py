"""The index of architectures agrees with the libraries that are installed."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio import paths
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise import index, signature

FIELDS = ("names", "body", "shapes", "head", "parameters", "image_size", "sketch")
SAMPLE = ("small", "resnet18", "densenet121", "vit_b_16", "timm/convnext_atto", "timm/vit_base_patch16_224")


def test_that_the_index_is_small():
    assert paths.resource(index.RESOURCE).stat().st_size < 400_000


def test_that_every_architecture_of_torchvision_and_ours_is_in_it():
    listed = {entry.arch for entry in index.entries() if not entry.is_timm}
    assert listed == {arch for arch in networks.architectures() if not arch.startswith("timm/")}


@pytest.mark.parametrize("arch", SAMPLE)
def test_that_an_entry_is_what_building_gives(arch):
    if arch.startswith("timm/") and not timm_networks.is_installed():
        pytest.skip("needs timm")
    (entry,) = (entry for entry in index.by_arch(arch) if not entry.small_stem)
    made = dataclasses.asdict(index.made(arch, False))
    assert {f: made[f] for f in FIELDS} == {f: dataclasses.asdict(entry)[f] for f in FIELDS}


def test_that_a_sketch_finds_what_shares_most():
    entry = next(e for e in index.entries() if e.arch == "resnet34")
    assert signature.likeness(entry.sketch, entry.sketch) == 1
    others = {e.arch: signature.likeness(entry.sketch, e.sketch) for e in index.entries() if not e.is_timm}
    assert others["resnet18"] > others["densenet121"]
    assert others["alexnet"] == 0


def test_that_a_hash_does_not_depend_on_the_order_or_on_counters():
    shapes = {"a.weight": (3, 4), "b.num_batches_tracked": ()}
    assert signature.names_hash(shapes) == signature.names_hash(["a.weight"])
    assert signature.shapes_hash({"x": (1,), "y": (2,)}, ()) == signature.shapes_hash({"y": (2,), "x": (1,)}, ())
    assert signature.shapes_hash({"x": (1,)}, ()) != signature.shapes_hash({"x": (2,)}, ())
