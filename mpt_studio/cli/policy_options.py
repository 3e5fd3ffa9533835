"""Options that ask something of an update: a policy file, and its short form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mpt_studio import compare, decide
from mpt_studio.cli.session import FileOption, NumberOption
from mpt_studio.errors import UsageError, UserError, one_sentence

if TYPE_CHECKING:
    from mpt_studio.decide import Decided, Policy

EXIT_CODES: dict[Decided, int] = {"ship": 0, "hold": 3, "review": 4, "too little evidence": 4}
"""Of ``compare`` and ``update`` with a policy."""


@dataclass(frozen=True, kw_only=True)
class PolicyOptions:
    """Without a policy file and without --confidence values alone are judged; intervals are only told."""

    policy: FileOption = None
    """Judge by this policy file (TOML, docs/decide.md); the options below replace its lines and add to its lists."""
    must_not_flip: FileOption = None
    """Criterion: none of the ids in this text or CSV file may be a negative flip."""
    max_nfr: NumberOption = None
    """Criterion: largest NFR (old classes), as a fraction."""
    max_class_nfr: NumberOption = None
    """Criterion: largest NFR of any one old class, as a fraction."""
    min_accuracy_gain: NumberOption = None
    """Criterion: smallest gain in accuracy (all), as a fraction; 0 allows no loss."""
    confidence: NumberOption = None
    """A criterion holds only where its interval of this confidence does (0.95); 0 judges by the values alone."""

    def chosen(self) -> Policy | None:
        """What is asked; None where nothing is. Raises ``UserError``."""
        asked = read_asking(self.policy) if self.policy else decide.BY_VALUE
        listed = (
            (decide.IdSet(self.must_not_flip.stem, compare.read_ids(self.must_not_flip)),) if self.must_not_flip else ()
        )
        names = ("max_nfr", "max_class_nfr", "min_accuracy_gain", "confidence")
        found = asked.replaced(*listed, **{name: getattr(self, name) for name in names})
        if not found.asks() and self.confidence is not None:
            raise UsageError(
                "--confidence says how sure a criterion has to be, and there is none; add --max-nfr or --policy."
            )
        return found if found.asks() else None


def read_asking(path: Path) -> Policy:
    """A policy file that asks for something. Raises ``UserError``."""
    policy = decide.read_policy(path)
    if not policy.asks():
        raise UserError(f"{one_sentence(str(path), 120)} asks for nothing; write a criterion, as in [nfr] max = 0.01.")
    return policy
