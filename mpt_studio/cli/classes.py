"""``classes``: two class lists side by side, as the class doctor sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpt_studio import jobs, report
from mpt_studio.cli.session import (
    FileOption,
    JsonOption,
    NewVersion,
    OldVersion,
    StoreOption,
    open_session,
    print_record,
)

if TYPE_CHECKING:
    from mpt_studio.compare import ClassMap


def classes(
    old: OldVersion,
    new: NewVersion,
    class_map: FileOption = None,
    old_classes: str = "",
    new_classes: str = "",
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Show which class of the old model is which of the update. Exits 1 where a mismatch blocks their comparison.

    Args:
        old: The old model: a run, a checkpoint or predictions.
        new: The version meant to replace it, or data (for an update that is to be trained).
        class_map: File with lines "old name -> new name" or "old,new"; nothing right of it drops the class. Kept.
        old_classes: Names of the old model's classes where it has numbers: a file, or names separated by commas.
        new_classes: The same for the new version.
    """
    mapped, lists = chosen_names(class_map, old_classes, new_classes)
    with open_session(store, quiet=json) as session:
        record: dict[str, Any] = jobs.diagnose_versions(session, old, new, class_map=mapped, **lists)
    print_record(record, json, report.classes_report)
    return 1 if record["blocked"] else 0


def chosen_names(
    class_map: Path | None, old_classes: str, new_classes: str
) -> tuple[ClassMap, dict[str, tuple[str, ...]]]:
    """The options on class names, read. Raises ``UserError``."""
    from mpt_studio.compare.matching.class_map import NO_MAP, ClassMap
    from mpt_studio.files.class_lists import class_list

    mapped = ClassMap.read(class_map.expanduser()) if class_map else NO_MAP
    return mapped, {"old_classes": class_list(old_classes), "new_classes": class_list(new_classes)}
