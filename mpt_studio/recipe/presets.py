"""Named starts for an update, from ``resources/presets``."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from mpt_studio import paths
from mpt_studio.errors import UsageError
from mpt_studio.recipe.fields import UpdateRecipe
from mpt_studio.recipe.record import from_json


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named start for an update, from ``resources/presets``."""

    key: str
    title: str
    description: str
    recipe: UpdateRecipe
    order: int = 100
    keeps_data: bool = False
    """Whether it says nothing of data and old model: those of whoever chooses it stay."""

    def applied_to(self, recipe: UpdateRecipe) -> UpdateRecipe:
        """Its recipe, for the data and the old model of another one where it says nothing of them."""
        if not self.keeps_data:
            return self.recipe
        kept = recipe.data, recipe.old, recipe.old_classes
        return dataclasses.replace(self.recipe, data=kept[0], old=kept[1], old_classes=kept[2])


def presets() -> list[Preset]:
    """The presets that come with the program, in their order."""
    files = paths.resource("presets").glob("*.json")
    return sorted((from_json(Preset, json.loads(f.read_text("utf-8"))) for f in files), key=lambda p: p.order)


def preset(key: str) -> Preset:
    """One preset by its key; ``UserError`` for an unknown one."""
    found = {p.key: p for p in presets()}
    if key not in found:
        raise UsageError(f"There is no preset {key!r}; choose from {', '.join(found)}.")
    return found[key]
