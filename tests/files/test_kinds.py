"""One list of kinds of files, which every reader keeps to."""

from __future__ import annotations

from pathlib import Path

from mpt_studio.files import kinds
from mpt_studio.files.kinds import Kind


def test_that_suffixes_are_compared_whatever_their_case() -> None:
    assert kinds.WEIGHTS.fits(Path("a/B.ONNX"))
    assert not kinds.WEIGHTS.fits(Path("a/b.csv"))


def test_that_every_suffix_is_written_as_it_is_compared() -> None:
    every = [kind for kind in vars(kinds).values() if isinstance(kind, Kind)]
    assert len(every) > 5
    for kind in every:
        assert len(set(kind.suffixes)) == len(kind.suffixes)
        assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in kind.suffixes)
