"""Where versions look, on networks whose answer is known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.data.fit import Fit
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.explain import (
    Probe,
    find_layers,
)
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.version import Normalise
from mpt_studio.errors import UserError

S = 16


PLAIN = Preprocessing(image_size=S, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def by_hand(network: nn.Module, *names: str) -> Probe:
    checkpoint = Checkpoint(architecture="by hand", small_stem=False, class_names=names, preprocessing=PLAIN)
    return Probe(checkpoint, "cpu", network.eval())


class ByColour(nn.Module):
    """Class "red" is the mean redness over a 4×4 map, class "blue" the mean blueness, "red" minus "blue" the third."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.Conv2d(3, 2, 4, stride=4, bias=False)
        self.head = nn.Linear(2, 3, bias=False)
        with torch.no_grad():
            self.colours.weight.zero_()
            self.colours.weight[0, 0], self.colours.weight[1, 2] = 1 / 16, 1 / 16
            self.head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.colours(images).mean(dim=(2, 3)))


@pytest.fixture
def red_and_blue() -> np.ndarray:
    """Red in the top left quarter, half as strong blue in the bottom right one."""
    image = np.zeros((S, S, 3), np.uint8)
    image[:8, :8, 0], image[8:, 8:, 2] = 255, 128
    return image


def test_that_evidence_lies_where_the_class_has_its_colour(red_and_blue):
    found = by_hand(ByColour(), "red", "blue", "both").saliency(red_and_blue, [0, 1, 2])
    red, blue, both = found.maps
    assert red.shape == (S, S)
    assert np.allclose(red[:6, :6], 1)
    assert np.allclose(red[10:], 0)
    assert np.allclose(red[:, 10:], 0)
    assert np.allclose(blue, red[::-1, ::-1], atol=1e-6)  # each map is scaled to its own maximum
    assert np.allclose(both, red)  # blueness speaks against it, so only redness is shown
    assert np.allclose(found.logits, [0.25, 0.25 * 128 / 255, 0.25 * 127 / 255], atol=1e-6)


def test_that_the_answer_is_shown_beside_what_was_asked_for(red_and_blue):
    probed = by_hand(ByColour(), "red", "blue", "both")
    assert probed.saliency(red_and_blue, [1], with_answer=True).columns == (1, 0)
    assert probed.saliency(red_and_blue, [0, 1], with_answer=True).columns == (0, 1)


def test_that_a_class_without_evidence_has_an_empty_map():
    found = by_hand(ByColour(), "red", "blue", "both").saliency(np.zeros((S, S, 3), np.uint8), [1])
    assert not found.maps.any()


class OneCorner(nn.Module):
    """Reads each place by itself: class "corner" is the redness of the bottom left place, "rest" of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.red = nn.Conv2d(3, 1, 4, stride=4, bias=False)
        self.head = nn.Linear(16, 2, bias=False)
        with torch.no_grad():
            self.red.weight.zero_()
            self.red.weight[0, 0] = 1 / 16
            self.head.weight.copy_(torch.stack([torch.eye(16)[12], 1 - torch.eye(16)[12]]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.red(images).flatten(1))


def test_that_a_head_that_reads_one_corner_is_seen_to_look_only_there():
    everywhere = np.full((S, S, 3), 200, np.uint8)
    corner, rest = by_hand(OneCorner(), "corner", "rest").saliency(everywhere, [0, 1]).maps
    assert np.unravel_index(corner.argmax(), corner.shape)[0] >= 12
    assert np.unravel_index(corner.argmax(), corner.shape)[1] < 4
    assert np.allclose(corner[:10], 0)
    assert np.allclose(corner[:, 6:], 0)
    assert rest[14, 1] < 0.01
    assert np.allclose(rest[:10], 1)


def test_that_a_trained_small_network_looks_at_the_square(reference, squares):
    probed, half, hits = Probe(reference, "cpu"), S // 2, 0
    for index in squares.test:
        column = reference.class_names.index(squares.class_names[squares.labels[index]])
        (found,) = probed.saliency(squares.image(index), [column]).maps
        row, side = divmod(int(squares.labels[index]), 2)
        quarter = found[row * half : (row + 1) * half, side * half : (side + 1) * half]
        hits += quarter.sum() > found.sum() / 2
    assert hits / len(squares.test) > 0.7


def test_that_a_probe_answers_as_the_evaluation_does(reference, squares):

    logits = evaluate(reference, squares, squares.test[:3], device="cpu").logits
    asked = [Probe(reference, "cpu").saliency(squares.image(i), []).logits for i in squares.test[:3]]
    assert np.allclose(logits, asked, atol=1e-4)


def tiny_transformer() -> nn.Module:
    torch.manual_seed(0)
    made = VisionTransformer(image_size=S, patch_size=4, num_layers=3, num_heads=2, hidden_dim=8, mlp_dim=16)
    made.heads = nn.Linear(8, 3)
    return made


def test_that_a_transformer_is_read_at_what_its_last_block_takes():
    network = tiny_transformer()
    assert find_layers(network.eval(), S, 3).spatial == "encoder.layers.encoder_layer_1"
    (found,) = by_hand(network, "a", "b", "c").saliency(np.random.default_rng(0).integers(0, 255, (S, S, 3)), [1]).maps
    assert found.shape == (S, S)
    assert found.max() == 1
    assert found.min() >= 0


def test_that_a_network_without_a_map_is_a_sentence():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * S * S, 2))
    with pytest.raises(UserError, match="keeps no map of the image"):
        by_hand(flat, "a", "b")


@pytest.fixture(scope="module")
def trained_probe(reference) -> Probe:
    return Probe(reference, "cpu")


def test_that_features_are_what_the_head_takes(trained_probe, reference, squares):
    features = trained_probe.features(squares, squares.test)
    assert features.dtype == np.float16
    network = load_network(reference)
    with torch.no_grad():
        logits = network(Normalise(reference.preprocessing)(torch.from_numpy(squares.images[squares.test])))
        from_features = network.head(torch.from_numpy(features.astype(np.float32)))
    assert torch.allclose(logits, from_features, atol=0.05)


def test_that_large_features_keep_their_range(trained_probe, squares, monkeypatch):
    monkeypatch.setattr(trained_probe, "_features", lambda pixels: np.full((len(pixels), 2), 1e6, np.float32))
    features = trained_probe.features(squares, squares.test)
    assert features.dtype == np.float32
    assert (features == 1e6).all()


def test_that_an_exception_from_progress_cancels(trained_probe, squares):
    def stop(sentence: str, fraction: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained_probe.features(squares, squares.test, progress=stop)


def test_that_features_are_of_the_pixels_that_the_version_sees(photographs, foreign) -> None:
    probe, rows = Probe(foreign, "cpu"), photographs.test[:3]
    seen = torch.from_numpy(photographs.batch(rows, Fit(224, 256, "bilinear")))
    assert np.allclose(probe.features(photographs, rows), probe._features(seen), atol=2e-3)
