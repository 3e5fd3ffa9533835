"""Two versions' predictions, matched by sample id and class name: flips, rates, trade-offs, filters."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.compare.annotations import CAUSE_NAMES, Cause, CauseThresholds, Metadata
    from mpt_studio.compare.blocks import Cancelled
    from mpt_studio.compare.comparison import Comparison, compare
    from mpt_studio.compare.figures.adjusted import adjusted_rates, label_wrong
    from mpt_studio.compare.figures.causes import causes
    from mpt_studio.compare.figures.classes import ClassRates, FlowPair, flow, per_class
    from mpt_studio.compare.figures.columns import FIGURES, Figure, record_of
    from mpt_studio.compare.figures.decision import Decision
    from mpt_studio.compare.figures.frontier import Frontier, frontier
    from mpt_studio.compare.figures.fusion import FusionPoint, best_fusion, fusion
    from mpt_studio.compare.figures.history import FATE_NAMES, Fate, History, history
    from mpt_studio.compare.figures.offset import at_offset, offsets
    from mpt_studio.compare.figures.paired import Paired, paired
    from mpt_studio.compare.files.id_list import read_ids, write_ids
    from mpt_studio.compare.files.kept import open_comparison
    from mpt_studio.compare.files.metadata import read_metadata
    from mpt_studio.compare.files.pictures import write_contact_sheet, write_images
    from mpt_studio.compare.files.samples_table import write_csv, write_parquet
    from mpt_studio.compare.finding.arrange import Group, groups, sort_rows
    from mpt_studio.compare.finding.explore import Facets, facets
    from mpt_studio.compare.finding.filters import Among, Filter, Interval, Range, Samples
    from mpt_studio.compare.finding.query import (
        Completion,
        QueryError,
        Vocabulary,
        complete,
        parse,
        to_text,
        vocabulary,
    )
    from mpt_studio.compare.matching.aligned import aligned, aligned_by_store, map_for
    from mpt_studio.compare.matching.class_map import ClassMap, keep_map, kept_map
    from mpt_studio.compare.matching.doctor import Diagnosis, diagnose
    from mpt_studio.compare.matching.matching import Matching
    from mpt_studio.compare.tally import SUBSET_WORDS, SUBSETS, Subset

__getattr__ = names_of(
    __name__,
    {
        "annotations": "CAUSE_NAMES Cause CauseThresholds Metadata",
        "blocks": "Cancelled",
        "comparison": "Comparison compare",
        "figures.adjusted": "adjusted_rates label_wrong",
        "figures.causes": "causes",
        "figures.classes": "ClassRates FlowPair flow per_class",
        "figures.columns": "FIGURES Figure record_of",
        "figures.decision": "Decision",
        "figures.frontier": "Frontier frontier",
        "figures.fusion": "FusionPoint best_fusion fusion",
        "figures.history": "FATE_NAMES Fate History history",
        "figures.offset": "at_offset offsets",
        "figures.paired": "Paired paired",
        "files.id_list": "read_ids write_ids",
        "files.kept": "open_comparison",
        "files.metadata": "read_metadata",
        "files.pictures": "write_contact_sheet write_images",
        "files.samples_table": "write_csv write_parquet",
        "finding.arrange": "Group groups sort_rows",
        "finding.explore": "Facets facets",
        "finding.filters": "Among Filter Interval Range Samples",
        "finding.query": "Completion QueryError Vocabulary complete parse to_text vocabulary",
        "matching.aligned": "aligned aligned_by_store map_for",
        "matching.class_map": "ClassMap keep_map kept_map",
        "matching.doctor": "Diagnosis diagnose",
        "matching.matching": "Matching",
        "tally": "SUBSET_WORDS SUBSETS Subset",
    },
)
