"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from mpt_studio.compare.causes import CAUSE_NAMES, Cause, CauseThresholds
from mpt_studio.compare.comparison import SUBSETS, ClassRates, Comparison, FlowPair, Subset, compare
from mpt_studio.compare.explore import Facets, Group, facets, groups, sort_rows
from mpt_studio.compare.export import write_csv
from mpt_studio.compare.filters import Among, Filter, Interval, Range, Samples
from mpt_studio.compare.frontier import Frontier, flips_at, frontier
from mpt_studio.compare.judge import Criteria, Finding, Verdict, adjusted_rates, judge, label_wrong, read_ids, write_ids
from mpt_studio.compare.kept import open_comparison
from mpt_studio.compare.matching import Matching
from mpt_studio.compare.metadata import Metadata, read_metadata
from mpt_studio.compare.paired import Paired, paired
from mpt_studio.compare.recommend import Recommendation, recommend
from mpt_studio.compare.stop import Cancelled

__all__ = [
    "CAUSE_NAMES",
    "SUBSETS",
    "Among",
    "Cancelled",
    "Cause",
    "CauseThresholds",
    "ClassRates",
    "Comparison",
    "Criteria",
    "Facets",
    "Filter",
    "Finding",
    "FlowPair",
    "Frontier",
    "Group",
    "Interval",
    "Matching",
    "Metadata",
    "Paired",
    "Range",
    "Recommendation",
    "Samples",
    "Subset",
    "Verdict",
    "adjusted_rates",
    "compare",
    "facets",
    "flips_at",
    "frontier",
    "groups",
    "judge",
    "label_wrong",
    "open_comparison",
    "paired",
    "read_ids",
    "read_metadata",
    "recommend",
    "sort_rows",
    "write_csv",
    "write_ids",
]
