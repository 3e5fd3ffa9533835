"""What runs, updates and searches have in common for a reader: a folder, and events that someone may be writing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mpt_studio.events import Event
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store.folder import EVENTS, is_locked, settled
from mpt_studio.store.record import RunFields, SearchFields, UpdateFields, check_fields, read_recipe, read_record
from mpt_studio.store.said import Said, read_said


@dataclass(frozen=True)
class StoreEntry:
    """One folder of the store, as its record told when it was read."""

    id: str
    folder: Path

    @property
    def events_path(self) -> Path:
        return self.folder / EVENTS

    @cached_property
    def said(self) -> Said:
        """What people said of it when it was read: its name, tags and note."""
        return read_said(self.folder)

    def events(self) -> Iterator[Event]:
        """What happened so far; an update's runs have their own."""
        from mpt_studio.store.follow import EventTail

        return EventTail(self.events_path).read()

    @property
    def is_active(self) -> bool:
        """Whether a process writes it now."""
        return is_locked(self.folder)


def read_values(
    kind: type[StoreEntry],
    path: Path,
    fields: type[RunFields | UpdateFields | SearchFields],
    recipe: type[Recipe | UpdateRecipe | SearchRecipe],
) -> dict[str, Any]:
    """What a record has for an entry of this kind, checked. Raises ``UserError`` for damaged or newer ones."""
    folder = path.parent
    values = settled(folder, lambda: read_record(path))
    check_fields(fields, path, values)
    known = {field.name for field in dataclasses.fields(kind)} & values.keys()
    own = {"id": folder.name, "folder": folder, "recipe": read_recipe(recipe, path, values["recipe"])}
    return {name: values[name] for name in known} | own
