"""What versions answered: our folders of arrays, and others' CSV, Parquet and ``.npz`` files."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.predictions.answers import Floats, Ints, Predictions, Scores, Strings
    from mpt_studio.predictions.folder import write_predictions
    from mpt_studio.predictions.read_any import is_predictions, read_predictions
    from mpt_studio.predictions.scales import SCALES, Scale
    from mpt_studio.predictions.scores import UnclearScores
    from mpt_studio.predictions.truth import with_truth

__getattr__ = names_of(
    __name__,
    {
        "answers": "Floats Ints Predictions Scores Strings",
        "folder": "write_predictions",
        "read_any": "is_predictions read_predictions",
        "scales": "SCALES Scale",
        "scores": "UnclearScores",
        "truth": "with_truth",
    },
)
