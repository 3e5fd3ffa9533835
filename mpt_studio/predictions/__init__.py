"""What versions answered: our folders of arrays, and others' CSV, Parquet and ``.npz`` files."""

from mpt_studio.predictions.answers import Floats, Ints, Predictions, Scores, Strings
from mpt_studio.predictions.read_any import is_predictions, read_predictions
from mpt_studio.predictions.truth import with_truth

__all__ = [
    "Floats",
    "Ints",
    "Predictions",
    "Scores",
    "Strings",
    "is_predictions",
    "read_predictions",
    "with_truth",
]
