"""``mpt-studio export``: a version for deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tyro.conf import Positional

from mpt_studio import jobs
from mpt_studio.cli.session import JsonOption, StoreOption, open_session, print_record
from mpt_studio.cli.version_options import VersionOptions
from mpt_studio.compare import Decision
from mpt_studio.errors import UsageError
from mpt_studio.files.onnx_header import Inside

NumberOfOpset = Annotated[int | None, tyro.conf.arg(metavar="N")]


def export(
    checkpoint: Positional[Path],
    format: Literal["pth", "onnx", "safetensors", "labels"],
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = None,
    folder: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    offset: float = 0.0,
    interpolate: float = 0.0,
    old: Annotated[str, tyro.conf.arg(metavar="OLD")] = "",
    data: str = "",
    preprocessing: Inside = "outside",
    opset: NumberOfOpset = None,
    force: bool = False,
    version: VersionOptions = VersionOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Write a version for deployment as it was decided, and check that what was written answers alike.

    Args:
        checkpoint: The version: a weights file of any origin, or a run's folder.
        format: pth (state dict with class names and preprocessing), onnx, safetensors, or labels (one name per line).
        out: The new file, alone.
        folder: A folder for the weights with labels.txt and README.txt; without this and --out a new one, named after
            the version, in the current folder.
        offset: The logit offset γ that was decided on; it goes into the last bias.
        interpolate: The share α of the old model's weights that was decided on.
        old: The old model, where the version is not of a run that names it.
        data: The data that it was decided on, likewise; the file answers all of their test part.
        preprocessing: inside has an ONNX graph take whole pixels, uint8 (N, S, S, 3) in RGB, and normalise them itself;
            resizing and cropping stay outside.
        opset: Of the ONNX graph, 18 to 23; 18 by default, which most runtimes read.
        force: Replace files that exist.
    """
    if out is not None and folder is not None:
        raise UsageError("--out names a file alone and --folder one with its README; give one of them.")
    with open_session(store, quiet=json) as session:
        choices = version.choices(session, checkpoint)
        record = jobs.export(
            session,
            Decision(str(checkpoint), interpolate, offset),
            format,
            out,
            old=old,
            data=data,
            force=force,
            folder=folder,
            preprocessing=preprocessing,
            opset=opset,
            choices=choices,
        )
    print_record(record, json, _told)
    return 0


def _told(record: dict[str, Any]) -> str:
    lines = [f"{record['path']} ({record['bytes']:,} bytes)", *record["files"][1:]]
    if record["difference"] is not None:
        images = f"{record['samples']} images"
        lines.append(f"Checked: on {images} the logits differ by at most {record['difference']:.2g}.")
    if record["check"]:
        lines.append(record["check"]["sentence"])
    if record["latency"]:
        lines.append(record["latency"]["sentence"])
    return "\n".join([*lines, *record["notes"]])
