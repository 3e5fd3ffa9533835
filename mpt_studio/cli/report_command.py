"""``mpt-studio report``: an update for those who were not there, as a page, and for machines."""

from __future__ import annotations

from typing import Annotated, Any

import tyro

from mpt_studio import jobs, report
from mpt_studio.cli.classes import chosen_names
from mpt_studio.cli.policy_options import EXIT_CODES, PolicyOptions
from mpt_studio.cli.session import FileOption, StoreOption, open_session
from mpt_studio.errors import UsageError
from mpt_studio.predictions.scales import Scale

Subject = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="UPDATE|OLD")]
Against = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[NEW]")]
PageOption = Annotated[FileOption, tyro.conf.arg(aliases=["-o"], metavar="FILE")]


def report_(
    subject: Subject,
    new: Against = "",
    page: PageOption = None,
    markdown: FileOption = None,
    junit: FileOption = None,
    json: FileOption = None,
    data: str = "",
    criteria: PolicyOptions = PolicyOptions(),  # noqa: B008 - frozen
    metadata: FileOption = None,
    offset: float = 0.0,
    interpolate: float = 0.0,
    adjusted: bool = False,
    class_map: FileOption = None,
    old_classes: str = "",
    new_classes: str = "",
    scores: Scale | None = None,
    store: StoreOption = None,
) -> int:
    """Write a report of an update, or of two versions: runs, checkpoints or predictions (docs/report.md).

    With a criterion or --policy the exit code is compare's: 0 where it may ship, 3 for hold, 4 for review or too little
    evidence; else 0.

    Args:
        subject: An update (its recommended candidate is reported, else the one that comes nearest), or the old model.
        new: The version meant to replace the old model.
        page: Write one HTML file that needs no network.
        markdown: Write Markdown for a pull request; it is appended to $GITHUB_STEP_SUMMARY too, where that is set.
        junit: Write JUnit XML: a case per criterion and per id that must not flip.
        json: Write everything as one JSON object.
        data: Data to compare on, whose images are shown; by default those that the predictions are of.
        metadata: Table of further columns that slices of the policy go by; by default those of --data.
        offset: The logit offset γ to judge the new version with.
        interpolate: The share α of the old model's weights to judge it with; both versions need weights.
        adjusted: Judge without the samples that were marked as wrongly labelled in the window.
        class_map: File with lines "old name -> new name" or "old,new"; nothing right of it drops the class. Kept.
        old_classes: Names of the old model's classes where it has numbers: a file, or names separated by commas.
        new_classes: The same for the new version.
        scores: What the scores in tables of predictions are, where their numbers do not tell; kept for each file.
    """
    files = report.Files(page=page, markdown=markdown, junit=junit, json=json)
    files.check()
    mapped, lists = chosen_names(class_map, old_classes, new_classes)
    if not new and (class_map or scores or any(lists.values())):
        raise UsageError("An update tells names of classes and scores itself; leave these options out.")
    asked = jobs.Asked(
        old=subject, new=new, data=data, policy=criteria.chosen(), metadata=metadata, offset=offset, alpha=interpolate,
        adjusted=adjusted, class_map=mapped, scores=scores, **lists,
    )  # fmt: skip
    with open_session(store, quiet=False) as session:
        done = report.write_report(session, asked, files)
    print(_text(done))
    return EXIT_CODES[done["verdict"]] if done["verdict"] else 0


def _text(done: dict[str, Any]) -> str:
    written = [f"{each['path']} written ({each['bytes'] / 1000:,.0f} kB)." for each in done["files"]]
    return "\n".join([*done["sentences"], *done["notes"], *written])
