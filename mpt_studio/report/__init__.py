"""Results as text. Above ``jobs``; the command line prints it."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.report.compute import compute_report
    from mpt_studio.report.cost import cost_report
    from mpt_studio.report.figures import (
        accuracy_report,
        classes_report,
        comparison_report,
        judged_report,
        update_report,
    )
    from mpt_studio.report.handing_over import Files, write_report
    from mpt_studio.report.runs import recipes_report, runs_report
    from mpt_studio.report.searches import search_report

__getattr__ = names_of(
    __name__,
    {
        "compute": "compute_report",
        "cost": "cost_report",
        "figures": "accuracy_report classes_report comparison_report judged_report update_report",
        "runs": "recipes_report runs_report",
        "handing_over": "Files write_report",
        "searches": "search_report",
    },
)
