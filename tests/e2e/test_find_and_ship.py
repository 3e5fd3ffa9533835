"""From a search to the file that is shipped, in the terminal: what was decided is exported, to the last digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio.__main__ import main

QUICK = ["--epochs", "2", "--batch-size", "16", "--learning-rate", "0.05", "--precision", "fp32", "--device", "cpu"]
FEW = ["--trials", "1", "--finalists", "1", "--finalist-seeds", "none", "--methods", "none,mpt_kl:2@old"]
"""Of limits that let the old model's share count, the only trial goes on from its weights."""
WIDE = [
    "--search-start",
    "old",
    "--max-accuracy-drop",
    "60",
    "--max-new-accuracy-drop",
    "None",
    "--stop-below",
    "never",
]
POLICY = "[accuracy]\nmin_gain = -0.5\n[nfr]\nmax = 0.4\n[classes]\nmax_nfr = 0.9\n[evidence]\nconfidence = 0\n"
SUBSETS = ("all", "old_classes", "new_classes")


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Four greys in noise that overlap, so that versions err."""
    rng = np.random.default_rng(0)
    for shade, name in enumerate(("ant", "bee", "cat", "dog")):
        for part, images in (("train", 24), ("val", 16), ("test", 24)):
            folder = tmp_path / "shades" / part / name
            folder.mkdir(parents=True)
            for i in range(images):
                noise = rng.normal(80 + 25 * shade, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(noise).save(folder / f"{i:02d}.png")
    return f"folder:{tmp_path / 'shades'}"


@pytest.mark.parametrize("kind", ["pth", pytest.param("onnx", marks=pytest.mark.slow)])
def test_that_the_winner_of_a_search_is_judged_and_exported_as_it_was_decided(
    kind: str, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> tuple[int, dict[str, Any]]:
        code = main([*words, "--store", str(tmp_path / "store"), "--json"])
        out, err = capsys.readouterr()
        assert out, err
        return code, json.loads(out)

    _, found = told("search", "--data", data, "--old-classes", "ant,bee,cat", *QUICK, *FEW, *WIDE)
    best, old = found["best"], found["old"]["checkpoint"]
    assert best["interpolation"]
    assert best["offset"]
    offset = ("--offset", str(best["offset"]))
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    judging = ("--data", data, "--policy", str(tmp_path / "policy.toml"))
    code, verdict = told("compare", old, best["predictions"], *offset, *judging)
    assert all(verdict[subset] == best[subset] for subset in SUBSETS)
    decided = (*offset, "--interpolate", str(best["interpolation"]), "--old", old, "--data", data)
    _, made = told("export", best["checkpoint"], "--format", kind, "-o", str(tmp_path / f"shipped.{kind}"), *decided)
    again, shipped = told("compare", old, made["path"], *judging)
    assert (again, shipped["verdict"], shipped["criteria"]) == (code, verdict["verdict"], verdict["criteria"])
    for subset in SUBSETS:
        for rate in ("accuracy_old", "accuracy_new", "nfr", "nfr_ci95", "pfr"):
            assert shipped[subset][rate] == best[subset][rate], (subset, rate)
