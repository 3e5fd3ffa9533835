"""The one door: everything the window, the command line and the worker can ask for.

Jobs bring the floors below together: they open data, run the engine, write its events to the store before anyone sees
them, and compare predictions. Torch is imported inside the functions that need it.
"""

from mpt_studio.jobs import explain
from mpt_studio.jobs.comparing import compare_versions, diagnose_versions, set_class_map
from mpt_studio.jobs.evaluating import accuracy_figures, evaluate, inspect, predictions_of, prepare_data
from mpt_studio.jobs.exporting import export
from mpt_studio.jobs.images import metadata_file, open_data, skipped_file, skipped_sentence
from mpt_studio.jobs.read_weights import checkpoint_of, read_version, with_preprocessing
from mpt_studio.jobs.session import Session, absolute_spec
from mpt_studio.jobs.training import check_engine, start_train, train
from mpt_studio.jobs.update import check_update, run_update, start_update
from mpt_studio.jobs.warm import Warm

__all__ = [
    "Session",
    "Warm",
    "absolute_spec",
    "accuracy_figures",
    "check_engine",
    "check_update",
    "checkpoint_of",
    "compare_versions",
    "diagnose_versions",
    "evaluate",
    "explain",
    "export",
    "inspect",
    "metadata_file",
    "open_data",
    "predictions_of",
    "prepare_data",
    "read_version",
    "run_update",
    "set_class_map",
    "skipped_file",
    "skipped_sentence",
    "start_train",
    "start_update",
    "train",
    "with_preprocessing",
]
