"""Labelled images from a spec string: ``open_dataset("builtin")``."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.data.classes import resolve_old_classes
    from mpt_studio.data.dataset import Dataset, Images, Indices, Part, Progress, Skipped, describe
    from mpt_studio.data.sources import open_dataset, parse_spec
    from mpt_studio.data.splits import training_split

__getattr__ = names_of(
    __name__,
    {
        "classes": "resolve_old_classes",
        "dataset": "Dataset Images Indices Part Progress Skipped describe",
        "sources": "open_dataset parse_spec",
        "splits": "training_split",
    },
)
