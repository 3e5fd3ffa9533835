"""Which of the open candidates to ship: the lowest NFR (old classes) close enough to plain training's accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpt_studio import compare
from mpt_studio.errors import UserError

if TYPE_CHECKING:
    from mpt_studio.gui.workspace import Workspace

Contenders = dict[str, compare.Comparison]


class Recommending:
    """The choice among a workspace's candidates as trained, computed when first asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: compare.Recommendation | None = None
        self.tolerance = 0.02
        """How far below plain training's accuracy (all) a candidate may be, as a fraction."""

    def forget(self) -> None:
        """Something it depends on has changed."""
        self._found = None

    @property
    def found(self) -> compare.Recommendation | None:
        """None where plain training or all others are not among the versions."""
        if self._found is None and (contenders := self.contenders()) is not None:
            try:
                self._found = compare.recommend(*contenders, self.tolerance)
            except UserError as error:
                self._workspace.message.emit("warning", str(error), "")
        return self._found

    def contenders(self) -> tuple[compare.Comparison, Contenders] | None:
        """Plain training's comparison and those to choose among, itself too; None where there is nothing to choose."""
        candidates = self._workspace.candidates
        plain = next((v for v in candidates if v.role == "reference"), None)
        wanted = [v for v in candidates if v.role != "noise_floor"]
        made = {v.key: c for v in wanted if (c := self._workspace.comparison(v.key)) is not None}
        return (made[plain.key], made) if plain is not None and plain.key in made and len(made) > 1 else None
