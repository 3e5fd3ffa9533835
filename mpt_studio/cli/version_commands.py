"""Commands about versions that exist: their answers on data, two of them compared, what a file is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tyro.conf import Positional

from mpt_studio import compare as comparing
from mpt_studio import decide, jobs, report
from mpt_studio.cli.classes import chosen_names
from mpt_studio.cli.cluster_options import ClusterOptions
from mpt_studio.cli.inspection import text_of
from mpt_studio.cli.policy_options import EXIT_CODES, PolicyOptions
from mpt_studio.cli.session import (
    FileOption,
    JsonOption,
    NewVersion,
    OldVersion,
    StoreOption,
    open_session,
    print_record,
)
from mpt_studio.cli.version_options import VersionOptions
from mpt_studio.errors import UsageError, UserError
from mpt_studio.predictions.scales import Scale

if TYPE_CHECKING:
    from mpt_studio.compare import Comparison
    from mpt_studio.decide import Policy, Verdict


def evaluate(
    checkpoint: Positional[Path],
    data: str,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = None,
    part: Literal["train", "validation", "test"] = "test",
    device: str = "auto",
    version: VersionOptions = VersionOptions(),  # noqa: B008 - frozen
    cluster: ClusterOptions = ClusterOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """A version's answers on data, kept as predictions.

    Args:
        checkpoint: The version's weights.
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR, manifest:FILE.csv, shards:DIR or
            parquet:DIR.
        out: Folder for the predictions; by default the store's cache.
        part: Which part of the data.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    with open_session(store, quiet=json) as session:
        choices = version.choices(session, checkpoint)
        with cluster.said(session, data) as there:
            predictions, folder = jobs.evaluate(
                there, checkpoint, data, part=part, device=device, out=out, choices=choices
            )
        record = {"predictions": str(folder), "version": predictions.version, **jobs.accuracy_figures(predictions)}
    print_record(record, json, lambda r: f"{report.accuracy_report(r['version'], r)}\nPredictions: {r['predictions']}")
    return 0


def compare(
    old: OldVersion,
    new: NewVersion,
    data: str = "",
    csv: FileOption = None,
    criteria: PolicyOptions = PolicyOptions(),  # noqa: B008 - frozen
    metadata: FileOption = None,
    offset: float = 0.0,
    interpolate: float = 0.0,
    adjusted: bool = False,
    sign: str = "",
    comment: str = "",
    class_map: FileOption = None,
    old_classes: str = "",
    new_classes: str = "",
    scores: Scale | None = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Compare two versions: runs, checkpoints or predictions (folder or file), and judge the new one.

    The exit code is 0 where it may ship, 3 for hold, 4 for review or too little evidence.

    Args:
        old: The old model.
        new: The version meant to replace it.
        data: Data to compare on; by default those that the predictions are of.
        csv: Write one line per sample to this file.
        metadata: Table of further columns that slices of the policy go by; by default those of --data.
        offset: The logit offset γ to judge the new version with.
        interpolate: The share α of the old model's weights to judge it with; both versions need weights.
        adjusted: Judge without the samples that were marked as wrongly labelled in the window.
        sign: Sign the verdict off with this name; it is kept in the store.
        comment: What to say beside the name.
        class_map: File with lines "old name -> new name" or "old,new"; nothing right of it drops the class. Kept.
        old_classes: Names of the old model's classes where it has numbers: a file, or names separated by commas.
        new_classes: The same for the new version.
        scores: What the scores in tables of predictions are, where their numbers do not tell; kept for each file.
    """
    mapped, lists = chosen_names(class_map, old_classes, new_classes)
    policy = criteria.chosen()
    if (sign or comment) and not (sign and policy):
        raise UsageError("A sign-off is --sign NAME on a verdict; give a criterion or --policy FILE, and the name.")
    with open_session(store, quiet=json) as session:
        comparison = jobs.compare_versions(
            session, old, new, data, class_map=mapped, scores=scores, alpha=interpolate, **lists
        )
        jobs.read_marks(session.store, comparison)
        if metadata is not None or (policy is not None and policy.slices):
            jobs.attach_metadata(session, [comparison], data, metadata)
        comparison = comparing.at_offset(comparison, offset)
        if csv is not None:
            comparing.write_csv(comparison, csv)
    record, said = _figures(comparison) | ({"interpolation": interpolate} if interpolate else {}), []
    if policy is not None:
        verdict = decide.judge(comparison, policy, leave_out=comparing.label_wrong(comparison) if adjusted else None)
        signed, lines = _signed(session.store.root, comparison, policy, verdict, sign, comment)
        record, said = record | verdict.to_json() | {"sign_offs": signed}, [*verdict.sentences(), *lines]
    print_record(record, json, lambda r: report.judged_report(r, comparison.matching, said))
    return 0 if policy is None else EXIT_CODES[verdict.decided]


def _signed(
    root: Path, comparison: Comparison, policy: Policy, verdict: Verdict, name: str, comment: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Every sign-off of the two versions, for machines and for people, after that of now where there is a name."""
    if name:
        decide.sign(root, comparison, policy, verdict, name, comment)
    try:
        found = decide.sign_offs(root, comparison)
    except UserError as error:  # the verdict holds without them
        return [], [str(error)]
    current = decide.digest_of(comparison, policy, verdict) if found else ""
    return [each.to_json(current) for each in found], [each.sentence(current) for each in found]


def _figures(comparison: Comparison) -> dict[str, Any]:
    record = comparing.record_of(comparison)
    wrong = comparing.label_wrong(comparison)
    if comparison.gamma:
        record["offset"] = comparison.gamma
    elif comparison.has_scores:
        record["fusion"] = comparing.best_fusion(comparing.fusion(comparison)).to_json()
    if wrong.any():
        record["adjusted"] = {
            subset: comparing.adjusted_rates(comparison, subset, wrong).to_json() for subset in comparing.SUBSETS
        }
    return record


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
