"""``mpt-studio cache``: what decoded images take of the disk, how much they may take, where; and to be rid of them."""

from __future__ import annotations

import time
from typing import Any

from mpt_studio.cli.session import JsonOption, print_record
from mpt_studio.report.text_table import TextTable


def cache(limit: str = "", folder: str = "", empty: bool = False, json: JsonOption = False) -> int:
    """Show the decoded images of each data set, and features of frozen networks: they are kept to be made once.

    Args:
        limit: From now on they may take so much: a share of the free disk, as 25%, a size, as 20GB, or 0 for nothing.
        folder: From now on they lie in this folder, or in the cache folder again (auto); those elsewhere are deleted.
        empty: Delete them; they are made again when they are needed.
    """
    from mpt_studio.data import room

    if limit:
        room.set_limit(limit)
    if folder:
        room.set_folder(folder)
    freed = room.empty() if empty else 0
    entries = [
        {"data": e.data, "form": e.folder.name, "bytes": e.bytes, "used": e.used, "folder": str(e.folder)}
        for e in room.entries()
    ]
    about = {"folder": str(room.home()), "limit": room.limit_text(), "limit_bytes": room.limit()}
    print_record({**about, "bytes": sum(e["bytes"] for e in entries), "freed": freed, "images": entries}, json, _text)
    return 0


def _text(record: dict[str, Any]) -> str:
    from mpt_studio.data.room import as_size, sentence

    table = TextTable("data", "kept as", "last used", "size", words=3)
    for entry in record["images"]:
        used = time.strftime("%Y-%m-%d", time.localtime(entry["used"]))
        table.add_row(entry["data"], entry["form"], used, as_size(entry["bytes"]))
    lines = [str(table)] if table.rows else []
    lines += [f"{as_size(record['freed'])} were freed."] if record["freed"] else []
    return "\n".join([*lines, sentence()])
