"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from mpt_studio.compare.annotations import CAUSE_NAMES, Cause, CauseThresholds
from mpt_studio.compare.blocks import Cancelled
from mpt_studio.compare.comparison import SUBSETS, ClassRates, Comparison, FlowPair, Subset, compare
from mpt_studio.compare.figures.frontier import Frontier, frontier
from mpt_studio.compare.figures.history import FATE_NAMES, Fate, History, history
from mpt_studio.compare.figures.judge import Criteria, Finding, Verdict, adjusted_rates, judge, label_wrong
from mpt_studio.compare.figures.paired import Paired, paired
from mpt_studio.compare.figures.recommend import OffsetRecommendation, Recommendation, recommend, recommend_offset
from mpt_studio.compare.files.id_list import read_ids, write_ids
from mpt_studio.compare.files.kept import open_comparison
from mpt_studio.compare.files.metadata import Metadata, read_metadata
from mpt_studio.compare.files.pictures import write_contact_sheet, write_images
from mpt_studio.compare.files.samples_table import write_csv, write_parquet
from mpt_studio.compare.finding.explore import Facets, Group, facets, groups, sort_rows
from mpt_studio.compare.finding.filters import Among, Filter, Interval, Range, Samples
from mpt_studio.compare.finding.query import Completion, QueryError, Vocabulary, complete, parse, to_text, vocabulary
from mpt_studio.compare.matching.aligned import aligned, aligned_by_store, map_for
from mpt_studio.compare.matching.class_map import ClassMap, keep_map, kept_map
from mpt_studio.compare.matching.doctor import Diagnosis, diagnose
from mpt_studio.compare.matching.matching import Matching

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
