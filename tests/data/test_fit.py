"""How images of any size become what a version sees."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.data import decode, open_dataset
from mpt_studio.data.fit import Fit, Whole, as_fit
from mpt_studio.errors import UserError


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with fine noise, so that every filter shows."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((width, height))
    noise = rng.integers(-20, 21, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8))


def packed(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=95)
    return stream.getvalue()


def by_torchvision(image: Image.Image, fit: Fit) -> np.ndarray:
    from torchvision.transforms import v2

    mode = v2.InterpolationMode(fit.interpolation)
    if fit.crop == "squash":
        made = v2.Resize((fit.size, fit.size), mode)(image)
    else:
        made = v2.CenterCrop(fit.size)(v2.Resize(fit.resize, mode)(image))
    return np.asarray(made)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(500, 375), (375, 500), (301, 300), (256, 700), (97, 63)])
@pytest.mark.parametrize(("resize", "cut"), [(256, 224), (64, 64), (235, 224)])
def test_that_a_foreign_fit_gives_what_torchvision_gives(interpolation, size, resize, cut) -> None:
    image, fit = photograph(*size), Fit(cut, resize, interpolation)
    assert np.array_equal(fit.apply(image), by_torchvision(image, fit))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_that_squashing_keeps_all_of_the_image(interpolation) -> None:
    image, fit = photograph(120, 70), Fit(48, interpolation=interpolation, crop="squash")
    assert np.array_equal(fit.apply(image), by_torchvision(image, fit))
    assert fit.seen(120, 70) == (0.0, 0.0, 1.0, 1.0)


@given(
    width=st.integers(1, 400), height=st.integers(1, 400), size=st.integers(1, 64), more=st.integers(0, 40),
    interpolation=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
)  # fmt: skip
@example(width=4, height=124, size=10, more=0, interpolation="lanczos")
@settings(max_examples=60, deadline=None)
def test_that_any_foreign_fit_is_torchvisions(width, height, size, more, interpolation) -> None:
    image, fit = photograph(width, height), Fit(size, size + more, interpolation)
    assert np.array_equal(fit.apply(image), by_torchvision(image, fit))


def test_that_a_strip_too_long_to_be_resized_as_a_whole_is_nearly_torchvisions(monkeypatch) -> None:
    image, fit = photograph(12, 348), Fit(46, 54, "bilinear")
    monkeypatch.setattr("mpt_studio.data.fit.MOST_PIXELS", 1000)
    assert np.abs(fit.apply(image).astype(int) - by_torchvision(image, fit)).max() <= 2


@pytest.mark.parametrize("size", [(500, 375), (40, 90), (64, 64), (33, 33)])
def test_that_the_plain_fit_resizes_the_largest_centred_square(size) -> None:
    image, side = photograph(*size), min(size)
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    box = (left, top, left + side, top + side)
    expected = np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC, box=box))
    assert np.array_equal(Fit(32).apply(image), expected)
    assert np.array_equal(decode.fit(np.asarray(image), 32), expected)


def test_that_an_image_of_the_right_size_is_taken_as_it_is() -> None:
    image = photograph(32, 32)
    for fit in (Fit(32), Fit(32, 32, "bilinear"), Fit(32, crop="squash")):
        assert np.array_equal(fit.apply(image), np.asarray(image))
    assert not np.array_equal(Fit(32, 36).apply(image), np.asarray(image))


def test_that_a_large_jpeg_is_decoded_in_full_for_a_foreign_fit() -> None:
    content, fit = packed(photograph(900, 700), "JPEG"), Fit(64, 72, "bilinear")
    with Image.open(io.BytesIO(content)) as opened:
        assert np.array_equal(decode.decode(content, fit), by_torchvision(opened.convert("RGB"), fit))


def test_that_an_image_a_million_times_as_wide_as_high_costs_no_memory() -> None:
    wide = Image.new("RGB", (1_000_000, 1), (10, 20, 30))
    assert np.array_equal(np.unique(Fit(224, 256, "bilinear").apply(wide).reshape(-1, 3), axis=0), [[10, 20, 30]])


def test_what_is_seen_of_an_image() -> None:
    assert Fit(32).seen(100, 50) == (0.25, 0.0, 0.75, 1.0)
    left, top, right, bottom = Fit(224, 256).seen(512, 256)
    assert (left, right) == ((512 - 224) / 2 / 512, (512 + 224) / 2 / 512)
    assert (top, bottom) == (16 / 256, 240 / 256)


def test_that_a_fit_comes_from_a_versions_preprocessing() -> None:
    way = Preprocessing(
        image_size=224, mean=(0, 0, 0), std=(1, 1, 1), resize=256, interpolation="bilinear", crop="center"
    )
    assert Fit.of(way) == Fit(224, 256, "bilinear")
    plain = Fit.of(Preprocessing(image_size=32, mean=(0, 0, 0), std=(1, 1, 1)))
    assert plain.is_plain
    assert plain.asked == 32
    assert as_fit(32) == plain
    assert Fit.of(way).asked == Fit.of(way)


@pytest.mark.parametrize("sizes", [(0, 0), (-4, 0), (100_000, 0), (224, 128), (224, 100_000)])
def test_that_sizes_that_cannot_be_meant_are_refused(sizes) -> None:
    with pytest.raises(UserError, match="cannot be made"):
        Fit(*sizes)


def test_that_folder_data_give_each_version_its_own_fit(tmp_path) -> None:
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            photograph(90, 60, len(part + name)).save(tmp_path / part / name / "1.png")
    data = open_dataset(f"folder:{tmp_path}")
    fit = Fit(40, 48, "bilinear")
    found = data.batch(data.test, fit)
    assert found.shape == (2, 40, 40, 3)
    for row, index in zip(found, data.test, strict=True):
        assert np.array_equal(row, by_torchvision(Image.fromarray(data.image(int(index))), fit))


def test_that_array_data_give_each_version_its_own_fit() -> None:
    data = open_dataset("builtin")
    fit, size = Fit(24, 28, "bilinear"), data.image_size
    for row, index in zip(data.batch([3, 5], fit), [3, 5], strict=True):
        assert np.array_equal(row, by_torchvision(Image.fromarray(data.image(index)), fit))
    assert np.array_equal(data.batch([3], Fit(size, interpolation="bilinear")), data.batch([3], size))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((500, 375), (344, 258)),
        ((375, 500), (258, 344)),
        ((300, 258), (300, 258)),
        ((90, 40), (90, 40)),
        ((4096, 1), (4096, 1)),
    ],
)
def test_that_a_whole_image_keeps_its_shape_and_is_never_enlarged(size, expected) -> None:
    assert Whole.of(224) == Whole(258)
    assert Whole(258).apply(Image.new("RGB", size)).shape == (*expected[::-1], 3)
