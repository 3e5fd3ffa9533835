"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from mpt_studio.compare.comparison import SUBSETS, ClassRates, Comparison, FlowPair, Subset, compare
from mpt_studio.compare.explore import Facets, Filter, Samples, facets, sort_rows
from mpt_studio.compare.export import write_csv
from mpt_studio.compare.frontier import Frontier, frontier
from mpt_studio.compare.matching import Matching
from mpt_studio.compare.recommend import Recommendation, recommend

__all__ = [
    "SUBSETS",
    "ClassRates",
    "Comparison",
    "Facets",
    "Filter",
    "FlowPair",
    "Frontier",
    "Matching",
    "Recommendation",
    "Samples",
    "Subset",
    "compare",
    "facets",
    "frontier",
    "recommend",
    "sort_rows",
    "write_csv",
]
