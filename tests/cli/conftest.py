"""What the tests of this room share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.__main__ import main

TINY = ["--epochs", "1", "--limit-train", "720", "--learning-rate", "0.05", "--precision", "fp32", "--device", "cpu"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(words)
    except SystemExit as left:  # the parser leaves this way
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "store"


@pytest.fixture(scope="module")
def updated(store: Path) -> dict[str, Any]:
    import contextlib
    import io

    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        code = main(["update", "--data", "builtin", "--methods", "none,mpt_kl", "--store", str(store), "--json", *TINY])
    assert code == 0
    return dict(json.loads(caught.getvalue()))
