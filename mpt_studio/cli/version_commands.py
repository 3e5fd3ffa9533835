"""Commands about versions that exist: their answers on data, two of them compared, what a file is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from tyro.conf import Positional

from mpt_studio import compare as comparing
from mpt_studio import jobs, report
from mpt_studio.cli.classes import chosen_names
from mpt_studio.cli.inspection import text_of
from mpt_studio.cli.session import (
    FileOption,
    JsonOption,
    NewVersion,
    NumberOption,
    OldVersion,
    StoreOption,
    open_session,
    print_record,
)
from mpt_studio.cli.version_options import VersionOptions
from mpt_studio.predictions.scales import Scale

if TYPE_CHECKING:
    from mpt_studio.compare import Comparison, Criteria
    from mpt_studio.flips import Mark
    from mpt_studio.store import Store

NOT_MET = 3
"""Exit code of ``compare`` where a criterion is not met."""


def evaluate(
    checkpoint: Positional[Path],
    data: str,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = None,
    part: Literal["train", "validation", "test"] = "test",
    device: str = "auto",
    version: VersionOptions = VersionOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """A version's answers on data, kept as predictions.

    Args:
        checkpoint: The version's weights.
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR or manifest:FILE.csv.
        out: Folder for the predictions; by default the store's cache.
        part: Which part of the data.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    with open_session(store, quiet=json) as session:
        choices = version.choices(session, checkpoint)
        predictions, folder = jobs.evaluate(
            session, checkpoint, data, part=part, device=device, out=out, choices=choices
        )
        record = {"predictions": str(folder), "version": predictions.version, **jobs.accuracy_figures(predictions)}
    print_record(record, json, lambda r: f"{report.accuracy_report(r['version'], r)}\nPredictions: {r['predictions']}")
    return 0


def compare(
    old: OldVersion,
    new: NewVersion,
    data: str = "",
    csv: FileOption = None,
    must_not_flip: FileOption = None,
    max_nfr: NumberOption = None,
    max_class_nfr: NumberOption = None,
    min_accuracy_gain: NumberOption = None,
    adjusted: bool = False,
    class_map: FileOption = None,
    old_classes: str = "",
    new_classes: str = "",
    scores: Scale | None = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Compare two versions: runs, checkpoints or predictions (folder or file). Exits 3 where a criterion is not met.

    Args:
        old: The old model.
        new: The version meant to replace it.
        data: Data to compare on; by default those that the predictions are of.
        csv: Write one line per sample to this file.
        must_not_flip: Criterion: none of the ids in this text or CSV file may be a negative flip.
        max_nfr: Criterion: largest NFR (old classes), as a fraction.
        max_class_nfr: Criterion: largest NFR of any one old class, as a fraction.
        min_accuracy_gain: Criterion: smallest gain in accuracy (all), as a fraction; 0 allows no loss.
        adjusted: Judge without the samples that were marked as wrongly labelled in the window.
        class_map: File with lines "old name -> new name" or "old,new"; nothing right of it drops the class. Kept.
        old_classes: Names of the old model's classes where it has numbers: a file, or names separated by commas.
        new_classes: The same for the new version.
        scores: What the scores in tables of predictions are, where their numbers do not tell; kept for each file.
    """
    mapped, lists = chosen_names(class_map, old_classes, new_classes)
    listed = comparing.read_ids(must_not_flip) if must_not_flip else None
    criteria = comparing.Criteria(listed, max_nfr, max_class_nfr, min_accuracy_gain)
    with open_session(store, quiet=json) as session:
        comparison = jobs.compare_versions(session, old, new, data, class_map=mapped, scores=scores, **lists)
        comparison.set_marks(_marks(session.store, comparison.new.data_fingerprint))
        if csv is not None:
            comparing.write_csv(comparison, csv)
    return _print_judged(comparison, criteria, adjusted, json)


def _print_judged(comparison: Comparison, criteria: Criteria, adjusted: bool, json: bool) -> int:
    wrong = comparing.label_wrong(comparison)
    record = comparing.record_of(comparison)
    if comparison.has_scores:
        record["fusion"] = comparing.best_fusion(comparing.fusion(comparison)).to_json()
    if wrong.any():
        record["adjusted"] = {
            subset: comparing.adjusted_rates(comparison, subset, wrong).to_json() for subset in comparing.SUBSETS
        }
    verdict = comparing.judge(comparison, criteria, leave_out=wrong if adjusted else None) if criteria.asked() else None
    if verdict is not None:
        record["verdict"] = verdict.to_json()
    print_record(record, json, lambda r: report.judged_report(r, comparison.matching, verdict))
    return 0 if verdict is None or verdict.passed else NOT_MET


def _marks(opened: Store, fingerprint: str) -> dict[str, Mark]:
    """What was marked in the window on these data; a store without marks stays without."""
    from mpt_studio.store.marks import FILE, Marks

    if not fingerprint or not (opened.root / FILE).is_file():
        return {}
    marks = Marks(opened.root)
    try:
        return marks.marks(fingerprint)
    finally:
        marks.close()


def inspect(
    path: Positional[Path],
    skipped: FileOption = None,
    scores: Scale | None = None,
    version: VersionOptions = VersionOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Describe a checkpoint, predictions, an image folder or a manifest of images.

    Args:
        path: The file or folder.
        skipped: Write the images that cannot be used, and why, to this CSV file.
        scores: What the scores in a table of predictions are, where their numbers do not tell; kept for this file.
    """
    with open_session(store, quiet=json) as session:
        choices = version.choices(session, path)
        record = jobs.inspect(session, path, skipped=skipped, choices=choices, scores=scores)
    print_record(record, json, text_of)
    return 0
