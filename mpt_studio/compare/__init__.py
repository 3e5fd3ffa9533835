"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from mpt_studio.compare.causes import CAUSE_NAMES, Cause
from mpt_studio.compare.comparison import SUBSETS, ClassRates, Comparison, FlowPair, Subset, compare
from mpt_studio.compare.explore import Facets, Filter, Samples, facets, sort_rows
from mpt_studio.compare.export import write_csv
from mpt_studio.compare.frontier import Frontier, flips_at, frontier
from mpt_studio.compare.matching import Matching
from mpt_studio.compare.paired import Paired, paired
from mpt_studio.compare.recommend import Recommendation, recommend

__all__ = [
    "CAUSE_NAMES",
    "SUBSETS",
    "Cause",
    "ClassRates",
    "Comparison",
    "Facets",
    "Filter",
    "FlowPair",
    "Frontier",
    "Matching",
    "Paired",
    "Recommendation",
    "Samples",
    "Subset",
    "compare",
    "facets",
    "flips_at",
    "frontier",
    "paired",
    "recommend",
    "sort_rows",
    "write_csv",
]
