"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from mpt_studio.compare.aligned import aligned, aligned_by_store, map_for
from mpt_studio.compare.causes import CAUSE_NAMES, Cause, CauseThresholds
from mpt_studio.compare.class_map import ClassMap, keep_map, kept_map
from mpt_studio.compare.comparison import SUBSETS, ClassRates, Comparison, FlowPair, Subset, compare
from mpt_studio.compare.doctor import Diagnosis, diagnose
from mpt_studio.compare.explore import Facets, Group, facets, groups, sort_rows
from mpt_studio.compare.export import write_csv, write_parquet
from mpt_studio.compare.filters import Among, Filter, Interval, Range, Samples
from mpt_studio.compare.frontier import Frontier, frontier
from mpt_studio.compare.history import FATE_NAMES, Fate, History, history
from mpt_studio.compare.judge import Criteria, Finding, Verdict, adjusted_rates, judge, label_wrong, read_ids, write_ids
from mpt_studio.compare.kept import open_comparison
from mpt_studio.compare.matching import Matching
from mpt_studio.compare.metadata import Metadata, read_metadata
from mpt_studio.compare.paired import Paired, paired
from mpt_studio.compare.pictures import write_contact_sheet, write_images
from mpt_studio.compare.query import Completion, QueryError, Vocabulary, complete, parse, to_text, vocabulary
from mpt_studio.compare.recommend import OffsetRecommendation, Recommendation, recommend, recommend_offset
from mpt_studio.compare.stop import Cancelled

__all__ = [
    "CAUSE_NAMES",
    "FATE_NAMES",
    "SUBSETS",
    "Among",
    "Cancelled",
    "Cause",
    "CauseThresholds",
    "ClassMap",
    "ClassRates",
    "Comparison",
    "Completion",
    "Criteria",
    "Diagnosis",
    "Facets",
    "Fate",
    "Filter",
    "Finding",
    "FlowPair",
    "Frontier",
    "Group",
    "History",
    "Interval",
    "Matching",
    "Metadata",
    "OffsetRecommendation",
    "Paired",
    "QueryError",
    "Range",
    "Recommendation",
    "Samples",
    "Subset",
    "Verdict",
    "Vocabulary",
    "adjusted_rates",
    "aligned",
    "aligned_by_store",
    "compare",
    "complete",
    "diagnose",
    "facets",
    "frontier",
    "groups",
    "history",
    "judge",
    "keep_map",
    "kept_map",
    "label_wrong",
    "map_for",
    "open_comparison",
    "paired",
    "parse",
    "read_ids",
    "read_metadata",
    "recommend",
    "recommend_offset",
    "sort_rows",
    "to_text",
    "vocabulary",
    "write_contact_sheet",
    "write_csv",
    "write_ids",
    "write_images",
    "write_parquet",
]
