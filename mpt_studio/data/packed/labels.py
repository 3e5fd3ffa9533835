"""What labels in shards and tables mean: names, or numbers in the list of classes that lies beside them."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

from mpt_studio.data.packed.holding import Holding, without
from mpt_studio.data.scan import composed
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.class_lists import read_class_list

LISTS = ("classes.txt", "classes.json")


@dataclass(frozen=True)
class ClassList:
    """Class names by number; without any, each label is a name."""

    names: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        moved = [name for i, name in enumerate(self.names) if re.fullmatch(r"[0-9]{1,9}", name) and int(name) != i]
        if moved:
            raise UserError(
                f"{self.source} has the name {quoted(moved, 1)} at another place than that number's, so a label could "
                "mean either; give the classes names that are no numbers."
            )

    def applied(self, holding: Holding) -> Holding:
        """With class names as its texts, without images whose label is none of them."""
        if not self.names:
            return holding
        found = [self._name(text) for text in holding.texts]
        unknown = {i: f"its label {one_sentence(text, 60)!r} is not in {self.source}"
                   for i, text in enumerate(holding.texts) if not found[i]}  # fmt: skip
        bad = {row: unknown[code] for row, code in enumerate(holding.labels.tolist()) if code in unknown}
        return dataclasses.replace(without(holding, bad), texts=tuple(found))

    def _name(self, text: str) -> str:
        if text in self.names:
            return text
        place = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else len(self.names)
        return self.names[place] if place < len(self.names) else ""


def class_list_in(folder: Path) -> ClassList:
    """The list beside shards or tables. Raises ``UserError`` for one that is none, and for two that differ."""
    lists = {name: read_class_list(folder / name) for name in LISTS if (folder / name).is_file()}
    if len(set(lists.values())) > 1:
        raise UserError(f"{' and '.join(lists)} in {one_sentence(str(folder))} disagree; leave one of them.")
    source = next(iter(lists), "")
    return ClassList(tuple(map(composed, lists.get(source, ()))), source)
