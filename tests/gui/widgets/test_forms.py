from __future__ import annotations

from mpt_studio.files.kinds import PREDICTIONS, TABLES, WEIGHTS
from mpt_studio.gui.widgets.forms import filters


def test_that_a_picker_offers_kinds_together_and_alone_and_every_file() -> None:
    assert filters(TABLES) == "Tables (*.csv *.tsv);;All files (*)"
    together, weights, predictions, every = filters(WEIGHTS, PREDICTIONS).split(";;")
    assert together.startswith("Weights and predictions (")
    assert all(f"*{suffix}" in together for suffix in (*WEIGHTS.suffixes, *PREDICTIONS.suffixes))
    assert weights.startswith("Weights (*.safetensors ")
    assert predictions.startswith("Predictions (*.csv ")
    assert every == "All files (*)"
