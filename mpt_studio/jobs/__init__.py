"""The one door: everything the window, the command line and the worker can ask for.

Jobs bring the floors below together: they open data, run the engine, write its events to the store before anyone sees
them, and compare predictions. Torch is imported inside the functions that need it.
"""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.jobs.beforehand import check_engine
    from mpt_studio.jobs.checking import check_store
    from mpt_studio.jobs.cluster.opening import check_cluster, on_cluster
    from mpt_studio.jobs.comparing import compare_versions, diagnose_versions, set_class_map
    from mpt_studio.jobs.costs import cost, measure_costs
    from mpt_studio.jobs.estimating import estimate
    from mpt_studio.jobs.evaluating import accuracy_figures, evaluate, inspect, predictions_of, prepare_data
    from mpt_studio.jobs.exporting import export
    from mpt_studio.jobs.handover import Asked, Handover, gather
    from mpt_studio.jobs.images import metadata_file, open_data, skipped_file, skipped_sentence
    from mpt_studio.jobs.judging import attach_metadata, judge_update, read_marks
    from mpt_studio.jobs.launched import gpus_here, taking_part
    from mpt_studio.jobs.read_weights import checkpoint_of, read_start, read_version, with_preprocessing
    from mpt_studio.jobs.resuming import why_not_resumed
    from mpt_studio.jobs.search.job import run_search
    from mpt_studio.jobs.search.starting import add_trials, check_search, describe_search, start_search
    from mpt_studio.jobs.search.state import SearchState, search_state
    from mpt_studio.jobs.session import Session, absolute_spec
    from mpt_studio.jobs.training import start_train, train
    from mpt_studio.jobs.update import check_update, run_update, start_update
    from mpt_studio.jobs.warm import Warm

__getattr__ = names_of(
    __name__,
    {
        "beforehand": "check_engine",
        "checking": "check_store",
        "cluster.opening": "check_cluster on_cluster",
        "comparing": "compare_versions diagnose_versions set_class_map",
        "costs": "cost measure_costs",
        "estimating": "estimate",
        "evaluating": "accuracy_figures evaluate inspect predictions_of prepare_data",
        "exporting": "export",
        "handover": "Asked Handover gather",
        "images": "metadata_file open_data skipped_file skipped_sentence",
        "judging": "attach_metadata judge_update read_marks",
        "launched": "gpus_here taking_part",
        "read_weights": "checkpoint_of read_start read_version with_preprocessing",
        "resuming": "why_not_resumed",
        "search.job": "run_search",
        "search.starting": "add_trials check_search describe_search start_search",
        "search.state": "SearchState search_state",
        "session": "Session absolute_spec",
        "training": "start_train train",
        "update": "check_update run_update start_update",
        "warm": "Warm",
    },
)
