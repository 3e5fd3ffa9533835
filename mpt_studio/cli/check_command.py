"""``mpt-studio check``: is everything in the store what was written?"""

from __future__ import annotations

from mpt_studio import jobs
from mpt_studio.cli.session import JsonOption, StoreOption, open_session, print_record


def check(repair: bool = False, store: StoreOption = None, json: JsonOption = False) -> int:
    """Read everything in the store against its checksums; the exit code is 1 where something is damaged.

    Args:
        repair: Make again what can be made from what lies beside it, and say what is lost.
    """
    from mpt_studio.jobs import checking

    with open_session(store, quiet=json) as session:
        record = jobs.check_store(session, repair=repair)
    print_record(record, json, checking.to_text)
    return 1 if record["damaged"] else 0
