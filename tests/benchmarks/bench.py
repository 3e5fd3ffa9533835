"""How fast this machine is: ``python tests/benchmarks/bench.py [--cases small,update] [--device cuda] [--json]``.

Training, evaluation, comparing and a whole update beside a plain script and the bare step, played in turns; see
docs/performance.md. ``--data`` takes what a recipe does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from bench_compare import run_compare_case  # noqa: E402
from bench_rounds import SIDES_OF_FILES, Case, run_case, say  # noqa: E402
from bench_table import told  # noqa: E402
from bench_update import run_update_case  # noqa: E402

from mpt_studio.engine.machine.device import choose, device_summary  # noqa: E402
from mpt_studio.errors import UsageError, UserError  # noqa: E402
from mpt_studio.store.machine import machine, versions  # noqa: E402

COMPARED = 1_000_000
"""Samples of the comparison."""
VERSIONS = 4
"""Of an ensemble that is evaluated on the same data."""
SOME = 2_845
"""Images for a network that takes a CPU long: twenty batches and the validation part."""
UPDATE_METHODS = ("none", "pct_kl", "mpt_kl", "mpt_lm")


def main(words: list[str]) -> int:
    given = _arguments(words)
    try:
        cases = chosen(given.cases, given.data, str(choose(given.device)))
        record = {**_described_machine(), "rounds": given.rounds, "cases": {}}
        for key, case in cases.items():
            record["cases"][key] = _measured(key, case, given)
    except UserError as error:
        say(str(error))
        return error.exit_code
    print(json.dumps(record, ensure_ascii=False) if given.json else told(record))
    return 0


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", default="", help="lines of the table, separated by commas; all by default")
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument("--rounds", type=_positive, default=5, help="of each side that count; one more warms up")
    parser.add_argument("--epochs", type=_positive, default=3, help="of the whole update")
    parser.add_argument("--json", action="store_true", help="print everything that was measured as JSON")
    return parser.parse_args(words)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} has to be 1 or more")
    return int(text)


def _measured(key: str, case: Case, given: argparse.Namespace) -> dict[str, Any]:
    if key == "compare":
        return run_compare_case(COMPARED, given.rounds)
    if key == "update":
        return run_update_case(case, UPDATE_METHODS, given.epochs)
    return run_case(case, given.rounds)


def _described_machine() -> dict[str, Any]:
    """Where a benchmark ran, with the load that other programs made."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"machine": machine(), "versions": versions(), "device": device_summary(), "load_before": load}


def chosen(text: str, data: str, device: str) -> dict[str, Case]:
    """The named cases, or all. Raises ``UsageError`` for an unknown name."""
    known = {key: replace(case, data=data, device=device) for key, case in _cases(device).items()}
    keys = [key.strip() for key in text.split(",") if key.strip()] or list(known)
    unknown = next((key for key in keys if key not in known), None)
    if unknown is not None:
        raise UsageError(f"There is no case {unknown!r}; choose from {', '.join(known)}.")
    return {key: known[key] for key in keys}


def _cases(device: str) -> dict[str, Case]:
    """What is measured: sizes that a CPU can train, or those that a GPU is bought for."""
    resnet = Case(title="ResNet-18, 32×32, batch 128, MPT_KL", arch="resnet18", small_stem="off")
    return _of_a_gpu(resnet) if device.startswith("cuda") else _of_a_cpu(resnet)


def _of_a_gpu(resnet: Case) -> dict[str, Case]:
    return {
        "resnet18": resnet,
        "resnet18-fp32": replace(resnet, title=f"{resnet.title}, float32", precision="fp32"),
        "resnet18-1024": replace(resnet, title="ResNet-18, 32×32, batch 1024, MPT_KL", batch=1024),
        **_evaluations(resnet, "ResNet-18"),
        "compare": _COMPARISON,
        "update": replace(resnet, title="whole update, four methods, ResNet-18"),
        "jpegs": replace(
            _FILES, title="JPEG files, 224×224, ResNet-18, batch 128, MPT_KL", arch="resnet18", jpegs=10_000
        ),
    }


def _of_a_cpu(resnet: Case) -> dict[str, Case]:
    few = replace(resnet, limit_train=SOME, title="ResNet-18, ImageNet stem, 32×32, batch 128, MPT_KL")
    return {
        "small": Case(title="small network, 32×32, batch 128, MPT_KL"),
        "resnet18": few,
        **_evaluations(Case(title=""), "small network"),
        "evaluate-resnet18": replace(few, title="evaluation, ResNet-18, 32×32", role="evaluate"),
        "compare": _COMPARISON,
        "update": Case(title="whole update, four methods, small network"),
        "jpegs": _FILES,
    }


_COMPARISON = Case(title="comparison")
_FILES = Case(
    title="JPEG files, 224×224, small network, batch 128, MPT_KL",
    image_size=224,
    jpegs=2_000,
    sides=SIDES_OF_FILES,
)


def _evaluations(case: Case, network: str) -> dict[str, Case]:
    """One version, and an ensemble of several on the same data."""
    one = replace(case, title=f"evaluation, {network}, 32×32", role="evaluate")
    several = replace(one, title=f"{one.title}, {VERSIONS} versions", versions=VERSIONS)
    return {"evaluate": one, "evaluate-ensemble": several}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
