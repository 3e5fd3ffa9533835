"""Labelled images from a spec string: ``open_dataset("builtin")``."""

from mpt_studio.data.classes import resolve_old_classes
from mpt_studio.data.dataset import Dataset, Images, Indices, Part, Progress, Skipped, describe
from mpt_studio.data.sources import open_dataset, parse_spec
from mpt_studio.data.splits import training_split

__all__ = [
    "Dataset",
    "Images",
    "Indices",
    "Part",
    "Progress",
    "Skipped",
    "describe",
    "open_dataset",
    "parse_spec",
    "resolve_old_classes",
    "training_split",
]
