"""``mpt-studio bench``: how fast this machine is, in ratios taken in one run."""

from __future__ import annotations

import dataclasses
from typing import Literal

from mpt_studio import jobs, report
from mpt_studio.cli.session import JsonOption, StoreOption, open_session, print_record
from mpt_studio.errors import UsageError
from mpt_studio.jobs import bench as benchmarks
from mpt_studio.jobs.bench import Case
from mpt_studio.jobs.bench_compare import run_compare_case

COMPARED = 1_000_000
"""Samples of the comparison."""
VERSIONS = 4
"""Of an ensemble that is evaluated on the same data."""
SOME = 2_845
"""Images for a network that takes a CPU long: twenty batches and the validation part."""
UPDATE_METHODS = ("none", "pct_kl", "mpt_kl", "mpt_lm")


def bench(
    cases: str = "",
    data: str = "builtin",
    device: str = "auto",
    rounds: int = 5,
    epochs: int = 3,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Measure training, evaluation, comparing and a whole update beside a plain script and the bare step, in turns.

    Args:
        cases: Lines of the table, separated by commas, such as small,evaluate,update; all by default.
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR or folder:DIR.
        device: auto, cpu, cuda, cuda:1, mps.
        rounds: Rounds of each side that count; one more warms up.
        epochs: Epochs of the whole update.
    """
    for name, number in (("rounds", rounds), ("epochs", epochs)):
        if number < 1:
            raise UsageError(f"--{name} is {number}; it has to be 1 or more.")
    with open_session(store, quiet=json) as session:
        chosen = _chosen(cases, data, benchmarks.resolved_device(device))
        record = {**benchmarks.described_machine(), "rounds": rounds, "cases": {}}
        for key, case in chosen.items():
            record["cases"][key] = _measured(session, key, case, rounds, epochs)
        record["file"] = str(benchmarks.save_record(session.store.root, record))
    print_record(record, json, report.bench_report)
    return 0


def _measured(session: jobs.Session, key: str, case: Case, rounds: int, epochs: int) -> dict[str, object]:
    if key == "compare":
        return run_compare_case(session, COMPARED, rounds)
    if key.startswith("update"):
        return benchmarks.run_update_case(session, case, UPDATE_METHODS, epochs)
    return benchmarks.run_case(session, case, rounds)


def _chosen(text: str, data: str, device: str) -> dict[str, Case]:
    """The named cases, or all. Raises ``UsageError`` for an unknown name."""
    known = {key: dataclasses.replace(case, data=data, device=device) for key, case in _cases(device).items()}
    keys = [key.strip() for key in text.split(",") if key.strip()] or list(known)
    unknown = next((key for key in keys if key not in known), None)
    if unknown is not None:
        raise UsageError(f"There is no case {unknown!r}; choose from {', '.join(known)}.")
    return {key: known[key] for key in keys}


def _cases(device: str) -> dict[str, Case]:
    """What is measured: sizes that a CPU can train, or those that a GPU is bought for."""
    resnet = Case(title="ResNet-18, 32×32, batch 128, MPT_KL", arch="resnet18", small_stem="off")
    if device.startswith("cuda"):
        large = dataclasses.replace(resnet, title="ResNet-18, 32×32, batch 1024, MPT_KL", batch=1024)
        return {
            "resnet18": resnet,
            "resnet18-fp32": dataclasses.replace(resnet, title=f"{resnet.title}, float32", precision="fp32"),
            "resnet18-compiled": dataclasses.replace(resnet, title=f"{resnet.title}, compiled", compile="on"),
            "resnet18-1024": large,
            "resnet18-1024-compiled": dataclasses.replace(large, title=f"{large.title}, compiled", compile="on"),
            **_evaluations(resnet, "ResNet-18"),
            "compare": _COMPARISON,
            "update": dataclasses.replace(resnet, title="whole update, four methods, ResNet-18"),
            "jpegs": dataclasses.replace(
                _FILES, title="JPEG files, 224×224, ResNet-18, batch 128, MPT_KL", arch="resnet18", jpegs=10_000
            ),
        }
    few = dataclasses.replace(resnet, limit_train=SOME, title="ResNet-18, ImageNet stem, 32×32, batch 128, MPT_KL")
    compiled: Literal["on", "off"] = "on" if benchmarks.can_compile() else "off"  # as "auto" decides for 100 epochs
    return {
        "small": Case(title="small network, 32×32, batch 128, MPT_KL", compile=compiled),
        "small-eager": Case(title="small network, 32×32, batch 128, MPT_KL, not compiled"),
        "resnet18": dataclasses.replace(few, compile=compiled),
        **_evaluations(Case(title=""), "small network"),
        "evaluate-resnet18": dataclasses.replace(few, title="evaluation, ResNet-18, 32×32", role="evaluate"),
        "compare": _COMPARISON,
        "update": Case(title="whole update, four methods, small network"),
        "jpegs": _FILES,
    }


_COMPARISON = Case(title="comparison")
_FILES = Case(
    title="JPEG files, 224×224, small network, batch 128, MPT_KL",
    image_size=224,
    jpegs=2_000,
    sides=benchmarks.SIDES_OF_FILES,
)


def _evaluations(case: Case, network: str) -> dict[str, Case]:
    """One version, and an ensemble of several on the same data."""
    one = dataclasses.replace(case, title=f"evaluation, {network}, 32×32", role="evaluate")
    several = dataclasses.replace(one, title=f"{one.title}, {VERSIONS} versions", versions=VERSIONS)
    return {"evaluate": one, "evaluate-ensemble": several}
