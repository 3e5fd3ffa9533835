"""The two ways a program can fail: the user's input, or us."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path


class UserError(Exception):
    """Something the user can put right. The message is one sentence: what is wrong, where, what to do."""

    exit_code = 1


class Damaged(UserError):  # noqa: N818 - what it is, as the sentence says
    """A file of ours is not what was written: cut short, changed, or gone."""


class UsageError(UserError):
    """The command line or a form was filled in wrongly."""

    exit_code = 2


class Interrupted(Exception):  # noqa: N818 - an outcome, not an error
    """The user interrupted a job (Ctrl+C, SIGTERM); what was done is kept and can be resumed."""

    exit_code = 130


class RankLost(Interrupted):
    """One of the processes that trained together has gone; what was saved can be resumed."""


def one_sentence(text: str, limit: int = 400) -> str:
    """Make foreign text fit to be shown: no control characters, no line breaks, at most ``limit`` characters."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def a_few(names: Sequence[object], most: int = 5, *, limit: int = 60, written: Callable[[str], str] = str) -> str:
    """The first of many foreign names for a sentence: "a, b and 3 more"."""
    text = ", ".join(written(one_sentence(str(name), limit)) for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most:,} more"


def quoted(names: Sequence[object], most: int = 5, *, limit: int = 60) -> str:
    """As ``a_few``: "'a', 'b' and 3 more"."""
    return a_few(names, most, limit=limit, written=repr)


def shown_name(path: Path) -> str:
    """A foreign file's or folder's own name, fit to be shown."""
    return one_sentence(path.name or str(path), 60)
