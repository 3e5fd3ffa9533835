"""Ctrl+C ends a command in order the first time and at once the second time."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from mpt_studio.cli.session import open_session


def test_that_a_signal_is_a_wish_and_the_second_one_an_order(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with open_session(tmp_path / "store", quiet=True) as session:
        assert not session.interrupted()
        signal.raise_signal(signal.SIGINT)
        assert session.interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before
