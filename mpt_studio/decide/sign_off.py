"""People who agreed: name, date and comment on a verdict, kept in the store beside what it is about.

A file for each pair of versions, replaced as a whole. A sign-off is of one verdict exactly; where the versions, the
policy, the offset, the samples or what came of them change, it is shown as one of an earlier verdict.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock

from mpt_studio import paths
from mpt_studio.compare import Comparison
from mpt_studio.decide.policy import Policy
from mpt_studio.decide.verdict import Decided, Verdict
from mpt_studio.errors import Damaged, UserError, one_sentence
from mpt_studio.files import plain
from mpt_studio.made_of import MisfitError, made_of
from mpt_studio.predictions import Predictions
from mpt_studio.store.disk import written_to

FOLDER, FORMAT = "sign_offs", 1
_MOST_BYTES = 16 << 20
_LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class SignOff:
    """One person's word."""

    __pydantic_config__ = {"strict": True}

    name: str
    date: str
    """ISO 8601 with the zone."""
    comment: str
    verdict: Decided
    """What was signed."""
    digest: str
    """Of the exact verdict."""

    def sentence(self, current: str) -> str:
        """For people; ``current`` is the digest of the verdict on show."""
        earlier = "" if self.digest == current else " (an earlier verdict: something has changed since)"
        comment = f": {one_sentence(self.comment)}" if self.comment else ""
        day = one_sentence(self.date, 40).partition("T")[0]
        return f"Signed off by {one_sentence(self.name, 80)} on {day}, {self.verdict}{earlier}{comment}"

    def to_json(self, current: str) -> dict[str, Any]:
        """Plain JSON values."""
        return {**vars(self), "is_current": self.digest == current}


@dataclass(frozen=True)
class _Kept:
    __pydantic_config__ = {"strict": True}

    format: int
    sign_offs: list[SignOff]


def digest_of(comparison: Comparison, policy: Policy, verdict: Verdict) -> str:
    """What tells this verdict from every other one."""
    record = {
        "old": _identity(comparison.old),
        "new": _identity(comparison.new),
        "samples": _texts(comparison.sample_ids.tolist()),
        "offset": comparison.gamma,
        "policy": dataclasses.asdict(policy),
        "findings": [(f.name, f.key, f.threshold, f.value, f.n, f.outcome) for f in verdict.findings],
        "decided": [verdict.decided, verdict.label_wrong],  # and no interval, whose last digits are the program's
    }
    return _texts([json.dumps(record, sort_keys=True)])


def sign(root: Path, comparison: Comparison, policy: Policy, verdict: Verdict, name: str, comment: str = "") -> SignOff:
    """Keep a sign-off of now in the store. Raises ``UserError`` without a name, and where it cannot be written."""
    if not name.strip():
        raise UserError("A sign-off needs a name; write who signs.")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    signed = SignOff(name.strip(), now, comment.strip(), verdict.decided, digest_of(comparison, policy, verdict))
    path = _file(root, comparison)
    with written_to(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        _add(path, signed)
    return signed


def _add(path: Path, signed: SignOff) -> None:
    try:
        with filelock.FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
            record = _Kept(FORMAT, [*read_file(path), signed])
            paths.write_text(path, json.dumps(dataclasses.asdict(record), ensure_ascii=False, indent=1))
    except filelock.Timeout:
        raise UserError(f"Another process is writing {path}; sign again when it is done.") from None


def sign_offs(root: Path, comparison: Comparison) -> list[SignOff]:
    """Everything that was signed of two versions, the oldest first. Raises ``UserError``."""
    if not (root / FOLDER).is_dir():  # the usual case: two versions need not be identified
        return []
    return read_file(_file(root, comparison))


def files(root: Path) -> list[Path]:
    """What a store keeps: a file for each pair of versions."""
    return sorted((root / FOLDER).glob("*.json"))


def read_file(path: Path) -> list[SignOff]:
    try:
        record: dict[str, Any] = json.loads(plain.read(path, _MOST_BYTES))
        if isinstance(record, dict) and record.get("format", 0) > FORMAT:
            raise UserError(f"{path} was written by a newer MPT Studio; update the program to read it.")
        return made_of(_Kept, record).sign_offs
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError, MisfitError) as error:
        raise Damaged(f"{path} is damaged ({one_sentence(str(error), 120)}); move it away to sign again.") from None


def _file(root: Path, comparison: Comparison) -> Path:
    pair = _texts([_identity(comparison.old), _identity(comparison.new)])
    return root / FOLDER / f"{pair[:32]}.json"


def _identity(version: Predictions) -> str:
    """The SHA-256 of a version's file; of one that is known by its answers, of those."""
    if version.checkpoint_sha256:
        return version.checkpoint_sha256
    answers = [version.class_names[answer] for answer in version.predicted.tolist()]
    return _texts([f"{name}\0{answer}" for name, answer in zip(version.sample_ids.tolist(), answers, strict=True)])


def _texts(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
