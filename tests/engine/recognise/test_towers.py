"""Networks whose authors lay out tensors otherwise: what comes out is what the layers computed there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise import towers

needs_timm = pytest.mark.skipif(not timm_networks.is_installed(), reason="needs timm")


@needs_timm
def test_that_mmpretrain_s_merged_patches_come_out_as_swin_merges_them():
    """There, an image is unfolded: all four corners of the first channel, then of the second."""
    from timm.models.swin_transformer import PatchMerging

    torch.manual_seed(0)
    norm, reduction = nn.LayerNorm(4 * 6), nn.Linear(4 * 6, 12, bias=False)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    image = torch.randn(2, 8, 8, 6)
    unfolded = nn.functional.unfold(image.permute(0, 3, 1, 2), 2, stride=2).transpose(1, 2)
    theirs = {
        "layers.1.downsample.reduction.weight": reduction.weight,
        "layers.1.downsample.norm.weight": norm.weight,
        "layers.1.downsample.norm.bias": norm.bias,
    }
    ours = PatchMerging(6, 12)
    ours.load_state_dict({n.removeprefix("layers.1.downsample."): t for n, t in towers.in_swins_order(theirs).items()})
    with torch.no_grad():
        assert torch.allclose(ours(image).reshape(2, 16, 12), reduction(norm(unfolded)), atol=1e-5)


def test_that_dinov2_s_class_token_carries_its_position_where_there_are_registers():
    token, table = torch.randn(1, 1, 6), torch.randn(1, 5, 6)
    given = {"cls_token": token, "pos_embed": table, "unused.mask_token": torch.zeros(1, 6)}
    assert towers.from_dinov2(given).keys() == {"cls_token", "pos_embed"}
    made = towers.from_dinov2({**given, "reg_token": torch.zeros(1, 4, 6)})
    assert torch.equal(made["cls_token"], token + table[:, :1])
    assert torch.equal(made["pos_embed"], table[:, 1:])


def test_that_odd_shapes_are_left_as_they_are():
    odd = {"cls_token": torch.zeros(3), "pos_embed": torch.zeros(2, 2), "reg_token": torch.zeros(1)}
    assert towers.from_dinov2(odd).keys() == odd.keys()
    assert towers.in_swins_order({"a.downsample.n": torch.zeros(())})["a.downsample.n"].ndim == 0
    assert towers.from_clip({"cls_token": torch.zeros(4), "proj": torch.zeros(1)})["cls_token"].shape == (1, 1, 4)
