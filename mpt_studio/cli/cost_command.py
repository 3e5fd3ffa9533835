"""``mpt-studio cost``: size, operations, latency and calibration of two versions."""

from __future__ import annotations

from mpt_studio import jobs, report
from mpt_studio.cli.session import JsonOption, NewVersion, OldVersion, StoreOption, open_session, print_record


def cost(
    old: OldVersion,
    new: NewVersion,
    data: str = "",
    device: str = "auto",
    again: bool = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """What two versions cost, side by side: parameters, size, FLOPs, latency, throughput and calibration.

    Args:
        old: The old model: a run, weights of any origin, or predictions, which have only a calibration.
        new: The version meant to replace it.
        data: Data for the calibration; by default those that the predictions are of.
        device: auto, cpu, cuda, cuda:1, mps.
        again: Measure again what was measured on this device before.
    """
    with open_session(store, quiet=json) as session:
        record = jobs.cost(session, old, new, data, device=device, again=again)
    print_record(record, json, report.cost_report)
    return 0
